"""Twenty languages at a vendor, beside one: what waiting for many costs; and each of the two jobs once more.

The rehearsal server takes its minute for each dub, as at its own speed, and makes it by its cheap stand-in, so that the
waiting is what is measured. The server is a `polyreel up` of this benchmark's own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.orchestration import _up
from benchmarks.vendors_stage import ROOT, Stage, make_film, open_stage

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


_SLOW_SANDBOX = (
    "import sys; from pathlib import Path; from polyreel.sandbox.server import serve_sandbox; "
    "from polyreel.sandbox.settings import Pace, Settings; "
    "serve_sandbox(Settings(Path(sys.argv[1]), 0, Pace(1.0), engine='instant'), "
    "announce=lambda url: print(url, flush=True))"
)


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
