"""Twenty languages at a vendor, beside one: what waiting for many costs; and each of the two jobs once more.

The rehearsal server takes its minute for each dub, as at its own speed, and hands out copies of one that its cheap
stand-in made: a vendor's machines are elsewhere, and what they do costs this one nothing. The server is a `polyreel up`
of this benchmark's own.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.orchestration import _up
from benchmarks.vendors_stage import ROOT, Stage, make_film, open_stage
from polyreel.sandbox import app
from polyreel.sandbox.server import serve_sandbox
from polyreel.sandbox.settings import Pace, Settings
from polyreel.sandbox.work.instant import InstantStudio
from polyreel.sandbox.work.port import Dubbed, Order

LOCALES = (
    "es-ES", "fr-FR", "de-DE", "it-IT", "pt-BR", "pt-PT", "es-MX", "fr-CA", "nl-NL", "pl-PL", "tr-TR", "sv-SE",
    "da-DK", "fi-FI", "cs-CZ", "el-GR", "hu-HU", "ro-RO", "uk-UA", "ja-JP",
)  # fmt: skip
MIXES = {"warm": "speech_only", "one": "voiceover", "twenty": "dub"}
"""Another mix is another purchase, of the same reel."""
LIMIT, AGAIN, REPEATS = 1.10, 3.0, 3


def run() -> list[dict[str, Any]]:
    """Three rows: twenty beside one, and one and twenty once more."""
    with tempfile.TemporaryDirectory(prefix="polyreel-speed-") as folder:
        at = Path(folder)
        with open_stage(at, make_film(at), command=_SLOW_SANDBOX) as stage, _up(at / "home") as (_up_pid, api):
            env = {**os.environ, "POLYREEL_HOME": str(at / "home"), "PREFECT_API_URL": api}
            env["POLYREEL_ALLOW_NETWORKS"] = "127.0.0.0/8"
            env.pop("PYTHONDONTWRITEBYTECODE", None)  # else a start compiles every module, which no installation does
            _save(stage, env)
            start = stage.minutes_left("dubformer")
            _timed(_job(at, stage, "warm", LOCALES[:1]), env)
            alone_job = _job(at, stage, "one", LOCALES[:1])
            one, alone = _timed(alone_job, env)
            if stage.minutes_left("dubformer") != start - 2:
                raise RuntimeError(f"one language was not bought for itself: {alone['paid']}")
            job = _job(at, stage, "twenty", LOCALES)
            twenty, outcome = _timed(job, env)
            before, made = stage.minutes_left("dubformer"), len(stage.list_made("dubformer", "twenty"))
            repeated = {count: _repeat(each, env) for count, each in ((1, alone_job), (len(LOCALES), job))}
            bought = before - stage.minutes_left("dubformer")
    delivered = sum(each["status"] == "delivered" for each in outcome["languages"].values())
    return [
        {
            "name": "20 languages at a vendor beside one",
            "seconds": twenty, "one": one, "ratio": twenty / one, "delivered": delivered, "goal": f"<= {LIMIT}",
        },
        *(
            {
                "name": f"the same job once more, languages: {count}",
                "seconds": seconds, "processor": processor, "purchases": bought, "projects": made,
                "goal": f"0 purchases, <= {AGAIN:g} s",
            }
            for count, (seconds, processor) in repeated.items()
        ),
    ]  # fmt: skip


def _repeat(job: Path, env: dict[str, str]) -> tuple[float, float]:
    """Seconds by the clock and of a processor, the least of some runs."""
    _processor_seconds()
    return min((_timed(job, env)[0], _processor_seconds()) for _ in range(REPEATS))


_SLOW_SANDBOX = "import sys; from benchmarks.vendors_speed import serve_copies; serve_copies(sys.argv[1])"


class _Copyist(InstantStudio):
    """Makes one dub per mix, and copies of it for every language."""

    def __init__(self) -> None:
        self._kept: dict[str, asyncio.Task[Dubbed]] = {}

    async def dub(self, order: Order) -> Dubbed:
        if order.mix not in self._kept:
            folder = Path(tempfile.mkdtemp(dir=order.folder.parent))
            self._kept[order.mix] = asyncio.create_task(super().dub(replace(order, folder=folder)))
        made = await self._kept[order.mix]
        video, voice = (Path(shutil.copy(file, order.folder)) for file in (made.video, made.voice))
        return replace(made, video=video, voice=voice)


def serve_copies(data: str) -> None:
    """A rehearsal server at its own speed, until it is ended; says its address."""
    settings = Settings(Path(data), 0, Pace(1.0), engine="instant")
    with patch.object(app, "InstantStudio", _Copyist):
        serve_sandbox(settings, announce=lambda url: print(url, flush=True))


def _save(stage: Stage, env: dict[str, str]) -> None:
    fields = ["--set", "api_key=dubformer-sandbox", "--set", f"base_url={stage.url}/dubformer"]
    _polyreel(env, "credentials", "save", "dubformer", "account", *fields)


def _job(folder: Path, stage: Stage, name: str, locales: tuple[str, ...]) -> Path:
    file = folder / f"{name}.yaml"
    job = {
        "name": name,
        "source": {"media": f"{stage.film_url}?of={name}", "locale": "en-US"},
        "targets": list(locales),
        "dubbing": {
            "provider": "dubformer",
            "credentials": "account",
            "mix": MIXES[name],
        },
        "delivery": [{"to": "folder", "path": str(folder / "out")}],
    }
    file.write_text(json.dumps(job))
    return file


def _timed(job: Path, env: dict[str, str]) -> tuple[float, dict[str, Any]]:
    begun = time.perf_counter()
    printed = _polyreel(env, "run", str(job), "--json")
    return time.perf_counter() - begun, json.loads(printed)


_spent = 0.0


def _processor_seconds() -> float:
    """What the last command took of a processor: the machine's other work does not count."""
    global _spent
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    before, _spent = _spent, used.ru_utime + used.ru_stime
    return _spent - before


def _polyreel(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "deployments.cli", *arguments],
        env=env,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout[-600:]} {done.stderr[-600:]}")
    return done.stdout
