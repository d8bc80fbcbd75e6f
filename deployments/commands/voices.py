"""`polyreel voices`: who can speak what, and how each one sounds."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from polyreel.errors.wording import spell_count

# One plain sentence per language that has neural voices, and German; elsewhere the voice counts.
_SAMPLES = {
    "en": "Good morning. This is how I sound when I speak for your film.",
    "es": "Buenos días. Así sueno cuando hablo en su película.",
    "fr": "Bonjour. Voici comment je parle dans votre film.",
    "hi": "नमस्ते। आपकी फ़िल्म में मेरी आवाज़ ऐसी होगी।",
    "it": "Buongiorno. Ecco come parlo nel vostro film.",
    "ja": "おはようございます。あなたの映画では、このように話します。",
    "pt": "Bom dia. É assim que eu falo no seu filme.",
    "zh": "早上好。在您的影片里，我就是这样说话的。",
    "de": "Guten Morgen. So klinge ich in Ihrem Film.",
}
# Every voice reads figures in its own language.
_COUNTING = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."


class _VoicesOrSay(click.Group):
    """`polyreel voices [LOCALE]` lists; `polyreel voices say TEXT` says. What is no command is a LOCALE."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # `polyreel voices es-MX` was there before the group was.
        if not args or args[0] not in {*self.commands, "--help", "-h"}:
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_VoicesOrSay)
def voices() -> None:
    """The voices of this machine: `polyreel voices [LOCALE]` lists them, `polyreel voices say TEXT` is one of them."""


@voices.command("list")
@click.argument("locale", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
@click.option("--hear", metavar="NAME", help="Write a sample of this voice (with --out).")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The .wav file for --hear; missing folders are made."
)
@click.option("--text", help="What the sample says.")
def list_voices(locale: str | None, as_json: bool, hear: str | None, out: Path | None, text: str | None) -> None:
    """The voices for LOCALE (a BCP-47 tag such as es-MX), best first; without LOCALE, all neural ones and your own."""
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        if hear:
            _hear_voice(hear, locale, out, text, as_json)
        else:
            _list_voices(locale, as_json)


@voices.command()
@click.argument("text")
@click.option("--locale", required=True, help="The language that TEXT is said in, as a BCP-47 tag.")
@click.option("--voice", default="", metavar="NAME", help="Whose voice (see `polyreel voices LOCALE`).")
@click.option("--pronunciations", type=click.Path(path_type=Path, dir_okay=False), help="As a job's field: TSV or PLS.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("said.wav"),
    show_default=True,
    help="The .wav file; missing folders are made.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
def say(text: str, locale: str, voice: str, pronunciations: Path | None, out: Path, as_json: bool) -> None:
    """Say TEXT as a job would, into a .wav file, to hear names and terms before a whole script is spoken."""
    from deployments.commands.errors import report_errors

    with report_errors(as_json):
        from polyreel.dubbing import roster
        from polyreel.engine.voice.pronunciations import read_pronunciations
        from polyreel.locales import canonical

        tag = canonical(locale)
        known = read_pronunciations(pronunciations) if pronunciations else ()
        said = roster.say(text, tag, out, name=voice, pronunciations=known)
        facts = {"file": str(out), "voice": said.voice, "locale": tag, "seconds": round(said.seconds, 2)}
        if as_json:
            click.echo(json.dumps({**facts, "said": said.words, "notes": list(said.notes)}, ensure_ascii=False))
            return
        click.echo(f"{out}: {said.voice} in {tag}, {said.seconds:.1f} s: {said.words}")
        for note in said.notes:
            click.echo(f"  note: {note}")


@voices.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "only_list", is_flag=True, help="Show the official list instead; NAMEs are languages: de vi.")
@click.option("--accept-licence", is_flag=True, help="You have read a licence that has terms, and accept them.")
def add(names: tuple[str, ...], only_list: bool, accept_licence: bool) -> None:
    """Add Piper voices by NAME, such as de_DE-thorsten-high, from their official list: fetched, checked, then listed.

    `supertonic-3` and `pocket-tts-en` are fetched as `polyreel models pull` does it. A FOLDER that holds Supertonic 3
    or a Pocket TTS bundle is copied; the hash of each file is kept, and what has changed since is not run. Supertonic's
    licence has terms, which you have to accept.

    Each voice has a licence of its own, which is said before it is fetched, and by `polyreel voices` after that.
    """
    from deployments.commands.errors import report_errors

    if not names and not only_list:
        raise click.UsageError("name a voice, or give --list")
    with report_errors(as_json=False):
        folders = () if only_list else tuple(Path(name) for name in names if _is_path(name))
        for folder in folders:
            _add_folder(folder, accept_licence)
        # Folders first, as they need no network: what can be had is had.
        rest = tuple(name for name in names if Path(name) not in folders)
        if not only_list:
            rest = _pull_registered(rest, accept_licence)
        if rest or only_list:
            asyncio.run(_show_official(rest) if only_list else _add_voices(rest))


