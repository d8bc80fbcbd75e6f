"""What people chose for lines travels in the script, and says no more than it may."""

from __future__ import annotations

import json

import pytest

from polyreel.errors import SubtitleError
from polyreel.store.local import path_of
from polyreel.subtitles import read_bytes, write
from polyreel.subtitles.choices import (
    LineChoice,
    Recording,
    carry_choices,
    digest_words,
    read_choices,
    with_choices,
    without_choices,
)
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timing import trim

CUES = (Cue(0, 1000, "Uno."), Cue(1000, 2000, "<i>Dos</i>\ndos."), Cue(2000, 3000, "Tres."))
TRACK = Track(CUES, comments=("for Luis",), comments_before=(1,))
RECORDING = Recording(sha256="ab" * 32, bytes=9, ms=700, by="Ana --> <b>", words=digest_words("Dos dos."))


def test_choices_come_back_from_a_file_as_they_were() -> None:
    """Beside other comments, which stay; with markup and arrows in a name; and the bare script has none."""
    chosen = {0: LineChoice(voice="kokoro:ef_dora", pace=1.25), 1: LineChoice(recording=RECORDING)}
    written = write(with_choices(TRACK, chosen), "vtt").text
    found = read_bytes(written.encode(), "vtt").track
    assert read_choices(found) == chosen
    assert [cue.text for cue in found.cues] == [cue.text for cue in CUES]
    assert without_choices(found).comments == ("for Luis",)
    assert "polyreel" not in write(without_choices(found), "vtt").text
    assert with_choices(found, {}) == without_choices(found)


def test_they_stay_with_their_cue_when_the_reel_is_cut() -> None:
    cut = trim(with_choices(TRACK, {1: LineChoice(pace=0.8), 2: LineChoice(pace=1.2)}), 2000, 3000)
    assert read_choices(cut) == {0: LineChoice(pace=1.2)}


def test_a_recording_says_the_words_that_it_was_made_for() -> None:
    """Markup and line breaks are no words."""
    assert RECORDING.says("Dos\n<b>dos.</b>")
    assert not RECORDING.says("Dos tres.")


def test_a_file_without_notes_keeps_what_was_chosen_and_its_own_goes_first() -> None:
    before = with_choices(TRACK, {0: LineChoice(pace=0.8), 2: LineChoice(pace=1.2)})
    moved = Track((CUES[0], Cue(2500, 3000, "Tres.")))
    assert read_choices(carry_choices(moved, before)) == {0: LineChoice(pace=0.8)}
    own = with_choices(Track(CUES), {0: LineChoice(pace=1.5)})
    assert read_choices(carry_choices(own, before)) == {0: LineChoice(pace=1.5), 2: LineChoice(pace=1.2)}


@pytest.mark.parametrize(
    "said",
    [
        "no JSON",
        "[]",
        '{"pace": 9}',
        '{"pace": NaN}',
        '{"voice": "piper:/etc/x.onnx"}',
        '{"voice": "a\\u0007"}',
        '{"dance": 1}',
        json.dumps({"recording": {"sha256": "../../etc/passwd", "bytes": 1, "ms": 1, "by": "A"}}),
        json.dumps({"recording": {"sha256": "ab" * 32, "bytes": 1, "ms": 1, "by": "A", "uri": "file:///etc/passwd"}}),
        "[" * 100_000,
    ],
)
def test_a_damaged_note_is_refused_in_one_line(said: str) -> None:
    """Nothing in it names a file, and none of it is guessed."""
    track = Track(CUES, comments=(f"polyreel line {said}",), comments_before=(1,))
    with pytest.raises(SubtitleError, match=r"the line at 00:00:01\.000 can't be read") as refused:
        read_choices(track)
    assert refused.value.code == "bad_choice"
    assert "\n" not in str(refused.value)


def test_a_recording_lies_in_the_store_and_nowhere_else() -> None:
    assert path_of(RECORDING.stored_file).name == f"{'ab' * 32}.wav"
