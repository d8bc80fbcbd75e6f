"""Every provider with every place: one job each through the real command line, the accounts' books beside the outcome.

`python -m benchmarks vendors-deliveries [--json]`; ``vendors-deliveries:panjaya`` runs one provider, or one place. The
vendors are the rehearsal server's, the object store is moto's. Each job is run twice: the first buys and makes, the
second has nothing to do. What the outcome says stands beside what the accounts say: minutes that were charged, and
films that lie there.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.orchestration import _up
from benchmarks.vendors_faults import COUNTS, library_of
from benchmarks.vendors_stage import KEYS, ROOT, Stage, make_film, open_stage

PROVIDERS = ("embedded", "panjaya", "dubformer")
PLACES = ("folder", "s3", "tpstreams", "nomad", "videojungle")
SAVED, _BUCKET, _KEY = "rehearsal", "films", "sandbox-key"
_SCRIPTS = {"en-US": "Welcome, everybody, to {}.", "es-ES": "Bienvenidos todos a {}."}
"""Of each job's own: two jobs with one reel and one script are one purchase."""


def run(part: str = "") -> Iterator[dict[str, Any]]:
    """A row for every pair whose names have ``part`` in them."""
    pairs = [(provider, place) for provider in PROVIDERS for place in PLACES if part in f"{provider} {place}"]
    with tempfile.TemporaryDirectory(prefix="polyreel-deliveries-") as folder, ExitStack() as stack:
        at = Path(folder)
        film = make_film(at)
        stage = stack.enter_context(open_stage(at, film))
        store = stack.enter_context(open_object_store())
        _up_pid, api = stack.enter_context(_up(at / "home"))
        os.environ |= {"POLYREEL_HOME": str(at / "home"), "PREFECT_API_URL": api}
        os.environ["POLYREEL_ALLOW_NETWORKS"] = "127.0.0.0/8"
        asyncio.run(_save_credentials(stage, store))
        for pair in pairs:
            yield _go(stage, store, at, *pair)


def render(name: str, rows: list[dict[str, Any]]) -> str:
    """A line for each pair, in 80 columns."""
    heads = ("outcome", "says", "book", "films", "again", "bought")
    lines = [f"{'provider':<10}{'place':<12}" + "".join(map(_cell, heads))]
    for row in rows:
        cells = (row["outcome"], f"{row['says']:g} min", f"{row['book']:g} min", str(row["films"]))
        again = (row["again"], f"{row['again_book']:g} min")
        lines.append(f"{row['provider']:<10}{row['place']:<12}" + "".join(map(_cell, (*cells, *again))))
    legend = (
        "",
        "says: minutes paid for, as the outcome has it. book: minutes off the vendor's account.",
        "films: films of this job at the place after both runs. again: the same job once",
        "more, and what that bought; whatever is not one film, or not nothing, is a defect.",
    )
    return "\n".join([name, "-" * len(name), *lines, *legend, ""])


def _cell(said: str) -> str:
    return f"{said:>10}"[:10]


def _go(stage: Stage, store: Any, at: Path, provider: str, place: str) -> dict[str, Any]:
    name = f"{provider}-{place}"
    job = _write_job(stage, at, name, provider, place)
    before = _read_book(stage)
    first, seconds = _run(job)
    book = before - _read_book(stage)
    second, again_seconds = _run(job)
    (delivery,) = first["deliveries"] or [{}]
    return {
        "name": name,
        "provider": provider,
        "place": place,
        "outcome": first["status"],
        "location": delivery.get("location", ""),
        "ids": delivery.get("ids", {}),
        "says": sum(each["minutes"] for each in first["paid"]),
        "book": book,
        "films": count_films(stage, store, at, name, place),
        "seconds": round(seconds, 1),
        "again": second["status"],
        "again_book": before - book - _read_book(stage),
        "again_seconds": round(again_seconds, 1),
        "error": json.dumps([delivery.get("error"), *(each["error"] for each in first["languages"].values())]),
    }


def _read_book(stage: Stage) -> float:
    """The minutes on all accounts that charge for dubs."""
    return sum(stage.minutes_left(vendor) for vendor in KEYS)


