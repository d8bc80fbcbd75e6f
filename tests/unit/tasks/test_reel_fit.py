"""What a source from afar can't give is refused as soon as its reel is there, also where another job had it cut."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import PolyreelError
from polyreel.media.binaries import ffmpeg
from polyreel.outcome import Reel
from polyreel.planning.reel_fit import require_fitting_reel
from polyreel.plans import Plan
from polyreel.store.choice import open_store

AFAR = {"media": "https://films.example/reel.mp4", "locale": "en-US"}


@pytest.fixture
def film(tmp_path: Path) -> Any:
    """Two seconds at 25 pictures, 256 by 144, as a file of the store."""
    path = tmp_path / "film.mp4"
    pattern = "testsrc2=s=256x144:r=25:d=2"
    subprocess.run([str(ffmpeg()), "-v", "error", "-f", "lavfi", "-i", pattern, "-c:v", "mpeg4", path], check=True)
    return open_store().keep_file(path, ".mp4")


@pytest.fixture
def cut(film: Any) -> Reel:
    return Reel(file=film, duration="2", width=256, height=144, frame_rate="25", video_codec="h264")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"packaging": [{"kind": "hls", "ladder": [720, 144]}]}, "ladder_above_source"),
        ({"source": {**AFAR, "frame_rate": "24"}}, "frame_rate_mismatch"),
        ({"source": {**AFAR, "timecode": "01:00:00;02"}}, "drop_frame"),
        ({"output": "mp3"}, "output_is_for_sound"),
    ],
)
async def test_what_the_reel_can_not_give_is_refused(
    plan: Callable[..., Plan], film: Any, cut: Reel, changes: dict[str, Any], code: str
) -> None:
    asked = plan("es-ES", **({"source": AFAR} | changes)).model_copy(update={"source": film})
    with pytest.raises(PolyreelError) as refused:
        await require_fitting_reel(asked, cut)
    assert refused.value.code == code


async def test_what_it_can_give_is_taken(plan: Callable[..., Plan], film: Any, cut: Reel) -> None:
    source = {**AFAR, "frame_rate": "25", "timecode": "01:00:00:02"}
    asked = plan("es-ES", source=source, packaging=[{"kind": "hls", "ladder": [144]}])
    await require_fitting_reel(asked.model_copy(update={"source": film}), cut)


@pytest.mark.parametrize(
    ("trim", "is_cut_to", "fits"),
    [
        (None, ("0", "2"), True),
        (None, ("0", "4"), False),
        ({"end": 1}, ("0", "1"), True),
        ({"start": 3}, ("3", "1"), False),
    ],
)
async def test_an_audio_description_reaches_the_reels_end(
    plan: Callable[..., Plan], film: Any, cut: Reel, trim: Any, is_cut_to: tuple[str, str], fits: bool
) -> None:
    """Of the whole source it is as long; where the source is cut, nobody here knows how long that was."""
    asked = plan("es-ES", source=AFAR, **({"trim": trim} if trim else {}))
    asked = asked.model_copy(update={"source": film, "audio_description": film})
    start, duration = is_cut_to
    reel = cut.model_copy(update={"start": start, "duration": duration})
    if fits:
        await require_fitting_reel(asked, reel)
        return
    with pytest.raises(PolyreelError) as refused:
        await require_fitting_reel(asked, reel)
    assert refused.value.code == "audio_description_length"
