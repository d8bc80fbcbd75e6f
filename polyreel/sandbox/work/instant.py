"""The cheap stand-in: valid media of the right length and language tags in well under a second, nobody speaks.

The voice track is the original sound, filtered so that each language sounds different from the source.
"""

from __future__ import annotations

import zlib
from pathlib import Path

from polyreel.sandbox.work.edit import audio_of, video_copy
from polyreel.sandbox.work.ffmpeg import list_input_options, run_ffmpeg
from polyreel.sandbox.work.port import Dubbed, Mix, NothingSaid, Order
from polyreel.sandbox.work.probe import Clip, is_silent, probe_media
from polyreel.sandbox.work.script import Line

_LINE_SECONDS = 4
_VOLUMES: dict[Mix, str] = {"dub": "0.9", "voiceover": "0.8", "speech_only": "0.7"}


class InstantStudio:
    """Dubs at once and says nothing new."""

    async def dub(self, order: Order) -> Dubbed:
        """Copy the picture, tag a changed copy of the sound with the target language."""
        clip = await probe_media(order.media)
        if await is_silent(order.media):
            raise NothingSaid
        video, voice = order.folder / "video.mp4", order.folder / "voice.wav"
        await run_ffmpeg(*_mix_arguments(order, clip, video))
        await audio_of(video, voice)
        heard = order.source_script or _placeholder_lines(clip.seconds)
        return Dubbed(video, voice, heard, order.script or _draft_lines(heard, order.target_locale))

    async def listen(self, order: Order) -> tuple[Line, ...]:
        """Placeholder lines over the whole length."""
        clip = await probe_media(order.media)
        if clip.audio_codec is None or await is_silent(order.media):
            raise NothingSaid
        return _placeholder_lines(clip.seconds)


def _mix_arguments(order: Order, clip: Clip, out: Path) -> list[str]:
    pitch = 150 + zlib.crc32(order.target_locale.encode()) % 400
    sound = f"volume={_VOLUMES[order.mix]},highpass=f={pitch},apad=whole_dur={clip.seconds:.3f}"
    tags = ("-metadata:s:a:0", f"language={three_letters(order.target_locale)}")
    return [
        *(*list_input_options(order.media), "-map", "0:v:0?", "-map", "0:a:0", *video_copy(clip)),
        *("-af", sound, "-c:a", "aac", "-t", f"{clip.seconds:.3f}", *tags, "-movflags", "+faststart", str(out)),
    ]


def three_letters(locale: str) -> str:
    """The ISO 639-2 code that MP4 wants for a locale: ``spa`` for es-ES; ``und`` where there is none."""
    import langcodes

    try:
        return langcodes.Language.get(locale).to_alpha3(variant="T")
    except LookupError:
        return "und"


def _placeholder_lines(seconds: float) -> tuple[Line, ...]:
    """One placeholder line per four seconds: the stand-in can't hear."""
    whole = int(seconds * 1000)
    starts = range(0, max(1, whole), _LINE_SECONDS * 1000)
    return tuple(
        Line(start, max(start + 1, min(start + _LINE_SECONDS * 1000 - 200, whole)), f"Line {number}.")
        for number, start in enumerate(starts, 1)
    )


def _draft_lines(lines: tuple[Line, ...], locale: str) -> tuple[Line, ...]:
    return tuple(Line(line.start_ms, line.end_ms, f"[{locale}] {line.text}", line.speaker) for line in lines)