def _write_job(stage: Stage, at: Path, name: str, provider: str, place: str) -> Path:
    credentials = {} if provider == "embedded" else {"credentials": SAVED}
    scripts = write_scripts(at / "scripts", name)
    job = {
        "name": name,
        "source": {"media": f"{stage.film_url}?of={name}", "locale": "en-US", "subtitles": scripts["en-US"]},
        "targets": [{"locale": "es-ES", "subtitles": scripts["es-ES"]}],
        "dubbing": {"provider": provider, **credentials, **({} if credentials else {"voices": "basic"})},
        "delivery": [describe_place(place, name, at)],
    }
    file = at / f"{name}.yaml"
    file.write_text(json.dumps(job))
    return file


def describe_place(place: str, name: str, at: Path) -> dict[str, Any]:
    """A delivery of a job, to a place of the job's own there."""
    places: dict[str, dict[str, Any]] = {
        "folder": {"path": str(at / "out")},
        "s3": {"credentials": SAVED, "path": f"s3://{_BUCKET}/dubs"},
        "tpstreams": {"credentials": SAVED, "folder": name, "resolutions": ["240p"]},
        "nomad": {"credentials": SAVED, "path": name},
        "videojungle": {"credentials": SAVED, "project": name},
    }
    return {"to": place, **places[place]}


def write_scripts(folder: Path, name: str) -> dict[str, str]:
    """The source's script and a translation, which no other job has."""
    folder.mkdir(exist_ok=True)
    files = {locale: folder / f"{name}.{locale}.srt" for locale in _SCRIPTS}
    for locale, file in files.items():
        file.write_text(f"1\n00:00:00,300 --> 00:00:02,700\n{_SCRIPTS[locale].format(name)}\n")
    return {locale: str(file) for locale, file in files.items()}


def _run(job: Path) -> tuple[dict[str, Any], float]:
    begun = time.perf_counter()
    argv = [sys.executable, "-m", "deployments.cli", "run", str(job), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=False)
    try:
        return dict(json.loads(done.stdout)), time.perf_counter() - begun
    except ValueError:
        raise RuntimeError(f"{job.name}: {done.stdout[-600:]} {done.stderr[-600:]}") from None


def count_films(stage: Stage, store: Any, at: Path, name: str, place: str) -> int:
    """The films of a job that lie at a place."""
    if place == "folder":
        return len(list((at / "out" / name).rglob("*.mp4")))
    if place == "s3":
        found = store.list_objects_v2(Bucket=_BUCKET, Prefix=f"dubs/{name}/").get("Contents", [])
        return sum(each["Key"].endswith(".mp4") for each in found)

    async def ask() -> int:
        async with library_of(place, stage.url) as client:
            return await COUNTS[place](client, name)

    return asyncio.run(ask())


async def _save_credentials(stage: Stage, store: Any) -> None:
    from blocks import credentials
    from deployments.process import environment

    environment.prepare_environment()
    for vendor, fields in list_accounts(stage, store).items():
        await credentials.save_credentials(vendor, SAVED, fields)


def list_accounts(stage: Stage, store: Any) -> dict[str, dict[str, Any]]:
    """What is saved of each vendor's account, and of the object store's."""
    from blocks import credentials

    found: dict[str, dict[str, Any]] = {}
    for vendor, account in stage.http.get("/sandbox").json()["accounts"].items():
        known = credentials.kind_of(vendor).model_fields
        key = {"api_key": account["key"]} if "key" in account else {}
        found[vendor] = {name: each for name, each in account.items() if name in known} | key
    keys = {"access_key_id": _KEY, "secret_access_key": _KEY, "bucket": _BUCKET}
    return found | {"s3": {**keys, "base_url": store.meta.endpoint_url}}


@contextmanager
def open_object_store() -> Iterator[Any]:
    """moto's S3 on loopback, with one bucket; a client of it."""
    import boto3
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *_: Any) -> None:
            """Nothing: the table is all that is printed."""

    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    where = {"endpoint_url": f"http://127.0.0.1:{server.server_port}", "region_name": "us-east-1"}
    client = boto3.client("s3", **where, aws_access_key_id=_KEY, aws_secret_access_key=_KEY)
    try:
        client.create_bucket(Bucket=_BUCKET)
        yield client
    finally:
        client.close()
        server.shutdown()
        thread.join()
        server.server_close()
