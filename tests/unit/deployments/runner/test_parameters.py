"""Runs whose parameters can't begin have a reason for it."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.runner.definitions import ENTRYPOINTS
from deployments.runner.parameters import PARAMETERS, find_fault


def test_every_served_flow_has_its_parameter_named() -> None:
    assert PARAMETERS.keys() == ENTRYPOINTS.keys()


@pytest.mark.parametrize("flow", PARAMETERS)
@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "has no `{own}`"),
        ({"jobs": 1}, "has no `{own}`"),
        ({"{own}": {}, "more": 1}, "does not know: 'more'"),
        ({"{own}": {}, "x" * 9999: 1}, "does not know: 'xxx"),
    ],
)
def test_what_is_missing_or_too_much_is_said(flow: str, parameters: dict[str, Any], reason: str) -> None:
    own, *further = PARAMETERS[flow]
    given = {name.replace("{own}", own): value for name, value in parameters.items()}
    given |= dict.fromkeys(further)
    fault = find_fault(flow, given)
    assert fault is not None
    assert reason.replace("{own}", own) in fault
    assert len(fault) < 300


@pytest.mark.parametrize("flow", PARAMETERS)
def test_what_is_in_the_parameter_is_judged_by_the_flow_itself(flow: str) -> None:
    assert find_fault(flow, dict.fromkeys(PARAMETERS[flow], "anything")) is None
    for name in PARAMETERS[flow]:
        fault = find_fault(flow, dict.fromkeys(set(PARAMETERS[flow]) - {name}))
        assert fault is not None
        assert f"has no `{name}`" in fault
