"""All blocks at once, registered with Prefect: for its server, which offers every kind that there is.

Prefect imports this module by its ``prefect.collections`` entry point. Runs don't: see `blocks`.
"""

from __future__ import annotations

from inspect import isabstract

from prefect.blocks.core import Block
from prefect.utilities.dispatch import get_registry_for_type

import blocks

BLOCKS = tuple(getattr(blocks, name) for name in blocks.__all__)
"""Every block, imported and so registered."""

# Prefect's server offers every class that it has registered as a kind of block; of a common base none can be made.
_registry = get_registry_for_type(Block) or {}
for _key, _kind in tuple(_registry.items()):
    if isabstract(_kind) and _kind.__module__.startswith(f"{blocks.__name__}."):
        del _registry[_key]
