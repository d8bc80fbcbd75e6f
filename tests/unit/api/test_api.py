"""The Python API's face: cheap to import, complete, typed, and clear where it can't go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import polyreel
from polyreel import InvalidJob, Job, PolyreelError, plan, run


def test_importing_the_package_loads_none_of_it() -> None:
    """A program that imports polyreel pays nothing before it calls something."""
    code = "import sys, polyreel; print([m for m in sys.modules if m in ('pydantic', 'prefect', 'numpy')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", polyreel.__all__)
def test_every_public_name_is_there_and_described(name: str) -> None:
    """What `__all__` promises can be imported, says what it is, and stands on the API's page."""
    found = getattr(polyreel, name)
    assert found.__doc__
    assert name in dir(polyreel)
    assert f"`{name}" in (Path(__file__).parents[3] / "docs" / "python-api.md").read_text("utf-8")


def test_a_name_that_is_not_public_is_refused() -> None:
    """A misspelt name is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="localize"):
        _ = polyreel.localize


def test_the_package_is_marked_as_typed() -> None:
    """Type checkers read annotations only of packages that carry the mark."""
    assert (Path(polyreel.__file__).parent / "py.typed").is_file()


def test_a_plan_says_what_a_run_would_do(sample_job: Path) -> None:
    """Typed states per stage and language; nothing is done yet, and nothing is started."""
    preview = plan(polyreel.load_job(sample_job))
    assert preview.job == "sample"
    assert preview.stages["ingest"] == "done"
    assert set(preview.languages["es-ES"].stages.values()) == {"to do"}
    assert preview.quote["paid_minutes"] == 0


def test_a_job_that_can_not_begin_raises_before_anything_is_started(tmp_path: Path) -> None:
    """`run` refuses it at once, as `polyreel run` does."""
    job = Job.model_validate(
        {"name": "x", "source": {"media": str(tmp_path / "none.mp4"), "locale": "en-US"}, "targets": ["es-ES"]}
    )
    with pytest.raises(InvalidJob):
        run(job)


async def test_blocking_calls_are_refused_in_an_event_loop(sample_job: Path) -> None:
    """Where a loop is running, the error names the call to await instead."""
    with pytest.raises(PolyreelError, match=r"await polyreel\.arun"):
        run(polyreel.load_job(sample_job))
    assert (await polyreel.aplan(polyreel.load_job(sample_job))).job == "sample"


@pytest.fixture
def sample_job(narrated: Path, tmp_path: Path) -> Path:
    """A job over the tests' own reel, with a script in either language."""
    path = tmp_path / "job.yaml"
    path.write_text(f"""\
name: sample
source: {{media: {narrated / "narrated.mp4"}, locale: en-US, subtitles: {narrated / "narrated.en-US.srt"}}}
targets: [{{locale: es-ES, subtitles: {narrated / "narrated.es-ES.srt"}}}]
delivery: [{{to: folder, path: out}}]
""")
    return path
