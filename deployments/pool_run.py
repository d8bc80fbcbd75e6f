"""One run of a work pool: `python -m deployments.pool_run`, started by a worker in a process, a container or a pod.

Prefect's settings below ``POLYREEL_HOME`` must stand before Prefect is imported; else results would be kept where no
other run looks for them.
"""

from __future__ import annotations

import os
import runpy

from deployments import environment


def main() -> None:
    """Become the run that the worker names in the environment."""
    environment.prepare("INFO")
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
