"""`polyreel voices`: who can speak what, and how each one sounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

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


@click.command()
@click.argument("locale", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
@click.option("--hear", metavar="NAME", help="Write a sample of this voice (with --out).")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The .wav file for --hear.")
@click.option("--text", help="What the sample says.")
def voices(locale: str | None, as_json: bool, hear: str | None, out: Path | None, text: str | None) -> None:
    """The voices for LOCALE (a BCP-47 tag such as es-MX), best first; without LOCALE, all neural ones."""
    from deployments.shown_errors import shown

    with shown(as_json):
        if hear:
            _hear(hear, locale, out, text, as_json)
        else:
            _list(locale, as_json)


def _list(locale: str | None, as_json: bool) -> None:
    from polyreel.dubbing.roster import roster
    from polyreel.engine.kokoro_cast import LANGUAGES
    from polyreel.locales import canonical

    found = [each for tag in ((canonical(locale),) if locale else LANGUAGES) for each in roster(tag)]
    if as_json:
        click.echo(json.dumps([_described(each) for each in found], indent=2, ensure_ascii=False))
        return
    for each in found:
        where = "" if each.ready else "  needs: " + each.needs
        click.echo(f"{each.locale:<8} {each.name:<22} {each.gender:<8} {each.engine}{where}")
    if not locale:
        click.echo("Every other language: espeak-ng; `polyreel voices LOCALE` lists its voices.")


def _described(entry: Any) -> dict[str, Any]:
    return {
        "name": entry.name,
        "locale": entry.locale,
        "gender": entry.gender,
        "engine": entry.engine,
        "ready": entry.ready,
        "needs": entry.needs,
    }


def _hear(name: str, locale: str | None, out: Path | None, text: str | None, as_json: bool) -> None:
    from polyreel.dubbing.roster import hear as write_sample
    from polyreel.locales import canonical

    if out is None:
        raise click.UsageError("--hear needs --out FILE.wav")
    tag = canonical(locale) if locale else _own_locale(name)
    words = text or _SAMPLES.get(tag.partition("-")[0], _COUNTING)
    seconds = write_sample(name, tag, words, out)
    if as_json:
        click.echo(json.dumps({"file": str(out), "voice": name, "locale": tag, "seconds": round(seconds, 2)}))
    else:
        click.echo(f"{out}: {name} in {tag}, {seconds:.1f} s")


def _own_locale(name: str) -> str:
    from polyreel.engine.kokoro_cast import own_locale

    found = own_locale(name.rpartition(":")[2])
    if found is None:
        raise click.UsageError(
            f"say in which LOCALE '{name}' should be heard: polyreel voices LOCALE --hear {name} ..."
        )
    return found
