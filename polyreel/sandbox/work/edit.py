"""Cutting, picturing and packaging media with ffmpeg. Times are seconds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from polyreel.sandbox.work.ffmpeg import ToolFailed, list_input_options, run_ffmpeg
from polyreel.sandbox.work.probe import Clip

_COPYABLE = ("h264", "hevc", "av1", "mpeg4", "vp9")
# Nobody looks long at a rehearsal's pictures; everybody waits for them.
_FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_SEGMENT_SECONDS = "2"
HEIGHTS = {"240p": 240, "360p": 360, "480p": 480, "540p": 540, "720p": 720, "1080p": 1080}


async def trim_media(media: Path, start: float, end: float, out: Path) -> Path:
    """The part from start to end, exact to the frame (so the picture is written anew)."""
    await run_ffmpeg(
        *("-ss", f"{start:.3f}", "-to", f"{end:.3f}", *list_input_options(media)),
        *("-map", "0:v:0?", "-map", "0:a:0?", *_FAST, "-c:a", "aac", "-movflags", "+faststart", str(out)),
    )
    return out


async def take_screenshot(media: Path, at: float, out: Path) -> Path:
    """One picture of the video, at most 640 pixels wide."""
    await run_ffmpeg(
        *(
            "-ss",
            f"{max(0.0, at):.3f}",
            *list_input_options(media),
            "-frames:v",
            "1",
            "-vf",
            "scale='min(640,iw)':-2",
            str(out),
        )
    )
    if not await asyncio.to_thread(out.is_file):
        raise ToolFailed("there is no picture at that time")
    return out


async def is_picture(path: Path) -> bool:
    """Whether a PNG or JPEG can really be read as a picture."""
    try:
        await run_ffmpeg(*list_input_options(path), "-frames:v", "1", "-f", "null", "-")
    except ToolFailed:
        return False
    return True


async def audio_of(media: Path, out: Path) -> Path:
    """The first audio track as a WAV file."""
    await run_ffmpeg(*list_input_options(media), "-vn", "-map", "0:a:0", "-c:a", "pcm_s16le", "-ar", "48000", str(out))
    return out


def video_copy(clip: Clip) -> tuple[str, ...]:
    """Arguments that take the picture over as it is, or write it anew where MP4 can't hold it."""
    return ("-c:v", "copy") if clip.video_codec in _COPYABLE else _FAST


async def stand_in(out: Path, seconds: float = 6.0) -> Path:
    """A small test film with sound, for sources that a rehearsal can't reach."""
    await run_ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:duration={seconds}"),
        *("-f", "lavfi", "-i", f"sine=frequency=220:duration={seconds}"),
        *(*_FAST, "-c:a", "aac", "-shortest", str(out)),
    )
    return out


async def picture_of(out: Path, width: int, height: int) -> Path:
    """A test picture."""
    await run_ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={width & ~1}x{height & ~1}", "-frames:v", "1", str(out))
    return out


async def write_stream(media: Path, clip: Clip, resolutions: list[str], folder: Path) -> None:
    """HLS (``video.m3u8``) and DASH (``video.mpd``) over the same segments, one rendition per resolution."""
    heights = sorted({min(HEIGHTS[name], clip.height) & ~1 for name in resolutions})
    await _write_packages(media, clip, _list_renditions(heights), folder)


async def stream_as_is(media: Path, clip: Clip, folder: Path) -> None:
    """The same files with the picture taken over as it is: one rendition, at once."""
    video = ["-map", "0:v:0", *(("-c:v", "copy") if clip.video_codec == "h264" else _FAST)]
    await _write_packages(media, clip, video, folder)


async def draw_thumbnails(media: Path, clip: Clip, folder: Path, count: int = 6) -> list[str]:
    """Pictures spread over the video; their names."""
    names = [f"thumbnail_{number}.png" for number in range(1, count + 1)]
    for number, name in enumerate(names):
        await take_screenshot(media, clip.seconds * (number + 0.5) / count, folder / name)
    return names


async def draw_sprite(media: Path, folder: Path, every: int = 2) -> str:
    """One picture of 10 x 10 small ones, for the player's scrub bar; its name."""
    grid = f"fps=1/{every},scale=160:90,tile=10x10"
    await run_ffmpeg(*list_input_options(media), "-frames:v", "1", "-vf", grid, str(folder / "sprite_image.png"))
    return "sprite_image.png"


async def _write_packages(media: Path, clip: Clip, video: list[str], folder: Path) -> None:
    await run_ffmpeg(
        *list_input_options(media),
        *video,
        *(("-map", "0:a:0", "-c:a", "aac", "-ac", "2") if clip.audio_codec else ()),
        *("-f", "dash", "-seg_duration", _SEGMENT_SECONDS, "-use_template", "1", "-use_timeline", "1"),
        *("-adaptation_sets", "id=0,streams=v id=1,streams=a" if clip.audio_codec else "id=0,streams=v"),
        *("-hls_playlist", "1", "-hls_master_name", "video.m3u8", str(folder / "video.mpd")),
    )


def _list_renditions(heights: list[int]) -> list[str]:
    args: list[str] = []
    for index, height in enumerate(heights):
        args += ["-map", "0:v:0", f"-filter:v:{index}", f"scale=-2:{height}"]
    return [*args, *_FAST, "-g", "48", "-sc_threshold", "0"]
