"""A reel that says a script: its words at their times, in as many voices as it has speakers."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.sandbox.music import RATE
from polyreel.sandbox.spoken import ReelRecipe, make_spoken_reel, speak_script
from polyreel.subtitles.model import Cue

RECIPE = ReelRecipe(Fraction(6), width=160, height=90)


def sound_of(path: Path) -> np.ndarray:
    """(samples, channels), as decoded."""
    with av.open(str(path)) as file:
        parts = [frame.to_ndarray() for frame in file.decode(audio=0)]
    return np.concatenate(parts, axis=1).T


def is_heard(sound: np.ndarray, start: float, end: float) -> bool:
    return float(np.abs(sound[round(start * RATE) : round(end * RATE)]).max(initial=0)) > 0.01


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Of two spectra; espeak-ng breathes a little differently each time."""
    return float(np.corrcoef(np.abs(np.fft.rfft(one)), np.abs(np.fft.rfft(other)))[0, 1])


def test_every_line_is_heard_in_its_time_and_nowhere_else() -> None:
    cues = (Cue(1000, 2500, "One line is here."), Cue(4000, 5500, "Another one is <i>there</i>."))
    track = speak_script(cues, RECIPE, EspeakVoice())
    assert len(track) == 6 * RATE
    heard = [is_heard(track, second, second + 0.5) for second in (0, 0.4, 1, 2.6, 3.4, 4, 5.5)]
    assert heard == [False, False, True, False, False, True, False]
    assert float(np.abs(track).max()) == pytest.approx(0.5, abs=0.01)


def test_a_line_too_long_for_its_cue_is_hurried_and_never_runs_into_the_next() -> None:
    long = "This line has far more words than its little time allows it to have, and it goes on and on."
    track = speak_script((Cue(0, 1500, long), Cue(3000, 4000, "Short.")), RECIPE, EspeakVoice())
    assert is_heard(track, 1.2, 1.5)
    assert not is_heard(track, 1.5, 3.0)
    assert is_heard(track, 3.0, 3.5)


def test_speakers_have_voices_of_their_own() -> None:
    """The same words by two people are two sounds; by one person, one."""
    words = [Cue(start, start + 1500, "Good morning.", speaker=who) for start, who in ((0, "Ada"), (2000, "Ben"))]
    ada, ben = np.split(speak_script(tuple(words), RECIPE, EspeakVoice())[: 4 * RATE], 2)
    assert likeness(ada, ben) < 0.75
    alone = [Cue(cue.start_ms, cue.end_ms, cue.text, speaker="Ada") for cue in words]
    first, second = np.split(speak_script(tuple(alone), RECIPE, EspeakVoice())[: 4 * RATE], 2)
    assert likeness(first, second) > 0.85


@pytest.mark.parametrize(
    ("name", "recipe", "video", "sound", "channels"),
    [
        ("reel.mp4", RECIPE, "h264", "aac", 2),
        ("reel.mkv", ReelRecipe(Fraction(6), width=160, height=90, layout="5.1", music=12), "h264", "aac", 6),
        (
            "reel.webm",
            ReelRecipe(
                Fraction(6),
                width=160,
                height=90,
                video={"vcodec": "libvpx", "deadline": "realtime"},
                sound={"acodec": "libvorbis"},
            ),
            "vp8",
            "vorbis",
            2,
        ),
    ],
)
@pytest.mark.slow
def test_the_reel_has_the_codecs_and_channels_asked_for(
    tmp_path: Path, name: str, recipe: ReelRecipe, video: str, sound: str, channels: int
) -> None:
    script = tmp_path / "script.srt"
    script.write_text("1\n00:00:01,000 --> 00:00:03,000\nHere is one line.\n")
    made = asyncio.run(make_spoken_reel(script, tmp_path / name, recipe))
    with av.open(str(made)) as file:
        picture, track = file.streams.video[0], file.streams.audio[0]
        assert (picture.codec_context.name, track.codec_context.name) == (video, sound)
        assert track.codec_context.channels == channels
        assert file.duration / 1e6 == pytest.approx(6, abs=0.1)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_in_surround_the_speech_is_in_the_centre_and_the_music_left_and_right(odd_media: Path) -> None:
    sound = sound_of(odd_media / "dialogue.mkv")
    silence = slice(round(11.7 * RATE), round(11.75 * RATE))
    left, right, centre, low = (np.abs(sound[:, channel]) for channel in range(4))
    assert centre[silence].max() < 0.01 < min(left[: 2 * RATE].max(), right[: 2 * RATE].max())
    assert centre[RATE : 2 * RATE].max() > 3 * left[RATE : 2 * RATE].max()
    assert low.max() < 0.01
