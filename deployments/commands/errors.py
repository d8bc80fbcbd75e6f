"""How an error reaches a person (one line on stderr) or a program (JSON on stdout), and which exit code it has."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from deployments.commands.printing import echo
from polyreel.errors import HeldForPerson, InvalidJob, PolyreelError
from polyreel.errors.full_disk import as_full_disk

FAILED, INVALID, HELD = 1, 2, 4


@contextmanager
def report_errors(as_json: bool, **fields: Any) -> Iterator[None]:
    """Run a command; an error of ours becomes its message and exit code. ``fields`` go before the error in JSON."""
    try:
        yield
    except PolyreelError as error:
        # A full disk shows up as many errors (SQLite, ffmpeg, httpx): one remedy fits them all.
        told = as_full_disk(error) or error
        _show_error(told, as_json, fields)
        sys.exit(exit_code(told))
    except click.ClickException:
        raise  # how the command was called: click says it, with the usage
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); what is still in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except Exception as error:  # noqa: BLE001 - the last stop: a defect still gets a message and an exit code
        if known := as_full_disk(error) or _as_lost_server(error):
            _show_error(known, as_json, fields)
            sys.exit(FAILED)
        traceback.print_exc()
        remedy = "This is a defect in polyreel; please report it with the lines above."
        _show_error(
            PolyreelError(f"{type(error).__name__}: {error}", code="internal_error", remedy=remedy), as_json, fields
        )
        sys.exit(FAILED)


def exit_code(error: PolyreelError) -> int:
    """How the program ends after an error: 1 failed, 2 invalid, 4 held for a person."""
    if isinstance(error, HeldForPerson):
        return HELD
    # A caller may retry a 1 as it is, and must change something after a 2.
    return INVALID if isinstance(error, InvalidJob) else FAILED


def _as_lost_server(error: Exception) -> PolyreelError | None:
    # Vendors' clients raise errors of ours: httpx's own can only be Prefect's client, whose server went away meanwhile.
    httpx = sys.modules.get("httpx")
    if httpx is None or not isinstance(error, httpx.TransportError):
        return None
    return PolyreelError(
        f"the Prefect server went away ({type(error).__name__})",
        code="server_unreachable",
        where=os.environ.get("PREFECT_API_URL", ""),
        remedy="Run this again when the server is back, or without PREFECT_API_URL.",
    )


def _show_error(error: PolyreelError, as_json: bool, fields: dict[str, Any]) -> None:
    if as_json:
        # `error` stays the first of them, as programs knew it before there were several.
        others = {"errors": [each.as_dict() for each in error.each()]} if error.others else {}
        # An outcome's readers go by its status: what waits for a person did not fail.
        status = {"status": "held"} if "status" in fields and isinstance(error, HeldForPerson) else {}
        told = {**fields, **status, "error": error.as_dict(), **others, "invalid": isinstance(error, InvalidJob)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for each in error.each():
        echo(f"polyreel: {each.describe()}", err=True)
