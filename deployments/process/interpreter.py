"""Programs of ours in processes of their own."""

from __future__ import annotations

import sys


def python_command(module: str, *arguments: str) -> list[str]:
    """The command line of one of our modules, whatever folder it is started in.

    Without ``-P`` Python looks for modules in the current folder first: somebody's ``tasks.py``, ``flows/`` or
    ``json.py`` there would be run instead of ours.
    """
    return [sys.executable, "-P", "-m", module, *arguments]
