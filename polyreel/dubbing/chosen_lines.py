"""What people chose for single lines of a script, on its way to whoever dubs it."""

from __future__ import annotations

from collections.abc import Sequence

from polyreel.engine.speech.choices import SpokenChoice
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.errors import InvalidJob
from polyreel.subtitles.choices import LineChoice, read_choices
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timing import clock

# A note that people read: nothing depends on the exact number.
_MOST_NAMED = 12


def resolve_choices(script: Track) -> tuple[tuple[SpokenChoice, ...], tuple[str, ...]]:
    """The choices in a script that count, and notes on those that don't. Raises SubtitleError for a damaged one.

    A recording says the words that it was made for: where somebody has edited those since, a voice says the new ones.
    """
    spoken = {line.cue for line in extract_spoken_script(script).lines}
    found: list[SpokenChoice] = []
    notes: list[str] = []
    for place, choice in read_choices(script).items():
        cue = script.cues[place]
        if place not in spoken:
            notes.append(f"What was chosen for the line at {clock(cue.start_ms)} does not count: it is not spoken.")
            continue
        if note := _note_other_words(choice, cue):
            notes.append(note)
        if made := _make_spoken(place, choice, cue):
            found.append(made)
    return tuple(found), tuple(notes)


def _note_other_words(choice: LineChoice, cue: Cue) -> str:
    recording = choice.recording
    if recording is None or recording.says(cue.text):
        return ""
    return (
        f"The line at {clock(cue.start_ms)} was edited after {recording.by} had recorded it, and a voice says it: "
        "record it again, or take the recording for the new words in its review."
    )


def _make_spoken(place: int, choice: LineChoice, cue: Cue) -> SpokenChoice | None:
    recording = choice.recording
    if recording and recording.says(cue.text):
        return SpokenChoice(cue=place, recording=recording.stored_file, recorded_by=recording.by)
    if choice.voice or choice.pace != 1.0:
        return SpokenChoice(cue=place, voice=choice.voice, pace=choice.pace)
    return None


def refuse_choices(provider: str, locale: str, lines: Sequence[int]) -> InvalidJob:
    """The error where a vendor would dub a script in which lines (counted from 1) have a voice of their own."""
    shown = ", ".join(map(str, lines[:_MOST_NAMED])) + (" and more" if len(lines) > _MOST_NAMED else "")
    many = len(lines) > 1
    return InvalidJob(
        f"{provider} takes no voice, pace or recording for single lines, and line{'s' * many} {shown} "
        f"{'have' if many else 'has'} one",
        code="line_choices",
        where=locale,
        remedy=f"Take {'them' if many else 'it'} back in the review, and choose voices in {provider}'s own studio; or "
        "dub this language with `embedded`.",
    )
