"""A process that has imported everything and waits for a run: `python -m deployments.runner.warm`.

It is given one line of JSON on standard input, ``{"run": ID, "entrypoint": "flows.localise.localise", "env": {...}}``,
and becomes that run. Importing takes seconds; so the served deployments always keep one such process waiting. While it
runs it holds a lock in ``POLYREEL_HOME``, so that a run whose process is gone is known for dead at once.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import threading
import time

from deployments.process import garbage, lifeline
from deployments.process.prefect_insides import become_run, leave_out_unneeded
from deployments.runner.liveness import hold_run
from polyreel.machine.heap import share_pools


def main() -> None:
    """Import, wait, run."""
    garbage.look_seldom()
    share_pools()
    # Ctrl-C on a terminal is for `polyreel up`, which ends its runs itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Beside the reading of the order: a run that comes within the first seconds is refused, or ended, without waiting
    # for imports.
    imports = threading.Thread(target=_import_everything, daemon=True)
    imports.start()
    line = lifeline.first_line()
    if not line:
        os._exit(0)  # Nobody needs this process any more; not even to tidy up after imports.
    order = json.loads(line)
    if order.get("refused"):
        os._exit(0)  # The run is over, its reason told to the server.
    lifeline.hold_lifeline(_stop_process)
    # The order is here, the imports may not be: half-imported modules must not meet the run's own imports.
    imports.join()
    os.environ.update(order["env"])
    with hold_run(order["run"]):
        become_run(order["run"], order["entrypoint"])


# What runs import on the way, as a repeated one does without it: a process that waits has the time.
_ON_THE_WAY = (
    "polyreel.dubbing.loading",
    "polyreel.dubbing.mending",
    "polyreel.dubbing.translation",
    "polyreel.engine.voice.text.words",
    "polyreel.media.trim",
    "polyreel.packaging.films",
    "polyreel.packaging.provenance.c2pa",
    "polyreel.packaging.streaming",
)


def _import_everything() -> None:
    leave_out_unneeded()
    engine = ("prefect.engine", "prefect.flow_engine")
    flows = ("flows.localise", "flows.batch", "flows.inbox", "flows.revise", "flows.housekeeping")
    for name in (*engine, *flows, *_ON_THE_WAY):
        importlib.import_module(name)
    from tasks.run.models import DUBBING_MODULES, FINISHING_MODULES, import_modules

    import_modules(*DUBBING_MODULES, *FINISHING_MODULES)


def _stop_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.5)
    # The first one may have come while the engine was not listening yet.
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
