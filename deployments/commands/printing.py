"""Lines for a terminal: words of scripts, vendors and file names, and nothing in them that would steer it."""

from __future__ import annotations

import click

# A quoted line may hold what sets a terminal's title, moves its cursor or types into it (ECMA-48's C0 and C1).
_STEERING = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}


def make_printable(text: str) -> str:
    """The text with U+FFFD for each control character but tabs and line ends."""
    return text.translate(_STEERING)


def echo(text: str, *, err: bool = False) -> None:
    """Print a line of words. JSON goes by `click.echo`, as it is: it is for programs."""
    click.echo(make_printable(text), err=err)
