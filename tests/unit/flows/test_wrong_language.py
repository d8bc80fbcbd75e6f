"""A source that speaks another language than its job says: nobody is paid for dubbing it."""

from __future__ import annotations

from typing import Any

import pytest

from flows import localise
from polyreel.errors import MediaError
from polyreel.job import Job
from polyreel.outcome import Check, Reel, StoredFile
from polyreel.plans import LanguagePlan, Plan, Way
from tasks import identify as identifying
from tasks.identify import identify_or_explain
from tasks.run.values import SpokenLanguage

FILE = StoredFile(uri="file:///nothing", sha256="0" * 64, bytes=0)
REEL = Reel(file=FILE, start="0", duration="10")
GERMAN = SpokenLanguage(
    check=Check(name="source_language", status="fail", detail="the source is heard as 'de' (97% sure), not en-US")
)
ENGLISH = SpokenLanguage(check=Check(name="source_language", status="pass"))
VENDORS = ["panjaya", "dubformer"]


class Bought(Exception):
    """Somebody was asked to dub."""


def planned(provider: str, *, script: StoredFile | None = None, **more: Any) -> Plan:
    job = Job.model_validate(
        {
            "name": "reel",
            "source": {"media": "reel.mp4", "locale": "en-US"},
            "targets": ["es-ES"],
            "dubbing": {"provider": provider, "credentials": "studio"},
            **more,
        }
    )
    way = Way(identity="v#1", works_here=False, writes_script=True)
    language = LanguagePlan(job=job, locale="es-ES", ways=(way,), script=script)
    return Plan(job=job, languages=(language,), listener="whisper-base").with_source(FILE)


@pytest.fixture(autouse=True)
def _vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    async def same(language: LanguagePlan, *_: object) -> LanguagePlan:
        return language

    async def submit(*_: object) -> None:
        raise Bought

    async def request(*_: object) -> None:
        """What is ordered does not matter here."""

    monkeypatch.setattr(localise, "with_script", same)
    monkeypatch.setattr(localise, "with_reviewed_script", same)
    monkeypatch.setattr(localise, "request_dub", request)
    monkeypatch.setattr(localise, "submit_dub", submit)


async def _never() -> Any:
    raise AssertionError("neither sound nor shots are needed")


async def dub(plan: Plan, heard: SpokenLanguage) -> None:
    async def spoken() -> SpokenLanguage:
        return heard

    await localise.dub_language(plan.languages[0], REEL, _never, spoken, _never)


@pytest.mark.parametrize("provider", VENDORS)
async def test_the_chain_of_a_vendors_language_ends_before_its_order(provider: str) -> None:
    with pytest.raises(MediaError, match="nothing was bought") as refused:
        await dub(planned(provider), GERMAN)
    assert refused.value.code == "wrong_language"
    with pytest.raises(Bought):
        await dub(planned(provider), ENGLISH)


@pytest.mark.parametrize("provider", VENDORS)
@pytest.mark.parametrize(
    "more",
    [{}, {"scripts": ["srt"]}, {"subtitles": {"bilingual": True}}, {"script": FILE, "scripts": ["srt"]}],
    ids=["plain", "its script too", "both languages", "with a script"],
)
async def test_it_is_listened_to_whatever_else_is_heard(
    provider: str, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the script was written down besides, and failed over the language, the vendor was paid all the same."""

    async def hear(*_: object) -> SpokenLanguage:
        return GERMAN

    monkeypatch.setattr(identifying, "identify", hear)
    monkeypatch.setattr(identifying.usual_listener(), "knows", lambda _: True, raising=False)
    plan = planned(provider, **more)
    heard = await identify_or_explain(plan, REEL)
    assert heard is GERMAN
    with pytest.raises(MediaError, match="nothing was bought"):
        await dub(plan, heard)


async def test_a_source_of_which_all_is_drafted_is_judged_by_its_script() -> None:
    """Its failure leaves no language that could begin."""
    translation = {"provider": "libretranslate", "base_url": "http://127.0.0.1:1"}
    plan = planned("panjaya", translation=translation)
    assert plan.needs_transcript
    assert await identify_or_explain(plan, REEL) == SpokenLanguage()
