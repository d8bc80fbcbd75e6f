"""`polyreel run JOB.yaml --rehearse`: the same job over the sandbox of all vendors, where nothing costs money.

A rehearsal has a home of its own below ``POLYREEL_HOME`` (store, ledger, server, deliveries), made anew each time; only
the models' weights are the user's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployments.process.environment import environment_with
from polyreel.errors.wording import spell_count

if TYPE_CHECKING:
    from polyreel.job import Job
    from polyreel.outcome import Outcome

SPEED = 30.0
"""How many times faster than a vendor the sandbox works."""
_CREDENTIALS = "rehearsal"
# Each of these would let a rehearsal write into what is real.
_ELSEWHERE = ("POLYREEL_STORE", "POLYREEL_LEDGER_URL", "PREFECT_API_URL", "PREFECT_API_KEY")
# Time for the sandbox to end the tools that it runs, which would otherwise go on without a parent.
_END_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsal's home and the sandbox that plays the vendors."""

    home: Path
    base_url: str

    def accounts(self) -> dict[str, dict[str, Any]]:
        """The sandbox's accounts by vendor: where each is, what opens it, and the minutes that are left."""
        found: dict[str, dict[str, Any]] = json.loads(self._read_page("/sandbox"))["accounts"]
        return found

    def charges(self) -> dict[str, float]:
        """The minutes that each vendor has charged; those that charged nothing are left out."""
        minutes: dict[str, float] = defaultdict(float)
        for charge in json.loads(self._read_page("/sandbox/log"))["charges"]:
            minutes[charge["vendor"]] += charge["minutes"]
        return dict(minutes)

    def save_page(self) -> Path:
        """The sandbox's own page as it is now, in a file: the sandbox ends with the rehearsal."""
        page = self.home / "accounts.html"
        page.write_bytes(self._read_page("/"))
        return page

    def _read_page(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.base_url}{path}", timeout=30) as answer:  # noqa: S310 - our own sandbox
            found: bytes = answer.read()
        return found

    async def save_credentials(self) -> None:
        """Save credentials for every vendor, under the one name that a rehearsed job uses."""
        from blocks import credentials

        for vendor, account in self.accounts().items():
            fields = credentials.kind_of(vendor).model_fields
            # The sandbox's accounts have facts of their own (minutes), which no block knows.
            given = {name: value for name, value in account.items() if name in fields}
            if "key" in account:
                given["api_key"] = account["key"]
            await credentials.save_credentials(vendor, _CREDENTIALS, given)


@contextmanager
def start_rehearsal(name: str, faults: str = "none") -> Iterator[Rehearsal]:
    """A fresh home and a running sandbox, for as long as the block lasts."""
    from polyreel.machine import home

    folder, models = home.home() / "rehearsals" / name, home.models_dir()
    # Made anew, as what an earlier rehearsal bought would be found bought.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    models.mkdir(parents=True, exist_ok=True)
    # Weights are read and never written there: pulled once, they need not be pulled for each rehearsal.
    (folder / "models").symlink_to(models)
    # The sandbox lives at loopback, and nothing but public addresses is called otherwise.
    networks = ",".join(filter(None, [os.environ.get("POLYREEL_ALLOW_NETWORKS", ""), "127.0.0.0/8"]))
    own = {"POLYREEL_HOME": str(folder), "POLYREEL_ALLOW_NETWORKS": networks}
    with (
        _start_sandbox(folder, faults) as base_url,
        environment_with({**dict.fromkeys(_ELSEWHERE), **own}),
    ):
        yield Rehearsal(folder, base_url)


@contextmanager
def _start_sandbox(folder: Path, faults: str) -> Iterator[str]:
    wanted = ["--speed", f"{SPEED:g}", "--faults", faults, "--data", str(folder / "sandbox")]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            # -P: nothing is imported from the current folder.
            [sys.executable, "-P", "-m", "polyreel.sandbox", *wanted],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "POLYREEL_HOME": str(folder)},
            text=True,
        )
    try:
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        base_url = process.stdout.readline().strip()
        # The pipe ended: it died before it had a port, and its log says why.
        if not base_url:
            raise click.ClickException(f"the sandbox did not start; its log is {folder / 'sandbox.log'}")
        yield base_url
    finally:
        process.terminate()
        # After that it is killed, which also ends it where SIGTERM was not heard.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
        process.kill()
        process.wait()


