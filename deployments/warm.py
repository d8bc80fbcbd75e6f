"""A process that has imported everything and waits for a run: `python -m deployments.warm`.

It is given one line of JSON on standard input, ``{"run": ID, "entrypoint": "flows.localise.localise", "env": {...}}``,
and becomes that run. Importing takes seconds; so the served deployments always keep one such process waiting. While it
runs it holds a lock in ``POLYREEL_HOME``, so that a run whose process is gone is known for dead at once.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import sys
import threading
import time

from deployments import garbage, lifeline
from deployments.liveness import hold_run


def main() -> None:
    """Import, wait, run."""
    garbage.look_seldom()
    # Ctrl-C on a terminal is for `polyreel up`, which ends its runs itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    imports = threading.Thread(target=_import_everything, daemon=True)
    imports.start()
    line = lifeline.first_line()
    if not line:
        os._exit(0)  # Nobody needs this process any more; not even to tidy up after imports.
    order = json.loads(line)
    lifeline.hold(_stop)
    imports.join()
    os.environ.update(order["env"])
    with hold_run(order["run"]):
        _become(order["run"], order["entrypoint"])


def _import_everything() -> None:
    for name in ("prefect.engine", "prefect.flow_engine", "flows.localise", "flows.batch", "flows.inbox"):
        importlib.import_module(name)


def _become(run: str, entrypoint: str) -> None:
    """Prefect's own way of running one flow run in a process of its own."""
    os.environ["PREFECT__FLOW_RUN_ID"] = run
    os.environ["PREFECT__FLOW_ENTRYPOINT"] = entrypoint
    sys.argv = ["prefect.engine", run]
    sys.modules.pop("prefect.engine", None)  # runpy runs it anew, and warns when it is there already
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.5)
    # The first one may have come while the engine was not listening yet.
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
