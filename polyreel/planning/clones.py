"""The voices that a job has cloned: each sample and each consent read, checked and kept before anything runs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel.engine.voice.port import Speech
from polyreel.errors import MediaError, PolyreelError
from polyreel.intake.jobfile import is_address
from polyreel.job import Job
from polyreel.job.dubbing import Clone
from polyreel.media.command import Limits
from polyreel.media.probe import probe
from polyreel.outcome import ClonedVoice
from polyreel.planning.named_files import Intake, require_file
from polyreel.store.local import path_of

if TYPE_CHECKING:
    from polyreel.engine.sound.pcm import Samples

# The voice's net hears 30 s at most: more would only make the file, and its key, larger.
_SHORTEST_S, _LONGEST_S = 3, 30
_MOST_BYTES = 64 << 20
# A recorder's hush lies below that.
_SILENT = 10 ** (-50 / 20)
# Half a minute of sound takes a second to decode: a file that takes a minute is made to.
_DECODES_FOR = Limits(seconds=60)


async def keep_asked_clones(job: Job, intake: Intake) -> tuple[ClonedVoice, ...]:
    """The voices that a job has cloned, of the first way of dubbing that has any.

    Raises InvalidJob for a file that is not there, MediaError (``bad_sample``, ``bad_consent``).
    """
    asked: list[tuple[Clone, ...]] = [getattr(options, "clones", ()) for options in (job.dubbing, *job.fallback)]
    # Only one engine clones, so that there is one list however many ways there are.
    clones = next((each for each in asked if each), ())
    return tuple([await _keep_clone(each, intake) for each in clones])


async def _keep_clone(clone: Clone, intake: Intake) -> ClonedVoice:
    from polyreel.engine.speech.booth import wav_bytes
    from polyreel.engine.voice.pocket.voice import clone_name
    from polyreel.media.audio import RATE

    where = f"dubbing.clones: {clone.speaker}" if clone.speaker else "dubbing.clones"
    for place, field in ((clone.sample, f"{where}: sample"), (clone.consent.file, f"{where}: consent")):
        if not is_address(place):
            require_file(place, field)
    consent = await intake.file(clone.consent.file)
    if not 0 < consent.bytes <= _MOST_BYTES:
        raise MediaError(
            f"the consent's file has {consent.bytes:,} bytes; from 1 to {_MOST_BYTES:,} are taken",
            code="bad_consent",
            where=where,
            remedy="Give the consent itself: a signed letter, or a recording of it.",
        )
    given = await intake.file(clone.sample)
    if given.bytes > _MOST_BYTES:
        raise _refuse_sample(where, f"it has more than {_MOST_BYTES:,} bytes")
    heard = await _decode(path_of(given), where)
    sample = await asyncio.to_thread(intake.store.keep_bytes, wav_bytes(Speech(heard, RATE)), ".wav")
    return ClonedVoice(
        speaker=clone.speaker or "",
        voice=clone_name(sample.sha256),
        sample=sample,
        given_sha256=given.sha256,
        by=clone.consent.by,
        consent=consent,
    )


async def _decode(file: Path, where: str) -> Samples:
    """The sample as one channel at 48 kHz: its first 30 s."""
    import numpy as np

    from polyreel.media.audio import RATE, read_blocks

    try:
        if not (await asyncio.to_thread(probe, file)).audio:
            raise _refuse_sample(where, "it holds no sound")
        found: list[Samples] = []
        async with aclosing(read_blocks(file, channels=1, limits=_DECODES_FOR)) as sound:
            async for block in sound:
                found.append(block[:, 0])
                if sum(map(len, found)) >= _LONGEST_S * RATE:
                    break
    except PolyreelError as error:
        if error.code == _CODE:
            raise
        raise _refuse_sample(where, error.message.rstrip(".")) from error
    heard: Samples = np.nan_to_num(np.concatenate([*found, np.zeros(0, np.float32)]))[: _LONGEST_S * RATE]
    if np.count_nonzero(np.abs(heard) > _SILENT) == 0:
        raise _refuse_sample(where, "nothing is heard in it")
    if len(heard) < _SHORTEST_S * RATE:
        raise _refuse_sample(where, f"it lasts {len(heard) / RATE:.1f} s, less than {_SHORTEST_S} s")
    return heard


_CODE = "bad_sample"


def _refuse_sample(where: str, why: str) -> MediaError:
    return MediaError(
        f"the sample of a voice can't be used: {why}",
        code=_CODE,
        where=where,
        remedy=f"Give {_SHORTEST_S} to {_LONGEST_S} s of that person speaking alone, as WAV, FLAC, MP3 or M4A.",
    )
