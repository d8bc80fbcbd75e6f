"""Scripts and their reel: what would be lost is refused before anything runs, and what mends it is named."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.intake.jobfile import parse_job
from polyreel.media.binaries import ffmpeg
from polyreel.planning.prepare import prepare
from polyreel.plans import Plan
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timing import rescale, shift

STARTS = (200, 3100, 7400, 11_000, 16_300, 22_900, 27_700)
SOURCE = Track(tuple(Cue(start, start + 1500, f"Line number {n}.") for n, start in enumerate(STARTS)))
TARGET = Track(tuple(Cue(start, start + 1500, f"Línea número {n}.") for n, start in enumerate(STARTS)))


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty seconds at 25 frames per second."""
    path = tmp_path_factory.mktemp("reel") / "reel.mp4"
    picture, sound = "color=gray:size=64x64:rate=25:duration=30", "sine=frequency=200:duration=30"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    subprocess.run([ffmpeg(), "-v", "error", *inputs, "-c:a", "aac", path], check=True)
    return path


async def prepared(reel: Path, folder: Path, target: Track | str, *, source: Track | None = None, **more: Any) -> Plan:
    """A plan for one language with these scripts; ``more`` goes to the job, ``option`` to its target."""
    script = folder / "es.srt"
    script.write_text(target if isinstance(target, str) else write(target, "srt").text)
    asked: dict[str, Any] = {"media": str(reel), "locale": "en-US"}
    if source:
        (folder / "en.srt").write_text(write(source, "srt").text)
        asked["subtitles"] = str(folder / "en.srt")
    option = more.pop("option", {})
    targets = [{"locale": "es-ES", "subtitles": str(script), **option}]
    job = parse_job(json.dumps({"name": "x", "source": asked, "targets": targets, **more}), "x")
    return await prepare(job, LocalStore())


def starts(plan: Plan) -> list[int]:
    script = plan.languages[0].script
    assert script is not None
    return [cue.start_ms for cue in read_file(path_of(script)).track.cues]


async def test_an_empty_script_is_refused_by_what_it_lacks(reel, tmp_path) -> None:
    """No line is named, as there is none, and no option, as none would give it words."""
    with pytest.raises(InvalidJob, match="there is no cue in it") as refused:
        await prepared(reel, tmp_path, "\n\n")
    assert "line 0" not in str(refused.value)
    assert "accept_repairs" not in str(refused.value)


async def test_a_script_of_a_longer_version_is_refused_with_its_words_and_both_lengths(reel, tmp_path) -> None:
    longer = Track((*TARGET.cues, Cue(33_000, 34_000, "Más allá del final.")))
    with pytest.raises(InvalidJob, match=r"“Más allá del final.” at 00:00:33.000") as refused:
        await prepared(reel, tmp_path, longer)
    assert refused.value.code == "script_outside_reel"
    assert "The reel is 30.0 s" in str(refused.value)
    assert "00:00:34.000" in str(refused.value)
    assert "trim" not in str(refused.value)


async def test_an_offset_is_named_and_the_option_mends_it(reel, tmp_path) -> None:
    with pytest.raises(InvalidJob, match="constant offset") as refused:
        await prepared(reel, tmp_path, shift(TARGET, 36_000_000))
    assert "targets: [{locale: es-ES, offset: -36000}]" in refused.value.remedy
    assert starts(await prepared(reel, tmp_path, shift(TARGET, 36_000_000), option={"offset": -36000})) == [*STARTS]


async def test_a_drift_against_the_sources_script_is_named_and_its_rate_mends_it(reel, tmp_path) -> None:
    late = rescale(TARGET, Fraction(25025, 24000))
    with pytest.raises(InvalidJob, match="frame-rate drift") as refused:
        await prepared(reel, tmp_path, late, source=SOURCE)
    assert "rate: 23.976/25" in refused.value.remedy
    mended = await prepared(reel, tmp_path, late, source=SOURCE, option={"rate": "23.976/25"})
    assert starts(mended) == pytest.approx([*STARTS], abs=1)


async def test_an_option_that_is_wrong_is_answered_with_what_to_write_in_its_place(reel, tmp_path) -> None:
    """Measured on the file as it is: what a person writes stands in place of what the job had."""
    late = rescale(TARGET, Fraction(25025, 24000))
    with pytest.raises(InvalidJob) as turned:
        await prepared(reel, tmp_path, late, source=SOURCE, option={"rate": "25/23.976"})
    assert "{locale: es-ES, rate: 23.976/25}" in turned.value.remedy
    with pytest.raises(InvalidJob) as short:
        await prepared(reel, tmp_path, shift(TARGET, 36_000_000), option={"offset": -3600})
    assert "{locale: es-ES, offset: -36000}" in short.value.remedy
    with pytest.raises(InvalidJob) as needless:
        await prepared(reel, tmp_path, TARGET, option={"offset": -3600})
    assert "Leave the script's `offset` and `rate` out" in needless.value.remedy


async def test_the_sources_own_script_is_judged_and_mended_in_the_same_way(reel, tmp_path) -> None:
    with pytest.raises(InvalidJob, match="outside the reel") as refused:
        await prepared(reel, tmp_path, TARGET, source=shift(SOURCE, 3_600_000))
    assert "source: {offset: -3600}" in refused.value.remedy


async def test_a_job_that_accepts_it_goes_on_and_says_what_is_lost(reel, tmp_path) -> None:
    longer = Track((*TARGET.cues, Cue(33_000, 34_000, "Más allá del final.")))
    plan = await prepared(reel, tmp_path, longer, subtitles={"accept_repairs": True})
    assert any("“Más allá del final.”" in note for note in plan.languages[0].notes)


async def test_with_a_trim_the_script_may_go_on_to_the_sources_end(reel, tmp_path) -> None:
    assert starts(await prepared(reel, tmp_path, TARGET, trim={"end": 5})) == [*STARTS]


async def test_frames_are_read_at_the_reels_rate_and_said(reel, tmp_path) -> None:
    plan = await prepared(reel, tmp_path, "1\n00:00:01:12 --> 00:00:03:20\nHola a todos.\n")
    assert starts(plan) == [1480]
    assert plan.languages[0].notes == ("line 2: the times count frames; read at 25 frames per second",)


async def test_a_file_of_oddities_gives_few_notes(reel, tmp_path) -> None:
    odd = "".join(
        f"{n}\n00:00:0{n % 9},000 --> 00:00:0{n % 9},500\n<big>Hola</big> a todos.\n\n" for n in range(1, 900)
    )
    plan = await prepared(reel, tmp_path, odd)
    assert len(plan.languages[0].notes) <= 21
    assert plan.languages[0].notes[-1].endswith("more notes on the script")


async def test_a_file_that_is_no_script_is_not_quoted(reel, tmp_path) -> None:
    with pytest.raises(InvalidJob) as refused:
        await prepared(reel, tmp_path, "root:x:0:0:hunter2:/root:/bin/bash\n")
    assert "hunter2" not in str(refused.value)
