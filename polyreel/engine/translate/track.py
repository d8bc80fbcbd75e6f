"""A subtitle track as lines to translate, and the translated lines as a track again: same cues, same times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from polyreel.subtitles.cuetext import escape_text, voices
from polyreel.subtitles.layout import house_of, lay_out
from polyreel.subtitles.model import Cue, Track


@dataclass(frozen=True, slots=True)
class Piece:
    """What one speaker says in one cue: a line to translate. ``cue`` counts from 0."""

    cue: int
    speaker: str | None
    text: str


def pieces_of(track: Track) -> tuple[Piece, ...]:
    """Every line of a track, in order; line breaks are the layout's, not the text's."""
    return tuple(
        Piece(number, speaker, " ".join(text.split()))
        for number, cue in enumerate(track.cues)
        for speaker, text in voices(cue)
    )


def put_together(track: Track, pieces: Sequence[Piece], lines: Sequence[str], profile: str, locale: str) -> Track:
    """The track with its lines replaced and laid out anew. Cues without text stay as they are."""
    said: dict[int, list[tuple[str | None, str]]] = {}
    for piece, line in zip(pieces, lines, strict=True):
        said.setdefault(piece.cue, []).append((piece.speaker, line))
    cues = tuple(
        _cue(cue, said[number], profile, locale) if number in said else cue for number, cue in enumerate(track.cues)
    )
    return replace(track, cues=cues)


def _cue(cue: Cue, said: Sequence[tuple[str | None, str]], profile: str, locale: str) -> Cue:
    house = house_of(profile)
    if len(said) == 1 and said[0][0] == cue.speaker:
        text = escape_text(lay_out(said[0][1], house, locale))
        return replace(cue, text=f"<i>{text}</i>" if _is_italic(cue.text) else text)
    # A model may answer with `<` and `&`: as markup they would be lost, or hide the rest.
    parts = [(who, escape_text(lay_out(line, house, locale))) for who, line in said]
    return replace(cue, text="\n".join(f"<v {who}>{text}</v>" if who else text for who, text in parts))


def _is_italic(text: str) -> bool:
    return text.startswith("<i>") and text.endswith("</i>") and text.count("<i>") == 1
