"""Whatever the papers name is there: files and folders by their paths, modules and what they define by dotted names."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.cli import COMMANDS
from polyreel import Job

ROOT = Path(__file__).parents[2]
PACKAGES = ("polyreel", "blocks", "tasks", "flows", "deployments", "tests", "benchmarks", "examples")
PAPERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "examples" / "README.md", *ROOT.glob("docs/**/*.md")]
SUFFIXES = "py|md|yaml|yml|toml|svg|css|j2|csv|tsv|txt|json|lock"
# Names of a reader's own files, and of what a run makes.
MADE_UP = re.compile(
    r"^(?:out|NAME|INBOX|LOCALE|up|demo|POLYREEL_HOME|~|\.\.|store|results|models|voices|prefect|scratch)/"
)
OTHERS = {"WIRE.md", "tasks.py", "json.py", "prefect.toml"}
"""The page on vendors' wires, and what may lie in the folder that a command is called in."""
_FILE = re.compile(rf"[\w.*-]+(?:/[\w.*-]+)*\.(?:{SUFFIXES})|(?:{'|'.join(PACKAGES)}|docs)(?:/[\w*-]+)*/?")
_DOTTED = re.compile(r"(?:[a-z_]+\.)+[A-Za-z_]\w*")


@cache
def _there() -> tuple[str, ...]:
    """Every file and folder of the project, without what was set up or made."""
    tops = [*PACKAGES, "docs", ".ci"]
    found = [path for top in tops for path in (ROOT / top).rglob("*") if "__pycache__" not in path.parts]
    return tuple(f"/{path.relative_to(ROOT)}" for path in [*found, *ROOT.glob("*"), *(ROOT / top for top in tops)])


def _names(paper: Path, pattern: re.Pattern[str]) -> list[str]:
    text = re.sub(r"```.*?```", "", paper.read_text("utf-8"), flags=re.DOTALL)
    spans = [part for span in re.findall(r"`([^`\n]+)`", text) for part in span.split()]
    bare = re.findall(rf"\b(?:{'|'.join(PACKAGES)})/[\w/.-]+\.py\b", text)
    return sorted({part.split("::")[0] for part in [*spans, *bare] if pattern.fullmatch(part.split("::")[0])})


def _tests_named(paper: Path) -> list[tuple[str, str]]:
    """Tests by path and name: ``tests/unit/x.py::test_y``, ``unit/x.py::TestX::test_y``."""
    found = re.findall(r"([\w/]+\.py)::([\w:]+)", paper.read_text("utf-8"))
    return sorted({(path, name) for path, names in found for name in names.split("::")})


def _defines(path: str, name: str) -> bool:
    files = [ROOT / there.lstrip("/") for there in _there() if there.endswith(f"/{path}")]
    return any(re.search(rf"^ *(?:async def|def|class) {name}\b", file.read_text("utf-8"), re.M) for file in files)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_a_page_names_is_there(paper: Path) -> None:
    """A promise is held by a test that exists, under the name that it has."""
    assert [f"{path}::{name}" for path, name in _tests_named(paper) if not _defines(path, name)] == []


def test_each_of_the_kinds_of_the_field_has_its_test() -> None:
    """The table has all 31 of them, in order, and each row names a test."""
    table = (ROOT / "docs" / "field-cases.md").read_text("utf-8").partition("## The 31 kinds")[2]
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", table, re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 32))
    assert [number for number, row in rows if not re.search(r"`tests/[\w/]+\.py(?:::\w+)?`", row)] == []


def _is_there(name: str) -> bool:
    if "*" in name:
        return any(ROOT.glob(name))
    return any(path.endswith(f"/{name.strip('/')}") for path in _there())


