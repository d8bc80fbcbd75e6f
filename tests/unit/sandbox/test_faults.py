"""Faults by themselves: what is offered, and how chance strikes. Where they strike is tried in tests/integration."""

from __future__ import annotations

from polyreel.sandbox.__main__ import PROFILES as OFFERED
from polyreel.sandbox.faults import PROFILES, Fault, Faults


def test_the_command_line_offers_every_profile():
    assert set(OFFERED) == set(PROFILES)


def test_chance_is_seeded():
    fault = Fault(kind="status", times=0, chance=0.5)

    def rehearse():
        faults = Faults()
        faults.arm(fault)
        return [faults.take("status", "nomad") is not None for _ in range(20)]

    assert rehearse() == rehearse()
    assert 0 < sum(rehearse()) < 20
