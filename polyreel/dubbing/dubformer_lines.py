"""The lines of a re-translation at Dubformer, and who says them in which voice."""

from __future__ import annotations

from collections.abc import Sequence

from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.subtitles import plain_text, read_file
from polyreel.subtitles.model import Cue
from polyreel.vendors.dubformer.models import (
    EMOTIONAL_TRANSFER,
    SOUNDALIKE,
    CastSpeaker,
    ScriptLine,
    Speaker,
    SpokenLine,
)


def make_lines(script: StoredFile | None, spoken: Sequence[SpokenLine]) -> list[ScriptLine]:
    """The target script, each line by the speaker who says most at that time in what Dubformer made of the reel.

    Without one, what Dubformer made of it.
    """
    if script is None:
        return [
            ScriptLine(start_ms=each.start_ms, end_ms=each.end_ms, text=text, speaker_id=each.speaker_id)
            for each in spoken
            if (text := each.text.strip()) and 0 <= each.start_ms < each.end_ms
        ]
    cues = read_file(path_of(script)).track.cues
    first = spoken[0].speaker_id if spoken else 1
    return [
        ScriptLine(start_ms=cue.start_ms, end_ms=cue.end_ms, text=text, speaker_id=_find_speaker(cue, spoken, first))
        for cue in cues
        if (text := plain_text(cue.text).strip()) and cue.start_ms < cue.end_ms
    ]


def _find_speaker(cue: Cue, spoken: Sequence[SpokenLine], default: int) -> int:
    def time_together(line: SpokenLine) -> int:
        return min(cue.end_ms, line.end_ms) - max(cue.start_ms, line.start_ms)

    best = max(spoken, key=time_together, default=None)
    return best.speaker_id if best and time_together(best) > 0 else default


def cast_speaker(cast: CastSpeaker, number: int, asked: Sequence[str], offered: dict[str, str]) -> Speaker:
    """Who says it: in the voice that the job names, else in Dubformer's own choice, else in one of its voices."""
    voice = asked[min(number, len(asked) - 1)] if asked else cast.voice_key
    style = offered.get(voice) or cast.style
    if not asked and voice not in offered and voice not in (SOUNDALIKE, EMOTIONAL_TRANSFER):
        voice = next((key for key, kind in offered.items() if kind == cast.style), next(iter(offered), SOUNDALIKE))
        style = offered.get(voice) or cast.style
    return Speaker(
        speaker_id=cast.speaker_id,
        style="feminine" if style == "feminine" else "masculine",
        voice_key=voice,
    )
