"""The served deployments of `polyreel up`: `python -m deployments.runner.served WISHES`, WISHES as JSON.

Prints ``ready`` on standard output once every deployment is registered; lives as long as its standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

from deployments.process import garbage, lifeline


def main() -> None:
    """Serve until SIGTERM or the end of standard input. Exit code 2: what was wished for can't be."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C on a terminal is for `polyreel up`
    garbage.look_seldom()
    from polyreel.errors import InvalidJob

    try:
        asyncio.run(_serve_runs(json.loads(sys.argv[1])))
    except InvalidJob as error:
        print(json.dumps(error.as_dict()), flush=True)  # noqa: T201 - the parent reads it
        sys.exit(2)


async def _serve_runs(given: dict[str, Any]) -> None:
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    assert me is not None  # noqa: S101 - this runs in one
    lifeline.hold_lifeline(lambda: os.kill(os.getpid(), signal.SIGTERM), goodbye_s=8.0)
    from deployments.runner.automations import install_automations, notification_block
    from deployments.runner.definitions import ENTRYPOINTS, Wishes, make_deployments
    from deployments.runner.runner import WarmRunner
    from deployments.runner.waking import wake_runs
    from deployments.runner.warden import drop_missed, watch_runs
    from deployments.runner.watching import watch_accounts

    # Cancelling unwinds the blocks in order, where a signal's own handler would end the process in the middle of one.
    loop.add_signal_handler(signal.SIGTERM, me.cancel)
    wishes = Wishes(**given["wishes"])
    runner = WarmRunner(ENTRYPOINTS, wishes.processes)
    try:
        told = [await notification_block(place) for place in given["tell"]]
        async with runner:
            await install_automations(runner.client, told)
            ids = [await runner.aadd_deployment(each) for each in make_deployments(wishes)]
            # Before the polling begins, or every round that was missed would be started at once.
            await drop_missed(runner.client, ids)
            print("ready", flush=True)  # noqa: T201 - the parent waits for it
            async with asyncio.TaskGroup() as group:
                group.create_task(watch_runs(runner.client, ids, runner.minds))
                group.create_task(runner.poll())
                group.create_task(watch_accounts())
                group.create_task(wake_runs(runner.client))
    except asyncio.CancelledError:
        # A signal cancels it: that is how it is meant to end, with no error behind it.
        pass


if __name__ == "__main__":
    main()
