"""Plain text, export only: the words as they are shown, a paragraph for each cue, with the speaker's name in front."""

from __future__ import annotations

from polyreel.subtitles.cuetext import plain_text, voices
from polyreel.subtitles.formats.base import WritingOptions
from polyreel.subtitles.model import Cue, Note, Track, Writing


def write(track: Track, _options: WritingOptions) -> Writing:
    """A track as plain text. Times, settings and markup are lost, and said to be."""
    paragraphs = [paragraph for paragraph in map(words_of, track.cues) if paragraph]
    text = "\n\n".join(paragraphs)
    times = Note("lost", "times", "plain text has no times: it can't be read back")
    return Writing(f"{text}\n" if text else "", (times, *note_losses(track, "plain text")))


def words_of(cue: Cue) -> str:
    """What a cue shows, every speaker on a line of his own: ``Ana: Hello``."""
    named = voices(cue)
    if not any(speaker for speaker, _ in named):
        return plain_text(cue.text).strip()
    return "\n".join(f"{speaker}: {text}" if speaker else text for speaker, text in named)


def note_losses(track: Track, name: str) -> tuple[Note, ...]:
    """What an export for reading leaves out, one note for each kind."""
    left_out = {
        "header": bool(track.header),
        "styles": bool(track.styles),
        "regions": bool(track.regions),
        "comments": bool(track.comments),
        "identifier": any(cue.identifier for cue in track.cues),
        "settings": any(cue.settings for cue in track.cues),
        "markup": any("<" in cue.text for cue in track.cues),
    }
    codes = [code for code, is_there in left_out.items() if is_there]
    return tuple(Note("lost", code, f"{name} can't carry the {code}") for code in codes)
