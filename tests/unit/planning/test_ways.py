"""Who dubs a language, what it is sent, who trims and separates: decided, or refused, before anything runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyreel.dubbing import providers
from polyreel.dubbing.providers import PROVIDERS, require_provider
from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.planning.prepare import prepare
from polyreel.planning.ways import note_useless_fallbacks, ways_of
from polyreel.plans import Parting, Way
from polyreel.store.local import LocalStore

PANJAYA = {"provider": "panjaya", "credentials": "studio"}
DUBFORMER = {"provider": "dubformer", "credentials": "account"}
STAGING = {"to": "nomad", "credentials": "library"}
SCRIPT = Path(__file__).parents[2] / "data" / "narrated" / "narrated.es-ES.srt"
WEB, LOCAL = "https://example.com/reel.mp4", "/srv/reel.mp4"


def job(media: str = LOCAL, target: Any = "es-ES", locale: str = "en-US", **more: Any) -> Job:
    source = {"media": media, "locale": locale, **more.pop("source", {})}
    return Job.model_validate({"name": "reel", "source": source, "targets": [target], **more})


def way(asked: Job) -> Way:
    return ways_of(asked, asked.targets[0], {"panjaya/studio": "p#1", "dubformer/account": "d#2"})[0]


@pytest.mark.parametrize(
    ("dubbing", "target", "code"),
    [(PANJAYA, "he-IL", "unsupported_locale"), (DUBFORMER, "fr-FR", "needs_staging")],
)
async def test_a_language_that_nobody_can_dub_is_not_said_to_lack_a_script(
    narrated: Path, tmp_path: Path, dubbing: dict[str, Any], target: str, code: str
) -> None:
    """Who dubs writes scripts: what the user is to mend is the language, or the way."""
    asked = job(str(narrated / "narrated.mp4"), target, dubbing=dubbing)
    with pytest.raises(InvalidJob) as raised:
        await prepare(asked, LocalStore(tmp_path))
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("asked", "media", "trims"),
    [
        (job(WEB, dubbing=PANJAYA), "url", False),
        (job(WEB, dubbing=PANJAYA, trim={"end": 9}), "url", True),
        (job(LOCAL, dubbing=PANJAYA, trim={"end": 9}), "upload", False),
        (job(WEB, dubbing=PANJAYA, source={"background": "/srv/music.wav"}), "upload", False),
        (job(WEB, dubbing=PANJAYA, source={"background": "https://example.com/music.wav"}), "url", False),
        (job(WEB, dubbing=DUBFORMER), "url", False),
        (job(WEB, dubbing=DUBFORMER, trim={"end": 9}, staging=STAGING), "staged", False),
        (job(LOCAL, dubbing=DUBFORMER, staging=STAGING), "staged", False),
        (job(LOCAL, {"locale": "es-ES", "subtitles": "/srv/es.srt"}), "store", False),
    ],
)
def test_what_a_provider_is_sent_and_who_trims(asked: Job, media: str, trims: bool) -> None:
    """A public address goes as it is to who can cut it; anything else is cut here, and uploaded or staged."""
    found = way(asked)
    assert found.problem is None
    assert (found.media, found.trims) == (media, trims)
    assert found.separates == (media != "store")


@pytest.mark.parametrize(
    ("asked", "code", "remedy"),
    [
        (job(LOCAL, dubbing=DUBFORMER), "needs_staging", "Add `staging"),
        (job(WEB, dubbing=DUBFORMER, trim={"end": 9}), "needs_staging", "Add `staging"),
        (job(WEB, "he-IL", dubbing=PANJAYA), "unsupported_locale", "another provider"),
        (job(WEB, "fr", dubbing=DUBFORMER), "unsupported_locale", "region"),
        (job(WEB, {"locale": "es-ES", "voice": "ana"}, dubbing=PANJAYA), "no_voice", "voice"),
        (job(WEB, "es-ES"), "missing_script", "script"),
    ],
)
def test_what_can_not_be_dubbed_says_what_to_do(asked: Job, code: str, remedy: str) -> None:
    """One line, before any money."""
    problem = way(asked).problem
    assert problem is not None
    assert problem.code == code
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("dubbing", "code"),
    [
        ({"provider": "panjaya"}, "missing_credentials"),
        ({"provider": "dubformer"}, "missing_credentials"),
        ({**PANJAYA, "mix": "voiceover"}, "unsupported_mix"),
    ],
)
def test_what_no_language_could_be_dubbed_with_is_refused_at_once(dubbing: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        require_provider(job(WEB, dubbing=dubbing).dubbing)
    assert refused.value.code == code
    assert refused.value.remedy


async def test_the_fallback_dubs_what_the_first_can_not_and_the_plan_says_why(polyreel_home: Path) -> None:
    """Panjaya has no Hebrew to dub into; Dubformer is asked."""
    plan = await prepare(job(WEB, "he-IL", dubbing=PANJAYA, fallback=[DUBFORMER]), LocalStore())
    language = plan.languages[0]
    assert language.dubbing.provider == "dubformer"
    assert "does not take he-IL" in language.notes[0]


async def test_a_fallback_that_could_not_step_in_is_told_beforehand(polyreel_home: Path, narrated: Path) -> None:
    """By what it lacks, once for all languages; a provider that is passed over is none that could step in."""
    asked = job(str(narrated / "narrated.mp4"), dubbing=PANJAYA, fallback=[DUBFORMER, {"provider": "embedded"}])
    asked = asked.model_copy(
        update={"targets": (*asked.targets, asked.targets[0].model_copy(update={"locale": "fr-FR"}))}
    )
    staging, here, french = note_useless_fallbacks(await prepare(asked, LocalStore()))
    assert staging.startswith("The fallback Dubformer can't dub es-ES, fr-FR: staging: Dubformer fetches by URL")
    assert "Add `staging:" in staging
    assert here.startswith("The fallback this machine can't dub es-ES: es-ES: no script for es-ES")
    assert french.startswith("The fallback this machine can't dub fr-FR")
    passed = job(WEB, "he-IL", dubbing=PANJAYA, fallback=[DUBFORMER])
    assert note_useless_fallbacks(await prepare(passed, LocalStore())) == ()


async def test_a_fallback_that_asks_for_a_background_that_nobody_gave_is_told(polyreel_home: Path) -> None:
    """It alone is out: the job is dubbed by its first provider."""
    here = {"provider": "embedded", "separation": "given"}
    target = {"locale": "es-ES", "subtitles": str(SCRIPT)}
    plan = await prepare(job(WEB, target, dubbing=PANJAYA, fallback=[here]), LocalStore())
    (note,) = note_useless_fallbacks(plan)
    assert "this machine can't dub es-ES: source.background: separation is `given`, and no background is" in note
    assert plan.languages[0].dubbing.provider == "panjaya"


async def test_what_a_vendor_dubs_keeps_its_keys_whatever_a_fallback_parts(polyreel_home: Path) -> None:
    """What was bought and collected stays done when weights for a fallback's separation come, or go."""
    target = {"locale": "es-ES", "subtitles": str(SCRIPT)}
    plan = await prepare(job(WEB, target, dubbing=PANJAYA, fallback=[{"provider": "embedded"}]), LocalStore())
    source = LocalStore().keep_bytes(b"film", ".mp4")
    learned = plan.model_copy(update={"parting": Parting(kind="learned", model="w")})
    one, other = (each.with_source(source) for each in (plan, learned))
    assert one.languages[0].stage_keys == other.languages[0].stage_keys
    here = [each.with_choice("es-ES", 1, "").languages[0].stage_keys["collect"] for each in (one, other)]
    assert here[0] != here[1]


