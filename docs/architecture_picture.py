"""Draws docs/images/architecture.svg: `python docs/architecture_picture.py`; `--check` only says whether it is true.

Three sources: the folders say which packages and modules there are, the import layers in pyproject.toml where each one
stands, and docs/architecture.yaml what is said of it. The stages are those of `polyreel.plans`.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import yaml

from polyreel.plans import CLOSING_STAGES, JOB_STAGES, LANGUAGE_STAGES

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
WORDS = ROOT / "docs" / "architecture.yaml"

WIDTH, MARGIN, GAP, PADDING = 1180, 20, 8, 12
BOX, THIN_BOX, HEAD = 50, 30, 30
LETTER = 5.6  # mean width of a letter at 10.5 px, in px
COLOURS = {
    "deployments": ("#eef0fb", "#5460b8"),
    "flows": ("#e9f5f3", "#2c7f74"),
    "tasks": ("#eef6e6", "#5b8526"),
    "blocks": ("#fdf3e1", "#a86f12"),
    "polyreel": ("#f7edf3", "#9a3c73"),
}


@dataclass(frozen=True, slots=True)
class Band:
    """A root package: its rows of modules, each row above what it stands on."""

    name: str
    rows: tuple[tuple[str, ...], ...]


def bands() -> list[Band]:
    """Every root package, in the order of the layers."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = {c["containers"][0]: c["layers"] for c in contracts if c["type"] == "layers" and "containers" in c}
    roots = next(c["layers"] for c in contracts if c["type"] == "layers" and "containers" not in c)
    return [Band(root, tuple(_rows(modules_of(root), layers.get(root, ())))) for root in roots]


def modules_of(root: str) -> list[str]:
    """The packages and modules directly in a root package."""
    found = (ROOT / root).iterdir()
    return sorted(
        path.stem
        for path in found
        if (path / "__init__.py").is_file() or (path.suffix == ".py" and path.stem[0] != "_")
    )


def _rows(modules: list[str], layers: list[str] | tuple[()]) -> Iterator[tuple[str, ...]]:
    """Modules by layer; those that no layer knows, together at the end."""
    left = set(modules)
    for layer in layers:
        row = [name for name in layer.replace("|", " ").replace(":", " ").split() if name in left]
        left -= set(row)
        if row:
            yield tuple(row)
    if left:
        yield tuple(sorted(left))


def draw() -> str:
    """The picture, as SVG."""
    words = yaml.safe_load(WORDS.read_text("utf-8"))
    parts: list[str] = []
    top = _draw_stages(parts, MARGIN)
    for band in bands():
        top = _draw_band(parts, band, words, top + GAP)
    height = top + MARGIN
    style = (
        "text{font-family:'DejaVu Sans',Verdana,Arial,sans-serif;fill:#22242e}"
        ".n{font-size:12.5px;font-weight:bold}.w{font-size:10.5px;fill:#4a4d5a}.h{font-size:14px;font-weight:bold}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
    title = "<title>polyreel's packages: each imports only what is below it</title>"
    paper = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, title, f"<style>{style}</style>", paper, *parts, "</svg>", ""])


def _draw_stages(parts: list[str], top: int) -> int:
    """A job's way: one line of stages, those of each language in a frame."""
    lines = [
        (
            "The way of a job",
            "job file → Job → Plan → the stages → Outcome; each stage is kept under a key of its content",
        ),
        ("once", " → ".join(JOB_STAGES)),
        ("per language, side by side", " → ".join(LANGUAGE_STAGES)),
        ("at the end", " → ".join(CLOSING_STAGES)),
    ]
    height = HEAD + 20 * (len(lines) - 1) + 4
    parts.append(_rect(MARGIN, top, WIDTH - 2 * MARGIN, height, "#f3f4f7", "#6b7080"))
    for number, (name, text) in enumerate(lines):
        y = top + 20 + 20 * number
        parts.append(_text(MARGIN + PADDING, y, name, "h" if number == 0 else "n"))
        parts.append(_text(MARGIN + 240, y, text, "w"))
    return top + height


def _draw_band(parts: list[str], band: Band, words: dict[str, str], top: int) -> int:
    fill, line = COLOURS[band.name]
    tall = [len(row) > 1 for row in band.rows]
    height = HEAD + sum((BOX if each else THIN_BOX) + GAP for each in tall) + PADDING - GAP
    parts.append(_rect(MARGIN, top, WIDTH - 2 * MARGIN, height, fill, line))
    parts.append(_text(MARGIN + PADDING, top + 20, f"{band.name}/", "h"))
    parts.append(_text(MARGIN + 240, top + 20, words.get(band.name, ""), "w"))
    y = top + HEAD
    for row, is_tall in zip(band.rows, tall, strict=True):
        box = BOX if is_tall else THIN_BOX
        width = (WIDTH - 2 * MARGIN - 2 * PADDING - GAP * (len(row) - 1)) / len(row)
        for number, name in enumerate(row):
            x = MARGIN + PADDING + number * (width + GAP)
            draw_box = _box if is_tall else _line
            parts += draw_box(x, y, width, box, name, words.get(f"{band.name}.{name}", ""), line)
        y += box + GAP
    return top + height


def _box(x: float, y: int, width: float, height: int, name: str, words: str, line: str) -> Iterator[str]:
    yield _rect(x, y, width, height, "#ffffff", line)
    lines = textwrap.wrap(words, max(8, int((width - 12) / LETTER)))[:2]
    first = y + height / 2 + 4 - 6.5 * len(lines)
    yield _text(x + width / 2, first, name, "n", middle=True)
    for number, text in enumerate(lines, start=1):
        yield _text(x + width / 2, first + 13 * number, text, "w", middle=True)


def _line(x: float, y: int, width: float, height: int, name: str, words: str, line: str) -> Iterator[str]:
    """A module that has its layer to itself: its words beside its name."""
    yield _rect(x, y, width, height, "#ffffff", line)
    yield _text(x + PADDING, y + height / 2 + 4, name, "n")
    yield _text(MARGIN + 240, y + height / 2 + 4, words, "w")


def _rect(x: float, y: float, width: float, height: float, fill: str, line: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} rx="6" fill="{fill}" stroke="{line}"/>'


def _text(x: float, y: float, text: str, kind: str, *, middle: bool = False) -> str:
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}"{anchor}>{escape(text)}</text>'


def main(arguments: list[str]) -> int:
    """Draw, or check."""
    parser = argparse.ArgumentParser(prog="python docs/architecture_picture.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="draw nothing; exit 1 where the picture is out of date")
    if not parser.parse_args(arguments).check:
        PICTURE.write_text(draw(), "utf-8")
        return 0
    if PICTURE.exists() and PICTURE.read_text("utf-8") == draw():
        return 0
    sys.stderr.write("docs/images/architecture.svg is out of date. Run `python docs/architecture_picture.py`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
