"""What `polyreel up` serves and what work pools are given are the same flows, and each has its places."""

from __future__ import annotations

from pathlib import Path

import yaml

from deployments.runner.definitions import ENTRYPOINTS, Wishes, make_deployments

ROOT = Path(__file__).parents[4]


def test_every_served_flow_has_a_deployment_and_an_entrypoint() -> None:
    assert {each.name for each in make_deployments(Wishes())} == ENTRYPOINTS.keys()


def test_work_pools_are_given_the_same_flows() -> None:
    given = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    by_name = {each["name"]: each["entrypoint"] for each in given}
    assert {name: by_name.get(name) for name in ENTRYPOINTS} == ENTRYPOINTS


def test_there_is_a_process_for_every_run_that_may_be_at_work() -> None:
    """Else one kind of run would wait for a place that another kind holds."""
    wishes = Wishes(jobs_at_once=3)
    assert wishes.processes == sum(each.concurrency_limit or 0 for each in make_deployments(wishes))
