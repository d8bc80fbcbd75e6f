"""Runs that can't begin: a schedule, or a run that is made directly, may bring no job, or something else.

The server checks parameters only where a deployment is asked for a run in the usual way. Elsewhere Prefect's engine
ends with status 1 where a parameter is missing or one too many, and the run's state says no more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARAMETERS = {
    "localise": ("job",),
    "localise-inbox": ("inbox",),
    "localise-batch": ("batch",),
    "revise": ("job", "revision"),
    "housekeeping": ("housekeeping",),
}
"""The parameters of each flow: it needs all of them, and knows no others."""


def find_fault(flow: str, parameters: Mapping[str, Any]) -> str | None:
    """Why a run of this flow can't begin with these parameters; None where it can. What is in them it says itself."""
    wanted = PARAMETERS.get(flow)
    # Flows of somebody's own on the same server are not for us to judge.
    if wanted is None or parameters.keys() == set(wanted):
        return None
    named = " and ".join(f"`{name}`" for name in wanted)
    count = "its one parameter" if len(wanted) == 1 else "its parameters"
    remedy = f"Give the run, or the schedule that made it, {named} as {count}. [invalid_input]"
    if missing := [name for name in wanted if name not in parameters]:
        return f"This run has no `{missing[0]}`. {remedy}"
    others = ", ".join(repr(name[:40]) for name in sorted(parameters.keys() - set(wanted))[:5])
    return f"This run has parameters that {flow} does not know: {others}. {remedy}"
