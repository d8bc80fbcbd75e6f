"""What people chose for single lines of a script: another voice, another pace, or a recording of their own.

A choice stands in the script itself, as a note of WebVTT before its cue::

    NOTE polyreel line {"pace": 1.1, "voice": "kokoro:ef_dora"}

so that it is approved, merged, kept as a version and gone back to with the words that it belongs to. Scripts come from
outside: a note names a recording by its content alone, and what it says is checked like any other text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from pydantic import Field, ValidationError

from polyreel.errors import SubtitleError
from polyreel.outcome import StoredFile, Value
from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timing import clock

SLOWEST, FASTEST = 0.5, 2.0
"""How far a line's pace may be from its voice's own: 1.1 is 10 % faster."""
_MARK = "polyreel line "
_VOICE = r"[^/\\\x00-\x1f\x7f<>]{0,200}"
_NAME = r"[^\x00-\x1f\x7f]{1,100}"


class Recording(Value):
    """A person's own recording of a line, as it lies in the store: WAV, 16 bits, mono, 48 kHz."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0, le=1 << 30)
    ms: int = Field(gt=0, description="How long it sounds.")
    by: str = Field(pattern=rf"^{_NAME}$", description="Who recorded it.")
    words: str = Field(
        default="", pattern=r"^[0-9a-f]{0,16}$", description="A digest of the words that it says: others need another."
    )

    @property
    def stored_file(self) -> StoredFile:
        """The recording, by its content: a script from elsewhere can name no path."""
        return StoredFile(uri=f"store:{self.sha256}.wav", sha256=self.sha256, bytes=self.bytes)

    def says(self, text: str) -> bool:
        """Whether it was recorded for these words of a cue."""
        return self.words == digest_words(text)


class LineChoice(Value):
    """How a person wants a line to be said; what is empty is left to its speaker's voice. A recording goes first."""

    voice: str = Field(default="", pattern=rf"^{_VOICE}$")
    pace: float = Field(default=1.0, ge=SLOWEST, le=FASTEST, allow_inf_nan=False)
    recording: Recording | None = None


NO_CHOICE = LineChoice()


def describe_choice(choice: LineChoice) -> str:
    """A choice in words: ``recorded by Ana``, ``voice ef_dora, pace 1.1``; empty where nothing is chosen."""
    told = [f"recorded by {choice.recording.by}"] if choice.recording else []
    told += [f"voice {choice.voice}"] if choice.voice else []
    told += [f"pace {choice.pace:g}"] if choice.pace != 1.0 else []
    return ", ".join(told)


def digest_words(text: str) -> str:
    """A short digest of what a cue says: markup and line breaks don't count."""
    return hashlib.sha256(" ".join(plain_text(text).split()).encode()).hexdigest()[:16]


def read_choices(track: Track) -> dict[int, LineChoice]:
    """The choices in a script, by the place of their cue in it, from 0. Raises SubtitleError for a damaged note.

    Of several for one cue the last one counts; one behind the last cue belongs to none.
    """
    found: dict[int, LineChoice] = {}
    for comment, place in _list_notes(track):
        if comment.startswith(_MARK) and place < len(track.cues):
            found[place] = _read_note(comment, track.cues[place])
    return {place: choice for place, choice in found.items() if choice != NO_CHOICE}


def _list_notes(track: Track) -> list[tuple[str, int]]:
    places = [*track.comments_before, *[0] * (len(track.comments) - len(track.comments_before))]
    return list(zip(track.comments, places, strict=False))


def _read_note(comment: str, cue: Cue) -> LineChoice:
    try:
        return _parse_choice(comment.removeprefix(_MARK))
    except (ValueError, RecursionError, ValidationError):
        raise SubtitleError(
            f"what was chosen for the line at {clock(cue.start_ms)} can't be read: {comment[:80]!r}",
            code="bad_choice",
            where=clock(cue.start_ms),
            remedy="Take that NOTE out of the script, and choose again.",
        ) from None


@lru_cache(maxsize=20_000)
def _parse_choice(said: str) -> LineChoice:
    """Kept: an edit of a script of ten thousand lines reads each note several times."""
    return LineChoice.model_validate(json.loads(said))


def without_choices(track: Track) -> Track:
    """The script without them: what is shown, spoken and sent to vendors has none."""
    kept = [(comment, place) for comment, place in _list_notes(track) if not comment.startswith(_MARK)]
    if len(kept) == len(track.comments):
        return track
    return replace(track, comments=tuple(each for each, _ in kept), comments_before=tuple(place for _, place in kept))


def with_choices(track: Track, choices: Mapping[int, LineChoice]) -> Track:
    """The script with these choices, by the place of their cue, and no others."""
    bare = without_choices(track)
    notes = [(_write_note(choice), place) for place, choice in sorted(choices.items()) if choice != NO_CHOICE]
    if not notes:
        return bare
    every = sorted([*_list_notes(bare), *notes], key=lambda note: note[1])
    return replace(bare, comments=tuple(text for text, _ in every), comments_before=tuple(place for _, place in every))


def _write_note(choice: LineChoice) -> str:
    said = json.dumps(choice.model_dump(exclude_defaults=True), ensure_ascii=False, sort_keys=True)
    # An arrow in a note would end it.
    return _MARK + re.sub(r"[<>\u2028\u2029\u0085]", lambda sign: f"\\u{ord(sign[0]):04x}", said)


def carry_choices(track: Track, before: Track) -> Track:
    """A script whose lines keep what was chosen for those at their times, unless it says otherwise itself."""
    there = {(cue.start_ms, cue.end_ms): choice for cue, choice in _with_cues(before)}
    if not there:
        return track
    own = read_choices(track)
    kept = {
        place: choice
        for place, cue in enumerate(track.cues)
        if (choice := own.get(place) or there.get((cue.start_ms, cue.end_ms)))
    }
    return with_choices(track, kept)


def _with_cues(track: Track) -> list[tuple[Cue, LineChoice]]:
    return [(track.cues[place], choice) for place, choice in read_choices(track).items()]
