"""docs/vendors.md lists every endpoint that the clients have, and they have every endpoint of the vendors' pages."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from polyreel.vendors.operations import CLIENTS

ROOT = Path(__file__).parents[3]
PAGES = ROOT.parent / "shared" / "vendor-apis"
METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD"


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    """What writes the table."""
    spec = importlib.util.spec_from_file_location("vendors_table", ROOT / "docs" / "vendors_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_names_every_endpoint_with_a_test(writer: ModuleType) -> None:
    """Every one has a test; what it says of the code is checked below."""
    rows = [line for line in writer.tables().splitlines() if line.startswith("| `")]
    assert len(rows) == len(writer.known())
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_vendor_has_its_table(writer: ModuleType) -> None:
    """Those whose operations can be called by their names."""
    assert writer.VENDORS.keys() == CLIENTS.keys()


def test_every_endpoint_has_a_user(writer: ModuleType) -> None:
    """A stage, a flow, a block, the client itself, or the command that calls it by its name."""
    rows = [line for line in writer.tables().splitlines() if line.startswith("| `")]
    assert [row for row in rows if not row.split(" | ")[3].strip()] == []


def test_the_page_is_in_step_with_the_code(writer: ModuleType) -> None:
    """Endpoints, sections, methods and tests; who uses them may be a commit behind."""
    page = writer.PAGE.read_text()
    assert _without_users(writer.written(page)) == _without_users(page), "run: python docs/vendors_table.py"


def test_a_stranger_who_asks_for_help_or_a_check_rewrites_nothing(
    writer: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "vendors.md"
    old = f"before\n{writer.BEGIN}\n{writer.END}\nbehind\n"
    page.write_text(old)
    monkeypatch.setattr(writer, "PAGE", page)
    for asked in ("--help", "--nonsense"):
        with pytest.raises(SystemExit):
            writer.main([asked])
    assert (writer.main(["--check"]), page.read_text()) == (1, old)
    assert "python docs/vendors_table.py" in capsys.readouterr().err
    assert writer.main([]) == 0
    assert writer.main(["--check"]) == 0


def _without_users(page: str) -> list[str]:
    columns = re.compile(r"(^\| `.*)\| [^|]* \| [^|]* \|$")
    return [columns.sub(r"\1", line) for line in page.splitlines()]


def _plain(path: str) -> str:
    path = re.sub(r"^https?://[^/]+", "", path.partition("?")[0]).rstrip("/")
    path = path.replace("asset_uud", "asset_uuid")  # the page's own slip
    return re.sub(r"\{[^}]*\}|<[^>]*>|:\w+", "{}", path)


def _documented(page: str) -> Iterator[tuple[str, str]]:
    text = (PAGES / page).read_text()
    for method, path in re.findall(rf"\b({METHODS}) ?(/(?!HEAD)[\w/:{{}}<>.?=-]+)", text):
        yield method, _plain(path)
    for path, methods in re.findall(rf"^(/\S+) \| ((?:{METHODS})(?:/(?:{METHODS}))*) \|", text, re.M):
        for method in methods.split("/"):
            yield method, _plain(path)


@pytest.mark.parametrize("page", ["panjaya.md", "dubformer.md", "videojungle.md", "nomad-media.md"])
def test_every_documented_endpoint_has_a_method(writer: ModuleType, data: Path, page: str) -> None:
    """Those of our own list, and what the vendor's page has beside them where it is at hand."""
    vendor = page.split("-", maxsplit=1)[0].removesuffix(".md")
    have = {(each.method, _plain(each.path)) for each in writer.known() if each.vendor == vendor}
    lines = (data / "endpoints" / f"{vendor}.txt").read_text().splitlines()
    wanted = {(method, path) for method, _, path in (line.partition(" ") for line in lines)}
    assert len(wanted) >= 5
    if PAGES.is_dir():
        wanted |= set(_documented(page))
    assert wanted - have == set()


def test_every_section_of_tpstreams_page_has_a_method(writer: ModuleType, data: Path) -> None:
    """That page names its endpoints by address, one per section."""
    wanted = set((data / "endpoints" / "tpstreams.txt").read_text().splitlines())
    assert len(wanted) >= 5
    if PAGES.is_dir():
        text = (PAGES / "tpstreams.md").read_text()
        paths = {_plain(found) for found in re.findall(r"https://app\.tpstreams\.com(/api/v1/[^\s`\")\\']+)", text)}
        wanted |= {re.sub(r"^/api/v1/[^/]+", "/api/v1/{}", path) for path in paths}
    have = {_plain(each.path) for each in writer.known() if each.vendor == "tpstreams"}
    shapes = [re.compile(re.escape(path).replace(r"\{\}", "[^/]+")) for path in have]
    assert {path for path in wanted if not any(shape.fullmatch(path) for shape in shapes)} == set()
