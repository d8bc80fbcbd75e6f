"""Subtitles inside a video, taken out as a file of their own."""

from __future__ import annotations

from pathlib import Path

from polyreel.media.command import DEFAULT, Limits, local_input, local_output, run
from polyreel.media.info import MediaInfo, SubtitleStream


async def extract_subtitles(info: MediaInfo, stream: SubtitleStream, folder: Path, *, limits: Limits = DEFAULT) -> Path:
    """Write a text track into ``folder``: WebVTT as it is, everything else as SRT. Raises as `run` does.

    Times are on the file's own timeline, as its picture's are.
    """
    is_webvtt = stream.codec == "webvtt"
    target = folder / ("embedded.vtt" if is_webvtt else "embedded.srt")
    track = local_input(info.path, vn=None, an=None)[str(stream.index)]
    coding = {"format": "webvtt", "c:s": "copy"} if is_webvtt else {"format": "srt", "c:s": "srt"}
    await run(local_output(track, path=target, **coding), limits=limits)
    return target
