"""What the pages of this package are rendered with: their templates, their style, and what may run in them."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2

Filter = Callable[..., Any]


@cache
def read_file(name: str) -> str:
    """A template, style or script of this package, as text."""
    return files("polyreel.report").joinpath(name).read_text("utf-8")


def load_template(name: str, **filters: Filter) -> jinja2.Template:
    """A page's template. All that is put in is escaped, and a name that nobody gave is an error and no blank."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(filters)
    return environment.from_string(read_file(name))


def hash_source(text: str) -> str:
    """A style or script as a content security policy allows it: by its hash, and nothing else."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def format_moment(seconds: float) -> str:
    """Seconds since 1970 as this machine's clock shows them; empty for 0."""
    return time.strftime("%d %b %H:%M", time.localtime(seconds)) if seconds else ""
