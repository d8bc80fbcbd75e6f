"""Runs that can't begin: a schedule, or a run that is made directly, may bring no job, or something else.

The server checks parameters only where a deployment is asked for a run in the usual way. Elsewhere Prefect's engine
ends with status 1 where a parameter is missing or one too many, and the run's state says no more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARAMETERS = {"localise": "job", "localise-inbox": "inbox", "localise-batch": "batch", "housekeeping": "housekeeping"}
"""The one parameter of each flow."""


def find_fault(flow: str, parameters: Mapping[str, Any]) -> str | None:
    """Why a run of this flow can't begin with these parameters; None where it can. What is in them it says itself."""
    wanted = PARAMETERS.get(flow)
    if wanted is None or parameters.keys() == {wanted}:
        return None
    remedy = f"Give the run, or the schedule that made it, `{wanted}` as its one parameter. [invalid_input]"
    if wanted not in parameters:
        return f"This run has no `{wanted}`. {remedy}"
    others = ", ".join(repr(name[:40]) for name in sorted(parameters.keys() - {wanted})[:5])
    return f"This run has parameters that {flow} does not know: {others}. {remedy}"