async def test_where_nobody_can_each_one_s_reason_is_said(polyreel_home: Path) -> None:
    """The first's, and behind it what the fallback lacks: with staging it could."""
    asked = job(WEB, "he-IL", dubbing=PANJAYA, fallback=[DUBFORMER], trim={"end": 9})
    with pytest.raises(InvalidJob, match="does not take he-IL") as refused:
        await prepare(asked, LocalStore())
    assert "Nor can the fallback: staging: Dubformer fetches by URL" in refused.value.remedy


async def test_a_vendor_needs_no_script_and_no_separation_here(polyreel_home: Path) -> None:
    plan = await prepare(job(WEB, dubbing=PANJAYA), LocalStore())
    assert not plan.languages[0].needs_draft
    assert not plan.separates_here


async def test_the_accounts_name_is_part_of_every_key(polyreel_home: Path) -> None:
    """What another account has bought is not ours."""
    asked, store = job(WEB, dubbing=PANJAYA), LocalStore()
    source = store.keep_bytes(b"film", ".mp4")
    one, other = [
        (await prepare(asked, store, accounts={"panjaya/studio": name})).with_source(source).languages[0].stage_keys
        for name in ("p#1", "p#2")
    ]
    assert one["submit"] != other["submit"]


async def test_a_voice_over_beside_a_dub_is_bought_from_nobody(narrated: Path, tmp_path: Path) -> None:
    """A vendor would have to be paid for it as for another dub."""
    asked = job(str(narrated / "narrated.mp4"), dubbing=PANJAYA, packaging=[{"kind": "hls", "voiceover": True}])
    with pytest.raises(InvalidJob) as raised:
        await prepare(asked, LocalStore(tmp_path), accounts={"panjaya/studio": "p#1"})
    assert raised.value.code == "voiceover_is_made_here"
    assert "es-ES is dubbed by Panjaya" in raised.value.message


def test_a_script_is_not_read_for_a_provider_that_would_not_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be checked and delivered beside a dub of other words."""
    deaf = replace(PROVIDERS["panjaya"], title="Mute", takes_scripts=False, changes_picture=lambda _: False)
    monkeypatch.setattr(providers, "row_of_plugin", lambda *_names: deaf)
    scripted = job(WEB, {"locale": "es-ES", "subtitles": "es.srt"}, dubbing={"provider": "plugin", "name": "mute"})
    problem = way(scripted).problem
    assert problem is not None
    assert (problem.code, problem.message) == ("script_not_taken", "es-ES: Mute takes no script, and es-ES has one")
    assert way(job(WEB, dubbing={"provider": "plugin", "name": "mute"})).problem is None
