"""Which store there is: the one place that decides between this machine's own and one that is shared."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from polyreel.machine import home
from polyreel.store.local import LocalStore
from polyreel.store.port import Store

if TYPE_CHECKING:
    from polyreel.store.shared import SharedStore


def open_store() -> Store:
    """The store that ``POLYREEL_STORE`` names; a folder below ``POLYREEL_HOME`` where it names none."""
    address = home.read_shared_store()
    return _open_shared(address, home.store_dir()) if address else LocalStore()


@lru_cache(maxsize=8)
def _open_shared(address: str, _working_copy: Path) -> SharedStore:
    # One for the whole process: it remembers what is there already, and what is on its way.
    from polyreel.objects.address import prefix_address
    from polyreel.store.shared import SharedStore

    return SharedStore(prefix_address(address))
