"""Another voice or pace for a line, or a recording of one's own: edits of a script like those of its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from polyreel.dubbing.chosen_lines import refuse_choices
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.errors import InvalidEdit, InvalidJob, NoVoice, ReviewRefused
from polyreel.outcome import Reel, StoredFile
from polyreel.review.events import Change, ReviewKey, Shown
from polyreel.store.port import Store
from polyreel.subtitles.choices import (
    FASTEST,
    NO_CHOICE,
    SLOWEST,
    LineChoice,
    Recording,
    digest_words,
    read_choices,
    with_choices,
)
from polyreel.subtitles.model import Cue, Track


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of one line; None: as it is.

    ``voice`` empty and ``pace`` 1.0 are those of its speaker. ``recording``: a new one; ``keep``: the one that is
    there, for the words as they are by now; ``drop``: none.
    """

    voice: str | None = None
    pace: float | None = None
    recording: Recording | Literal["keep", "drop"] | None = None


def from_wishes(wishes: Mapping[int, Wish]) -> Change:
    """What is chosen by line number, counted from 1."""

    def change(before: Track, _shown: Shown) -> Track:
        choices = read_choices(before)
        for number, wish in wishes.items():
            if not 1 <= number <= len(before.cues):
                raise InvalidEdit(
                    f"there is no line {number}: the script has {len(before.cues)}",
                    code="no_such_line",
                    where=f"{number}",
                    remedy="Take a number of the script as it is now: lines are counted from 1.",
                )
            old = choices.get(number - 1, NO_CHOICE)
            choices[number - 1] = _apply_wish(wish, old, before.cues[number - 1].text, number)
        return with_choices(before, choices)

    return change


def combine_changes(*changes: Change | None) -> Change | None:
    """Several changes as one, in their order: new words come before what is chosen for them."""
    wanted = [each for each in changes if each]

    def change(before: Track, shown: Shown) -> Track:
        for each in wanted:
            before = each(before, shown)
        return before

    return change if wanted else None


def _apply_wish(wish: Wish, old: LineChoice, text: str, number: int) -> LineChoice:
    recording = old.recording if wish.recording in ("keep", None) else wish.recording
    if wish.recording == "keep" and recording is None:
        raise InvalidEdit(
            f"line {number} has no recording",
            code="bad_choice",
            where=f"{number}",
            remedy="Give one, or leave `recording` out.",
        )
    recording = None if isinstance(recording, str) else recording
    if recording and wish.recording:
        # The digest ties it to these words: it no longer counts once the line has others.
        recording = recording.model_copy(update={"words": digest_words(text)})
    pace = old.pace if wish.pace is None else wish.pace
    if not SLOWEST <= pace <= FASTEST:
        raise InvalidEdit(
            f"line {number}: a pace is from {SLOWEST:g} to {FASTEST:g} of the voice's own, not {pace:g}",
            code="bad_choice",
            where=f"{number}",
            remedy=f"Choose one between {SLOWEST:g} and {FASTEST:g}; 1 is the voice's own.",
        )
    voice = old.voice if wish.voice is None else " ".join(wish.voice.split())
    try:
        # Rounded, so that 1.1 typed twice is one choice and one key.
        return LineChoice(voice=voice, pace=round(pace, 3), recording=recording)
    except ValueError:
        raise InvalidEdit(
            f"line {number}: that is no voice's name: {voice[:40]!r}",
            code="no_voice",
            where=f"{number}",
            remedy="`polyreel voices LOCALE` lists them.",
        ) from None


def require_choosable(store: Store, before: Track, after: Track, key: ReviewKey, shown: Shown) -> None:
    """See that what an edit newly chooses can be had. Raises `ReviewRefused`, `InvalidJob` or `NoVoice`. Blocks."""
    # What was chosen before is not judged again: an edit of another line must not fail by it.
    known = set(read_choices(before).values())
    new = {place: choice for place, choice in read_choices(after).items() if choice not in known}
    if not new:
        return
    if shown.vendor:
        # A vendor speaks with voices of its own: no local voice or recording would be heard.
        raise refuse_choices(shown.vendor, key.locale, [place + 1 for place in new])
    for place, choice in new.items():
        if not extract_spoken_script(Track((after.cues[place],))).lines:
            raise InvalidEdit(
                f"line {place + 1} is not spoken (a sound, lyrics, a sign): no voice says it",
                code="bad_choice",
                where=f"{place + 1}",
                remedy="Give it words first.",
            )
        if _is_outside(after.cues[place], shown.reel):
            raise InvalidEdit(
                f"line {place + 1} lies outside the reel: nothing of it is heard",
                code="bad_choice",
                where=f"{place + 1}",
                remedy="Choose for a line inside the job's trim.",
            )
        if choice.recording and not store.has(choice.recording.stored_file):
            raise ReviewRefused(
                f"the recording of line {place + 1} is not in the store",
                code="recording_missing",
                where=f"{place + 1}",
                remedy="Bring it again: `polyreel review JOB LOCALE --recording N=FILE`.",
            )
        if choice.voice:
            _require_voice(choice.voice, key.locale, place + 1, shown)


def _is_outside(cue: Cue, reel: Reel | None) -> bool:
    """Whether the trim leaves nothing of a cue; cues count from the source's zero, also where a job trims."""
    return reel is not None and (cue.end_ms <= reel.start_ms or cue.start_ms >= reel.start_ms + reel.duration_ms)


def _require_voice(voice: str, locale: str, number: int, shown: Shown) -> None:
    from polyreel.dubbing.choice import voice_for

    try:
        voice_for(shown.voices).resolve(locale, voice)
    except NoVoice as error:
        raise InvalidJob(
            f"line {number}: {error.message}", code=error.code, where=locale, remedy=error.remedy
        ) from None


def list_voices(locale: str, shown: Shown) -> list[str]:
    """The voices of this machine that a line can take, the best first; none where a vendor dubs. Blocks."""
    from polyreel.dubbing.choice import voice_for

    if shown.vendor:
        return []
    try:
        return list(voice_for(shown.voices).cast(locale))
    except NoVoice:
        return []


def find_recordings(track: Track) -> tuple[StoredFile, ...]:
    """The recordings in a script: they go wherever the script goes."""
    found = {each.recording.stored_file for each in read_choices(track).values() if each.recording}
    return tuple(sorted(found, key=lambda each: each.sha256))


def describe_choices(track: Track) -> dict[int, dict[str, Any]]:
    """What is chosen, by line number, as the page and ``--json`` show it."""
    return {
        place + 1: {
            "voice": choice.voice,
            "pace": choice.pace,
            "recording": _describe_recording(choice.recording, track.cues[place].text),
        }
        for place, choice in read_choices(track).items()
    }


def _describe_recording(recording: Recording | None, text: str) -> dict[str, Any] | None:
    if recording is None:
        return None
    return {
        "by": recording.by,
        "ms": recording.ms,
        "sha256": recording.sha256,
        "counts": recording.says(text),
    }
