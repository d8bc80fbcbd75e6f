"""A job that does not know what its source speaks: it is listened for first, and all that follows is as if it had."""

from __future__ import annotations

from typing import Any

import pytest

from flows import localise
from polyreel.engine.transcribe.words import Heard
from polyreel.errors import InvalidJob, MediaError
from polyreel.job import Job
from tasks.identify import judge_language, with_language
from tasks.run.values import FoundLanguage

VENDOR = {"provider": "panjaya", "credentials": "studio"}
ENGLISH = FoundLanguage(locale="en", share=0.97)


def job(locale: str = "und", *targets: str) -> Job:
    source = {"media": "reel.mp4", "locale": locale, "subtitles": "reel.srt", "audio_track": 1}
    return Job.model_validate({"name": "reel", "source": source, "targets": list(targets or ("es-ES",))})


@pytest.mark.parametrize(
    ("languages", "speech_ms", "found"),
    [({"en": 0.97, "de": 0.02}, 9000, "en"), ({"no": 0.7, "da": 0.3}, 9000, "nb"), ({"jw": 0.8}, 2000, "jv")],
)
def test_the_likeliest_language_is_taken_where_that_is_clear(
    languages: dict[str, float], speech_ms: int, found: str
) -> None:
    assert judge_language(Heard(languages=languages, speech_ms=speech_ms)).locale == found


@pytest.mark.parametrize(
    ("languages", "speech_ms", "why"),
    [({"en": 0.5, "de": 0.4}, 9000, "'en' is likeliest, 50% sure"), ({}, 0, "nobody"), ({"en": 0.9}, 1000, "'en'")],
)
def test_what_is_not_clear_is_asked_back(languages: dict[str, float], speech_ms: int, why: str) -> None:
    with pytest.raises(MediaError, match=why) as caught:
        judge_language(Heard(languages=languages, speech_ms=speech_ms))
    assert (caught.value.code, "source: {locale:" in caught.value.remedy) == ("unknown_locale", True)


def test_a_target_in_the_language_that_was_found_is_refused() -> None:
    with pytest.raises(InvalidJob, match="speaks 'en' already \\(97% sure\\), and en-GB is a target"):
        with_language(job("und", "es-ES", "en-GB"), ENGLISH)
    assert with_language(job(), ENGLISH).source.locale == "en"


@pytest.mark.parametrize("more", [{"dubbing": VENDOR}, {"fallback": [VENDOR]}])
def test_who_is_paid_is_told_the_language(more: dict[str, Any]) -> None:
    """What is bought is known by the source's language: heard otherwise the next time, it would be bought again."""
    asked = {"name": "reel", "source": {"media": "reel.mp4", "locale": "und"}, "targets": ["es-ES"], **more}
    with pytest.raises(ValueError, match="name the language for a vendor"):
        Job.model_validate(asked)


async def test_a_job_that_says_what_is_spoken_is_not_listened_to_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def same(value: Any, *_: Any) -> Any:
        asked.append(value)
        return value

    async def find(*_: Any) -> FoundLanguage:
        return ENGLISH

    for name in ("prepare", "ingest", "trim"):
        monkeypatch.setattr(localise, name, same)
    monkeypatch.setattr(localise, "find_language", find)
    assert await localise.with_found_language(job("en-US")) == (job("en-US"), ())
    assert asked == []
    found, notes = await localise.with_found_language(job())
    assert found == job("en")
    assert notes == ("The source's language was found by ear: en (97% sure).",)
    assert (asked[0].targets, asked[0].source.audio_track, asked[0].source.subtitles) == ((), 1, None)
