"""One run of a work pool: `python -m deployments.pools.run`, started by a worker in a process, a container or a pod.

Prefect's settings below ``POLYREEL_HOME`` must stand before Prefect is imported; else results would be kept where no
other run looks for them.
"""

from __future__ import annotations

import os

from deployments.process import environment
from deployments.process.prefect_insides import become_run, run_in_environment
from deployments.process.signs_of_life import HEARTBEAT_S


def main() -> None:
    """Become the run that the worker names in the environment."""
    environment.prepare_environment("INFO")
    # Prefect's default is 180 s, and the automation takes a run for crashed sooner than that.
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", str(HEARTBEAT_S))
    if _is_refused(run_in_environment()):
        return
    become_run()


def _is_refused(run: str) -> bool:
    """Whether the run can't begin with what it brings; its state has the reason then."""
    from uuid import UUID

    from prefect.client.orchestration import get_client
    from prefect.states import Failed

    from deployments.runner.parameters import find_fault

    if not run:
        return False
    with get_client(sync_client=True) as client:
        found = client.read_flow_run(UUID(run))
        fault = find_fault(client.read_flow(found.flow_id).name, found.parameters)
        # Prefect's engine would end with status 1 and no reason.
        if fault:
            client.set_flow_run_state(found.id, Failed(message=fault), force=True)
    return fault is not None


if __name__ == "__main__":
    main()