def make_rehearsal(job: Job, folder: Path) -> tuple[Job, tuple[str, ...]]:
    """The job as it is rehearsed, delivering below ``folder``; and what is not as it would be. Raises `InvalidJob`."""
    from polyreel.delivery.places import place_of, require_apart
    from polyreel.errors import InvalidJob
    from polyreel.job import FolderDelivery, NomadStaging

    if job.source.vendor is not None:
        raise InvalidJob(
            f"there is no asset of yours in a rehearsal's {job.source.vendor}",
            where="source.media",
            remedy="Rehearse with a copy of the media on this machine.",
        )
    require_apart(job.name, job.delivery)
    notes, taken = [], set[tuple[str, str]]()
    # The folder first: outcomes name its films, which a person can open.
    deliveries: list[Any] = [FolderDelivery(path=str(folder))]
    for each in job.delivery:
        there = place_of(each).locate(each, job.name)
        if (each.to, there) in taken:
            notes.append(f"the sandbox plays one account of {each.to}: {there} is delivered to once")
        elif hasattr(each, "credentials") and each.to in _list_played():
            taken.add((each.to, there))
            deliveries.append(_with_account(each))
        elif not each.path_fields:
            notes.append(f"nobody plays {each.to}: what would go to {there} goes into the rehearsal's folder")
    staging: Any = job.staging and _with_account(job.staging)
    if job.staging is not None and job.staging.to not in _list_played():
        staging = NomadStaging(to="nomad", credentials=_CREDENTIALS)
        notes.append(f"nobody plays {job.staging.to}: media is staged at the sandbox's asset manager")
    changed = {
        "dubbing": _with_account(job.dubbing),
        "fallback": tuple(map(_with_account, job.fallback)),
        "delivery": tuple(deliveries),
        "staging": staging,
    }
    return job.model_copy(update=changed), tuple(notes)


def _list_played() -> set[str]:
    from polyreel.sandbox.control import ACCOUNTS

    return set(ACCOUNTS)


def _with_account(part: Any) -> Any:
    from polyreel.dubbing.providers import PROVIDERS

    row = PROVIDERS.get(getattr(part, "provider", ""))
    needs_none = row is not None and row.block is None
    # Our own engine has no account: it runs as it always does, and costs nothing.
    return part if needs_none else part.model_copy(update={"credentials": _CREDENTIALS})


def fetch_media(job: Job) -> Job:
    """The job with media from this machine: the sandbox fetches from nowhere else. Raises as a run's ingest does."""
    from polyreel.intake.jobfile import is_address
    from polyreel.sources.ingest import ingest
    from polyreel.store.choice import open_store
    from polyreel.store.local import path_of

    if not is_address(job.source.media):
        return job
    found = asyncio.run(ingest(job.source.media, open_store()))
    return job.model_copy(update={"source": job.source.model_copy(update={"media": str(path_of(found))})})


def cost_sentence(outcome: Outcome) -> str:
    """``It would have cost 2 minutes at panjaya (es-ES, fr-FR).``"""
    minutes: dict[str, float] = defaultdict(float)
    locales: dict[str, list[str]] = defaultdict(list)
    for each in outcome.paid:
        minutes[each.provider] += each.minutes
        locales[each.provider].append(each.locale)
    parts = [
        f"{spell_count(minutes[name], 'minute')} at {name} ({', '.join(sorted(locales[name]))})"
        for name in sorted(minutes)
    ]
    return f"It would have cost {' and '.join(parts) or 'nothing'}."


def run_rehearsal(job: Job, *, faults: str = "none", quiet: bool = False, verbose: bool = False) -> Outcome:
    """Rehearse a job, and say beside its outcome what it would have cost."""
    from deployments.commands.job_run import run_job

    with_media = fetch_media(job)
    with start_rehearsal(job.name, faults) as stage:
        asked, notes = make_rehearsal(with_media, stage.home / "out")
        if not quiet:
            click.echo(f"rehearsing over {stage.base_url} (open it to see the vendors' accounts)", err=True)
        outcome = run_job(asked, quiet=quiet, verbose=verbose, before=stage.save_credentials)
        if not quiet:
            show_accounts(stage)
    rehearsal_notes = (f"A rehearsal. {cost_sentence(outcome)}", *(f"Not as it would be: {note}." for note in notes))
    return outcome.model_copy(update={"notes": (*outcome.notes, *rehearsal_notes)})


def show_accounts(stage: Rehearsal) -> None:
    """What each account of the sandbox was charged, and where its page is kept."""
    charged = stage.charges()
    for vendor, account in stage.accounts().items():
        spent = charged.get(vendor)
        said = f"{spent:g} charged, {spell_count(account['minutes'], 'minute')} left" if spent else "nothing charged"
        click.echo(f"  {vendor:<12} {said}", err=True)
    click.echo(f"The vendors' accounts, jobs, callbacks and charges: {stage.save_page()}", err=True)