def _pull_registered(names: tuple[str, ...], accepted: bool) -> tuple[str, ...]:
    """Pull the voices that are models of the registry; returns the names that are not."""
    from deployments.commands.models import show_pull
    from polyreel.engine.models.registry import POCKET_EN, POCKET_EN_VOICES, SUPERTONIC, require_accepted
    from polyreel.engine.models.shelf import list_absent

    known = {SUPERTONIC.name: (SUPERTONIC,), POCKET_EN.name: (POCKET_EN, POCKET_EN_VOICES)}
    wanted = tuple(model for name in names for model in known.get(name, ()))
    require_accepted(list_absent(*wanted), accepted)
    if wanted:
        show_pull(wanted)
    return tuple(name for name in names if name not in known)


def _add_pocket(folder: Path) -> None:
    from polyreel.engine.voice.pocket import files

    done = files.add_folder(folder)
    click.echo(
        f"pocket: {spell_count(len(done.files), 'file')} added from {folder} for '{done.language}', "
        f"{spell_count(len(done.speakers), 'speaker')}; licence: {files.LICENCE}"
    )
    for part, held in done.files.items():
        click.echo(f"  {part}: SHA-256 {held.sha256}")


def _is_path(name: str) -> bool:
    """No voice's name has a slash: the official list is not asked for what is meant as a folder."""
    return Path(name).is_dir() or "/" in name


def _add_folder(folder: Path, accepted: bool) -> None:
    from polyreel.engine.models.registry import SUPERTONIC, require_accepted
    from polyreel.engine.voice.pocket.files import looks_like_one
    from polyreel.engine.voice.supertonic.folder import add_folder
    from polyreel.errors import InvalidJob

    if not folder.is_dir():
        raise InvalidJob(f"'{folder}' is not a folder.", where=str(folder), remedy="Name a voice, or a folder of one.")
    if looks_like_one(folder):
        return _add_pocket(folder)
    if not (folder / "onnx").is_dir():  # nobody accepts terms for what is not there
        raise InvalidJob(
            f"'{folder}' holds neither Supertonic 3 (onnx/, voice_styles/) nor a Pocket TTS bundle (bundle.json).",
            where=str(folder),
            remedy="Name the folder that holds them; Piper's files go into POLYREEL_HOME/voices as they are.",
        )
    require_accepted((SUPERTONIC,), accepted)
    done = add_folder(folder)
    click.echo(
        f"supertonic: {spell_count(len(done.files), 'file')} added from {folder}; licence: {done.licence}, accepted"
    )
    for path, digest in done.files.items():
        click.echo(f"  {path}: SHA-256 {digest}{'  (not the published one)' if path in done.others else ''}")
    return None


async def _show_official(languages: tuple[str, ...]) -> None:
    from polyreel.engine.voice.piper_list import fetch_list
    from polyreel.locales import language

    wanted = {language(each.replace("_", "-")).lower() for each in languages}
    for voice in (await fetch_list()).values():
        if not wanted or language(voice.locale) in wanted:
            speakers = f"{voice.speakers} speakers" if voice.speakers > 1 else ""
            click.echo(f"{voice.locale:<8} {voice.name:<36} {voice.bytes / 1e6:>4.0f} MB  {speakers}".rstrip())


async def _add_voices(names: tuple[str, ...]) -> None:
    from polyreel.engine.voice.piper_list import add_voice, fetch_licence, fetch_list, find_voice

    known = await fetch_list()
    wanted = [find_voice(known, name) for name in names]  # a wrong name is refused before anything is fetched
    for voice in wanted:
        licence = await fetch_licence(voice)
        click.echo(f"{voice.name}: {voice.bytes / 1e6:.0f} MB to fetch; licence: {licence}", err=True)
        with click.progressbar(length=voice.bytes, file=sys.stderr, label=voice.name) as bar:
            done = await add_voice(voice, licence, partial(_advance_bar, bar))
        click.echo(f"{voice.name}: added for {voice.locale}, checked (MD5 {done.md5}, SHA-256 {done.sha256[:16]}...)")


