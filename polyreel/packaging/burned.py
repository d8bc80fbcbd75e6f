"""Subtitles burned into the picture: for places that show no text tracks. The picture is encoded anew for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from polyreel.machine.plain_names import PlainNames, plain_names
from polyreel.media.codecs import encode_picture
from polyreel.media.command import DEFAULT, Limits, Stream, local_input, local_output, run
from polyreel.media.probe import probe
from polyreel.packaging.fonts import Font, choose_font
from polyreel.subtitles import plain_text, read_file, write
from polyreel.subtitles.model import Track

# Of the 288 lines that libass counts for SubRip: letters of every font are drawn as large as DejaVu's are at 16.
_EM = 13.75
# The outline reads on any picture. Encoding -1: a line runs as its own letters do; else all begin at the left, and an
# Arabic line has its full stop at the wrong end.
_STYLE = (
    "Fontname={family},Fontsize={size:.2f},Encoding=-1,PrimaryColour=&H00FFFFFF,OutlineColour=&H00000000,"
    "Outline=1.2,Shadow=0,MarginV=16"
)


def font_for(text: Path, locale: str) -> Font | None:
    """The font that a text will be burned in with; None for a text without a word. Raises InvalidJob."""
    words = _join_words(read_file(text).track)
    return choose_font(words, locale) if words.strip() else None


def _join_words(track: Track) -> str:
    return "".join(plain_text(cue.text) for cue in track.cues)


async def write_burned(
    film: Path,
    text: Path,
    locale: str,
    target: Path,
    *,
    limits: Limits = DEFAULT,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Write an MP4 with a film's picture under its text, and its first sound track as it is.

    Letters are shaped and lines run by libass: from right to left where the script does. Raises as `run` does, and
    InvalidJob where no font on this machine shows the text.
    """
    info = await asyncio.to_thread(probe, film)
    if info.video is None:
        raise ValueError("there is no picture to burn a text into")
    font = await asyncio.to_thread(font_for, text, locale)
    picture, options = encode_picture(local_input(film)[str(info.video.index)], info.video)
    sound = local_input(film)["a:0"]
    # A filter's arguments can't hold every path, so that its files get plain names.
    with plain_names(target.parent) as names:
        if font:
            picture = await asyncio.to_thread(_draw_lines, picture, text, font, names)
        output = local_output(
            picture, sound, path=target, format="mp4", movflags="+faststart", **{"c:a": "copy"}, **options
        )
        await run(output, limits=limits, on_progress=on_progress, expected_ms=round(info.duration * 1000))


def _draw_lines(picture: Stream, text: Path, font: Font, names: PlainNames) -> Stream:
    lines, fonts = names.folder / "lines.srt", names.of(font.file.parent)
    _write_lines(text, lines)
    style = _STYLE.format(family=font.family, size=_EM * font.line)
    return picture.filter("subtitles", str(lines), charenc="UTF-8", fontsdir=str(fonts), force_style=style)


def _write_lines(text: Path, target: Path) -> None:
    target.write_text(write(read_file(text).track, "srt").text, "utf-8")
