"""Who holds rows and claims of the ledger, for tests."""

from __future__ import annotations

import subprocess
import sys


def make_dead_holder() -> str:
    """A process of this machine that has ended, as `polyreel.ledger.holder` names it."""
    code = "from polyreel.ledger.holder import new_holder; print(new_holder())"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
