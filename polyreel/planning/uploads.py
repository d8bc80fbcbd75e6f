"""Whether a job's films are larger than its places take in one upload: told before anything is bought."""

from __future__ import annotations

from fractions import Fraction

from polyreel.delivery.places import require_uploadable
from polyreel.job import Job
from polyreel.media.codecs import MP4_VIDEO
from polyreel.media.info import AudioStream, MediaInfo
from polyreel.outcome import Reel

_LOSSY = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "opus", "vorbis"})
_MOST_LOSSY = 640_000 // 8
"""Bytes per second: AC-3's highest rate, above which nobody goes with the others."""
_WIDEST_SAMPLE = 8
"""Bytes of one sample: PCM is at most 64 bits wide, and no lossless coding is larger."""


def require_uploadable_source(job: Job, info: MediaInfo) -> None:
    """See that a whole film of this machine can go to every place of its job. Raises `InvalidJob`.

    The picture is copied, and the dub's sound comes to it: the film is no smaller than the source without its own
    sound. What is cut, or encoded anew, is known as a reel only (`require_uploadable_reel`).
    """
    if job.trim or info.video is None or info.video.codec not in MP4_VIDEO:
        return
    sound = sum(_measure_most(each) * (each.duration or info.duration) for each in info.audio)
    _require_uploadable(job, int(info.path.stat().st_size - sound))


def require_uploadable_reel(job: Job, reel: Reel) -> None:
    """The same of the reel, which is what each dub's film will be but for the sound. Raises `InvalidJob`."""
    if reel.has_picture:
        _require_uploadable(job, reel.file.bytes)


def _require_uploadable(job: Job, size: int) -> None:
    for options in job.delivery if job.targets else ():
        require_uploadable(options, job.staging, size)


def _measure_most(track: AudioStream) -> Fraction:
    """Bytes per second that a track has at most."""
    if track.codec in _LOSSY:
        return Fraction(_MOST_LOSSY)
    return Fraction(track.channels * track.sample_rate * _WIDEST_SAMPLE)