def _advance_bar(bar: Any, have: int, _total: int) -> None:
    # click's bar takes steps; after a retry fewer bytes may be there than were shown.
    bar.update(max(0, have - bar.pos))


@voices.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    """Remove Piper voices, `supertonic` or `pocket` from this machine."""
    from deployments.commands.errors import report_errors
    from polyreel.engine.voice.piper_list import remove_voice
    from polyreel.engine.voice.pocket import files as pocket
    from polyreel.engine.voice.supertonic import folder as supertonic

    whole = {supertonic.NAME: supertonic.remove_folder, pocket.NAME: pocket.remove_all}
    with report_errors(as_json=False):
        for name in names:
            # These two are folders of many files; a Piper voice is files of one name.
            freed = whole[name]() if name in whole else remove_voice(name)
            click.echo(f"{name}: {f'removed, {freed / 1e6:.0f} MB freed' if freed else 'was not here'}")


def _own_locales(known: tuple[str, ...]) -> tuple[str, ...]:
    """The locales of the user's own voices whose language is not listed anyway."""
    from polyreel.engine.voice.piper import PiperVoice
    from polyreel.locales import language

    return tuple(each for each in PiperVoice().locales() if language(each) not in known)


def _list_voices(locale: str | None, as_json: bool) -> None:
    from polyreel.dubbing.roster import roster
    from polyreel.engine.voice.kokoro.cast import LANGUAGES
    from polyreel.locales import canonical

    tags = (canonical(locale),) if locale else (*LANGUAGES, *_own_locales(LANGUAGES))
    found = [each for tag in tags for each in roster(tag)]
    if as_json:
        click.echo(json.dumps([_describe_entry(each) for each in found], indent=2, ensure_ascii=False))
        return
    for each in found:
        where = "" if each.ready else "  needs: " + each.needs
        errors = f"{each.measured.measure} {each.measured.errors:.2f}" if each.measured else ""
        graded = f"{each.grade:<14} {errors:<8}"
        licence = f"  licence: {each.licence}" if each.licence else ""
        click.echo(f"{each.locale:<8} {each.name:<22} {each.gender:<8} {graded} {each.engine}{where}{licence}")
    for tag, why in dict.fromkeys((each.locale, each.why_not_measured) for each in found if each.why_not_measured):
        click.echo(f"{tag}: not measured: {why}.")
    if not locale:
        click.echo("Every other language: espeak-ng; `polyreel voices LOCALE` lists its voices.")


def _describe_entry(entry: Any) -> dict[str, Any]:
    return {
        "name": entry.name,
        "locale": entry.locale,
        "gender": entry.gender,
        "engine": entry.engine,
        "ready": entry.ready,
        "needs": entry.needs,
        "licence": entry.licence,
        "grade": entry.grade,
        "why_not_measured": entry.why_not_measured,
        "measured": asdict(entry.measured) if entry.measured else None,
    }


def _hear_voice(name: str, locale: str | None, out: Path | None, text: str | None, as_json: bool) -> None:
    from polyreel.dubbing.roster import say as write_sample
    from polyreel.locales import canonical

    if out is None:
        raise click.UsageError("--hear needs --out FILE.wav")
    tag = canonical(locale) if locale else _own_locale(name)
    words = text or _SAMPLES.get(tag.partition("-")[0], _COUNTING)
    seconds = write_sample(words, tag, out, name=name).seconds
    if as_json:
        click.echo(json.dumps({"file": str(out), "voice": name, "locale": tag, "seconds": round(seconds, 2)}))
    else:
        click.echo(f"{out}: {name} in {tag}, {seconds:.1f} s")


def _own_locale(name: str) -> str:
    from polyreel.engine.voice.kokoro.cast import own_locale

    found = own_locale(name.rpartition(":")[2])
    if found is None:
        raise click.UsageError(
            f"say in which LOCALE '{name}' should be heard: polyreel voices LOCALE --hear {name} ..."
        )
    return found
