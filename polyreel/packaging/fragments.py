"""Long sounds in fragments, for the packager: an index of its own every six seconds in place of one for the whole film.

The packager reads the index of every file before the first sound, and keeps 32 bytes of it per frame and track: ten
languages of two hours took it 376 MB, where three minutes take 96. Copied into fragments first, it is flat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from polyreel.media.command import Limits, local_input, local_output, run
from polyreel.packaging.roles import Rendition

LONG_BYTES = 150_000_000
"""From how much sound in all it is worth the copy, which takes 0.7 s of a core per hour and track."""
# As long as the segments that are cut of them.
_FRAGMENT_US = 6_000_000


async def divide_long_sounds(sounds: Sequence[Rendition], folder: Path, limits: Limits) -> list[Rendition]:
    """The same sounds, from files in fragments where all together are long; nothing is encoded. Raises as `run` does.

    The copies are in ``folder``, which has to be there.
    """
    if sum(one.path.stat().st_size for one in sounds) < LONG_BYTES:
        return list(sounds)
    return [await _divide_sound(one, folder / f"sound-{number}.mp4", limits) for number, one in enumerate(sounds)]


async def _divide_sound(sound: Rendition, target: Path, limits: Limits) -> Rendition:
    # delay_moov: what is written at once lacks the edit list, and every sound would come by the encoder's delay later.
    fragments = {"movflags": "+delay_moov+default_base_moof", "frag_duration": _FRAGMENT_US}
    output = local_output(
        local_input(sound.path)["a:0"], path=target, format="mp4", map_metadata=-1, **{"c:a": "copy"}, **fragments
    )
    await run(output, limits=limits)
    return replace(sound, path=target)
