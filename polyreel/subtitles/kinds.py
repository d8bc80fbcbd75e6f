"""What a track is for: subtitles, captions (for who does not hear), forced (signs and foreign lines alone).

A cue is marked forced by a class around its whole text, ``<c.forced>...</c>``: WebVTT, in which scripts are kept, has
no other place for it, and every other format's own mark is made from it.
"""

from __future__ import annotations

from dataclasses import replace

from polyreel.subtitles.cuetext import escape_text, plain_text
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.spoken import part_speech


def is_forced(cue: Cue) -> bool:
    """Whether a cue is shown even to who asked for no subtitles."""
    return cue.text.startswith("<c.forced>")


def mark_forced(cue: Cue) -> Cue:
    """The cue, marked."""
    return cue if is_forced(cue) else replace(cue, text=f"<c.forced>{cue.text}</c>")


def unmark_forced(cue: Cue) -> Cue:
    """The cue without the mark."""
    if not is_forced(cue):
        return cue
    text = cue.text.removeprefix("<c.forced>")
    return replace(cue, text=text[:-4] if text.endswith("</c>") else text)


def only_forced(track: Track) -> Track:
    """The forced cues alone, unmarked: a file of their own says it by its name."""
    kept = tuple(unmark_forced(cue) for cue in track.cues if is_forced(cue))
    return replace(track, cues=kept, comments=(), comments_before=())


def without_forced_marks(track: Track) -> Track:
    """All cues, unmarked."""
    return replace(track, cues=tuple(map(unmark_forced, track.cues)))


# After a pause nobody remembers who spoke last: the label is there again.
_LABEL_GAP_MS = 5000


def captions_of(track: Track) -> Track:
    """All that is heard, for who does not hear: sounds stay, and a speaker's name stands where somebody else begins.

    The name is in the text, since no player shows the one that a format keeps beside it.
    """
    cues: list[Cue] = []
    for cue in map(unmark_forced, track.cues):
        before = cues[-1] if cues else None
        is_new = before is None or before.speaker != cue.speaker or cue.start_ms - before.end_ms > _LABEL_GAP_MS
        label = f"[{escape_text(cue.speaker)}] " if cue.speaker and is_new else ""
        cues.append(replace(cue, text=label + cue.text) if label else cue)
    return replace(track, cues=tuple(cues))


def subtitles_beside_captions(track: Track) -> Track:
    """What is said and written, for who hears: without sounds, where captions carry them; empty cues go."""
    cues = [replace(cue, text=text) for cue in track.cues if (text := _without_sounds(unmark_forced(cue).text))]
    return replace(track, cues=tuple(cues), comments=(), comments_before=())


def _without_sounds(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        shown = plain_text(line)
        parted = part_speech(shown)
        is_sung = any(sign in shown for sign in "♪♫♬#")
        kept = line if is_sung or not parted.left_out else escape_text(" ".join(parted.said.split()))
        if plain_text(kept).strip(" -–—"):
            lines.append(kept)
    return "\n".join(lines)
