"""Which language a source speaks: heard before anything is bought, judged only where it is sure."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyreel.dubbing.backchecks import check_source_language
from polyreel.engine.models.registry import WHISPER_BASE
from polyreel.engine.transcribe.identify import identify_language
from polyreel.engine.transcribe.whisper import RATE, SLICE_S, Whisper
from polyreel.engine.transcribe.words import Heard
from polyreel.errors import MediaError
from tasks.identify import require_source_language
from tasks.run.values import SpokenLanguage


class Ear:
    """Says what it is told to, and remembers how much it was given at once."""

    def __init__(self, **languages: float) -> None:
        self.languages = languages
        self.given: list[int] = []

    def identify(self, sound, go_on):
        go_on()
        self.given.append(len(sound))
        return self.languages


async def test_only_speech_is_asked_about_and_no_more_than_is_heard_at_once(narrated: Path, make) -> None:
    silence = make("silence.wav", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", 3)
    ear = Ear(en=0.9, de=0.1)
    heard = await identify_language([narrated / "narrated.mp4", silence], ear)
    assert heard.languages == {"en": 0.9, "de": 0.1}
    assert len(ear.given) == 1
    assert 0 < ear.given[0] <= SLICE_S * RATE
    assert (await identify_language([silence], ear)).languages == {}


@pytest.mark.parametrize(
    ("languages", "speech_ms", "status"),
    [
        ({"en": 0.9}, 9000, "pass"),
        ({"de": 0.97, "en": 0.01}, 9000, "fail"),
        ({"de": 0.97, "en": 0.01}, 900, "warn"),
        ({"de": 0.6, "en": 0.3}, 9000, "warn"),
        ({}, 0, "pass"),
    ],
)
def test_a_source_fails_only_where_it_surely_speaks_another_language(languages, speech_ms, status) -> None:
    check = check_source_language(Heard(languages=languages, speech_ms=speech_ms), "en-US")
    assert (check.name, check.status) == ("source_language", status)
    spoken = SpokenLanguage(check=check)
    if status != "fail":
        require_source_language(spoken)
        return
    assert "heard as German" in check.detail
    with pytest.raises(MediaError, match="nothing was bought") as refused:
        require_source_language(spoken)
    assert refused.value.code == "wrong_language"
    assert "`source.audio_track`" in refused.value.remedy


def test_a_language_that_sounds_the_same_is_no_other() -> None:
    heard = Heard(languages={"no": 0.9, "da": 0.05}, speech_ms=9000)
    assert check_source_language(heard, "nb-NO").status == "pass"


async def test_whisper_tells_what_the_reel_speaks(narrated: Path, weights) -> None:
    folder = weights(WHISPER_BASE)
    ear = Whisper(lambda: folder / WHISPER_BASE.name, WHISPER_BASE.name, WHISPER_BASE.fingerprint)
    heard = await identify_language([narrated / "narrated.mp4"], ear)
    assert check_source_language(heard, "en-US").status == "pass"
    assert check_source_language(heard, "de-DE").status == "fail"
