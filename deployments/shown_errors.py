"""How an error reaches a person (one line on stderr) or a program (JSON on stdout), and which exit code it has."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from polyreel.errors import InvalidJob, PolyreelError

FAILED, INVALID = 1, 2


@contextmanager
def shown(as_json: bool, **fields: Any) -> Iterator[None]:
    """Run a command; an error of ours becomes its message and exit code. ``fields`` go before the error in JSON."""
    try:
        yield
    except PolyreelError as error:
        if as_json:
            click.echo(json.dumps({**fields, "error": error.as_dict()}, ensure_ascii=False))
        else:
            click.echo(f"polyreel: {error}", err=True)
        sys.exit(INVALID if isinstance(error, InvalidJob) else FAILED)
