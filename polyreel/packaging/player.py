"""A page that plays a package from any static host: ``index.html`` beside the manifest, and the player's own script."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import jinja2

from polyreel.job.packaging import PackageKind


def write_page(folder: Path, kind: PackageKind, title: str, script: Path, *, has_picture: bool = True) -> list[Path]:
    """Write the page and its script (hls.js, or shaka-player, which plays both kinds) into a package's folder; return
    both."""
    page, own = folder / "index.html", folder / script.name
    # Of DASH the player finds them in the manifest.
    facts = {"has_picture": has_picture, "has_thumbnails": (folder / "thumbnails.vtt").exists()}
    page.write_text(_load_template().render(title=title, kind=kind, script=script.name, **facts), "utf-8")
    shutil.copyfile(script, own)
    return [page, own]


def _load_template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(files("polyreel.packaging").joinpath("player.html.j2").read_text("utf-8"))
