"""What Prefect costs a job: 20 languages through every stage, with sleeps where the work would be.

A server of its own (SQLite, as `polyreel run` has it) runs one job and then five at once; ``ratio`` is the wall time
against the longest chain of sleeps. Also the memory of server and client.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

STAGE_S = 1.0
LANGUAGES = 20
LIMIT = 1.10


def run() -> list[dict[str, Any]]:
    """One row per measurement."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["POLYREEL_HOME"] = folder
        from deployments import environment
        from deployments.embedded_server import EmbeddedServer

        environment.prepare()
        with EmbeddedServer(Path(folder) / "prefect") as server:
            os.environ["PREFECT_API_URL"] = server.address
            server.wait_until_ready()
            rows = asyncio.run(_measure())
            server_mb = _resident_mb(server._child.pid)
    client_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return [
        *rows,
        {"name": "memory of the server", "MiB": server_mb},
        {"name": "memory of the client", "MiB": client_mb},
    ]


async def _measure() -> list[dict[str, Any]]:
    flow, chain = _sleeping_flow()
    await flow(0)  # the first run of a process and of a server pays for both
    one = await _timed(flow(1))
    five = await _timed(asyncio.gather(*(flow(number) for number in range(2, 7))))
    finished = await _timed(flow(1))
    return [
        {"name": f"one job, {LANGUAGES} languages", "seconds": one, "ratio": one / chain, "goal": f"<= {LIMIT}"},
        {"name": "five such jobs at once", "seconds": five, "ratio": five / chain},
        {"name": "a finished job once more", "seconds": finished, "goal": "<= 3 s"},
    ]


async def _timed(work: Any) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


def _sleeping_flow() -> tuple[Any, float]:
    """The main flow's shape, made of the same stages and the same bounded languages."""
    from prefect import flow

    from polyreel.keys import stage_key
    from polyreel.plan import CLOSING_STAGES, JOB_STAGES, LANGUAGE_STAGES
    from tasks.stage import stage

    def sleeping(name: str) -> Any:
        @stage(name, key=lambda given: stage_key(name, 1, job=given["job"], locale=given["locale"]))
        async def sleep(job: int, locale: str) -> float:
            await asyncio.sleep(STAGE_S)
            return STAGE_S

        return sleep

    stages = {name: sleeping(name) for name in (*JOB_STAGES, *LANGUAGE_STAGES, *CLOSING_STAGES)}

    @flow(name="sleeping", persist_result=True, result_serializer="json")
    async def sleeping_job(job: int) -> int:
        for name in JOB_STAGES:
            await stages[name](job, "")

        async def language(locale: str) -> None:
            for name in LANGUAGE_STAGES:
                await stages[name](job, locale)

        await asyncio.gather(*(language(f"l{number}") for number in range(LANGUAGES)))
        for name in CLOSING_STAGES:
            await stages[name](job, "")
        return job

    return sleeping_job, STAGE_S * (len(JOB_STAGES) + len(LANGUAGE_STAGES) + len(CLOSING_STAGES))


def _resident_mb(pid: int) -> int:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) // 1024


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