def _is_defined(name: str) -> bool:
    """Whether a dotted name leads to a module of ours, or to a word in one."""
    parts = name.split(".")
    for base in (ROOT, ROOT / "polyreel"):
        for length in range(len(parts), 0, -1):
            place = base.joinpath(*parts[:length])
            module = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
            if module.is_file():
                rest = parts[length : length + 1]
                return all(re.search(rf"\b{word}\b", module.read_text("utf-8")) for word in rest)
    return False


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_page_names_is_there(paper: Path) -> None:
    """A page that names a file which was moved would send its reader astray."""
    named = [name for name in _names(paper, _FILE) if not MADE_UP.search(name) and not _is_a_readers_own(name)]
    assert [name for name in named if not _is_there(name)] == []


def _is_a_readers_own(name: str) -> bool:
    """Plain names of data files (`job.yaml`, `terms.tsv`, `manifest.json`), and the page on vendors' wires."""
    return name in OTHERS or ("/" not in name and not name.endswith((".py", ".md", ".toml", ".lock", ".svg")))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_that_a_page_names_is_there(paper: Path) -> None:
    """So would a dotted name."""
    rooms = {path.name for path in (ROOT / "polyreel").iterdir() if path.is_dir()} | set(PACKAGES) - {"examples"}
    named = [name for name in _names(paper, _DOTTED) if name.split(".")[0] in rooms and not _FILE.fullmatch(name)]
    assert [name for name in named if not _is_defined(name) and not _is_a_field(name)] == []


def _is_a_field(name: str) -> bool:
    """A field of a job, as `dubbing.mix`."""
    first, second, *_ = name.split(".")
    room = ROOT / "polyreel" / first
    return first in Job.model_fields and not (room / f"{second}.py").exists() and not (room / second).is_dir()


def test_every_page_is_in_the_sites_menu_and_on_its_first_page() -> None:
    """A page that no menu names is not found, and ends the strict build of the site."""
    menu, first = ((ROOT / place).read_text("utf-8") for place in ("mkdocs.yml", "docs/index.md"))
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in ROOT.glob("docs/**/*.md")}
    assert {page for page in pages if f" {page}\n" not in menu} == set()
    assert {page for page in pages - {"index.md"} if "/" not in page and f"({page})" not in first} == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme_and_on_a_page(command: str) -> None:
    """A command that only `--help` knows is not found by who reads."""
    pages = "".join(page.read_text("utf-8") for page in ROOT.glob("docs/*.md"))
    assert re.search(rf"polyreel {command}\b", pages)
    assert re.search(rf"(?:polyreel |`){command}\b", (ROOT / "README.md").read_text("utf-8"))


def test_every_field_of_a_job_is_on_its_page() -> None:
    """The page says that it has every field."""
    page = (ROOT / "docs" / "jobs.md").read_text("utf-8")
    assert [name for name in Job.model_fields if not re.search(rf"`{name}[.\[`]", page)] == []


def test_the_readme_is_short() -> None:
    """It is for who has just come; the rest is on pages."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 120


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_piece_of_a_job_on_a_page_is_one_that_a_job_takes(paper: Path) -> None:
    """What a reader copies into a job must not be refused there."""
    for piece in _pieces_of_jobs(paper.read_text("utf-8")):
        source = {"media": "a.mp4", "locale": "en-US", **piece.get("source", {})}
        around = {"review": "script"} if piece.get("targets", True) else {}  # a review is of dubs
        around |= {"series": "a-series"} if piece.get("transcription", {}).get("glossary") else {}  # which has one
        Job.model_validate({"name": "a", "targets": ["es-ES", "fr-FR"], **around, **piece, "source": source})


def _pieces_of_jobs(text: str) -> list[dict[str, Any]]:
    """The blocks marked as YAML, but for those that begin with another file's name; of several ways, each line."""
    found = []
    for block in re.findall(r"```yaml\n(?!# \S+\.yaml\n)(.*?)```", text, re.DOTALL):
        fields = re.findall(r"^[a-z_]+(?=:)", block, re.MULTILINE)
        ways = [block] if len(set(fields)) == len(fields) else block.splitlines()
        found += [piece for way in ways if (piece := yaml.safe_load(way))]
    return found
