"""Lines that a person wants said otherwise than their speaker says them, as they are spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from polyreel.engine.speech.sentences import Line
from polyreel.engine.voice.text.spoken import join_lines
from polyreel.outcome import StoredFile, Value


class SpokenChoice(Value):
    """One line's choice, as far as it counts: a recording instead of a voice, or a voice, or a pace of its own."""

    cue: int = Field(ge=0, description="The place of its cue in the script that is spoken, from 0.")
    voice: str = ""
    pace: float = Field(default=1.0, description="1.1 is 10 % faster than the voice's own.")
    recording: StoredFile | None = Field(default=None, description="WAV, 16 bits, mono, 48 kHz.")
    recorded_by: str = ""

    @property
    def breath(self) -> tuple[int, str, float]:
        """Lines of one sentence are spoken in one breath where this is equal: a recording holds one line's words."""
        return (self.cue if self.recording else -1, self.voice, self.pace)


def gather_recorded_lines(lines: Sequence[Line], choices: Sequence[SpokenChoice]) -> list[Line]:
    """The lines with what was chosen for them, each recorded cue's as one: its turns were recorded together."""
    chosen = {each.cue: each for each in choices}
    found: list[Line] = []
    places: dict[int, int] = {}
    for line in lines:
        choice = chosen.get(line.cue)
        # One recording holds all turns of its cue; spoken once for each, it would be heard twice.
        if choice and choice.recording and line.cue in places:
            first = found[places[line.cue]]
            joined = join_lines([first.text, line.text])
            found[places[line.cue]] = replace(first, end_ms=max(first.end_ms, line.end_ms), text=joined)
        else:
            places[line.cue] = len(found)
            found.append(replace(line, breath=choice.breath) if choice else line)
    return found
