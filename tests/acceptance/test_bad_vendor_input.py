"""What a vendor can't, or won't, do is one line, before money where that can be known, with what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.vendors_stage import Stage, open_stage

pytestmark = pytest.mark.slow
SAVED = (
    ("dubformer", "account", "dubformer-sandbox"),
    ("dubformer", "revoked", "dubformer-no-such-key"),
    ("panjaya", "studio", "panjaya-sandbox"),
    ("panjaya", "revoked", "panjaya-no-such-key"),
    ("nomad", "library", "nomad-sandbox"),
    ("nomad", "revoked", "nomad-no-such-key"),
)
DUBFORMER = {"provider": "dubformer", "credentials": "account"}
PANJAYA = {"provider": "panjaya", "credentials": "studio"}
NOMAD = {"to": "nomad", "credentials": "library"}
LOOPBACK = {"POLYREEL_ALLOW_NETWORKS": "127.0.0.0/8"}
_done: set[str] = set()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, narrated: Path) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("stage"), narrated / "narrated.mp4") as opened:
        yield opened


@pytest.fixture
def accounts(stage: Stage, polyreel: Any) -> Stage:
    """The vendors, with credentials saved for both: once, as the server that keeps them is the session's."""
    for vendor, name, key in SAVED if stage.url not in _done else ():
        fields = ["--set", f"api_key={key}", "--set", f"base_url={stage.url}/{vendor}"]
        assert polyreel("credentials", "save", vendor, name, *fields).code == 0
    _done.add(stage.url)
    return stage


def said_by(done: Any) -> dict[str, Any]:
    """The error of a run, or of its first language that has one."""
    errors = [done.json.get("error"), *(each["error"] for each in done.json.get("languages", {}).values())]
    found: dict[str, Any] = next(each for each in errors if each)
    return found


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"dubbing": {**DUBFORMER, "credentials": "revoked"}}, "vendor_unauthorized", "save dubformer revoked"),
        ({"dubbing": {**PANJAYA, "credentials": "revoked"}}, "vendor_unauthorized", "save panjaya revoked"),
        ({"dubbing": {**PANJAYA, "credentials": "nobody"}}, "unknown_credentials", "nobody"),
        ({"dubbing": {**DUBFORMER, "credentials": "studio"}}, "unknown_credentials", "only panjaya/studio"),
        ({"delivery": [{"to": "tpstreams", "credentials": "nobody"}]}, "unknown_credentials", "nobody"),
        ({"delivery": [{**NOMAD, "credentials": "revoked"}]}, "vendor_unauthorized", "credentials"),
        ({"delivery": [{**NOMAD, "related_to": "nothing"}]}, "vendor_not_found", "no asset nothing"),
        ({"staging": {**NOMAD, "credentials": "nobody"}}, "unknown_credentials", "nobody"),
        ({"source": {"media": "nomad:nothing", "credentials": "library"}}, "vendor_not_found", "no asset of this id"),
        ({"delivery": [{"to": "folder", "path": "job.yaml/dubs"}]}, "unwritable_folder", "no folder"),
    ],
    ids=[
        *(
            "wrong key",
            "wrong key at the other",
            "no such block",
            "a block of another kind",
            "no such block to deliver with",
        ),
        *(
            "a wrong key to deliver with",
            "an unknown asset to deliver to",
            "no such block to stage with",
            "no such asset",
            "a folder that can't be",
        ),
    ],
)
def test_it_is_said_before_anything_is_spent(
    accounts: Stage, work: Callable[..., Path], polyreel: Any, asked: dict[str, Any], code: str, words: str
) -> None:
    """In one line, with what to do; the accounts stay as they were."""
    source = {"media": accounts.film_url, "locale": "en-US", **asked.get("source", {})}
    job = work(targets=["es-ES"], **{"dubbing": PANJAYA, **asked, "source": source})
    before = [accounts.minutes_left(vendor) for vendor in ("panjaya", "dubformer")]
    for command in ("plan", "run"):
        done = polyreel(command, job, "--json", **LOOPBACK)
        said = said_by(done)
        assert (done.code, said["code"]) == (1 if code == "vendor_unauthorized" else 2, code), (command, said)
        assert words in f"{said['message']} {said['remedy']}", command
        assert said["remedy"]
        assert "\n" not in said["message"]
    assert [accounts.minutes_left(vendor) for vendor in ("panjaya", "dubformer")] == before


def test_everything_that_is_wrong_is_said_at_once(
    accounts: Stage, work: Callable[..., Path], polyreel: Any, tmp_path: Path
) -> None:
    """A file, no staging, names that nothing is saved under, a refused key: a line for each, by plan and by run."""
    asked = {"dubbing": {**DUBFORMER, "credentials": "nobody"}, "delivery": [{**NOMAD, "credentials": "revoked"}]}
    job = work(source={"media": "nowhere.mp4", "locale": "en-US"}, targets=["es-ES"], **asked)
    codes = ["needs_staging", "invalid_input", "unknown_credentials", "vendor_unauthorized"]
    for command in ("plan", "run"):
        done = polyreel(command, job, "--json")
        assert (done.code, [each["code"] for each in done.json["errors"]]) == (2, codes), (command, done.json)
        told = polyreel(command, job).stderr.splitlines()
        lines = [line for line in told if line.startswith("polyreel: ")]
        assert [code for line, code in zip(lines, codes, strict=True) if line.endswith(f"[{code}]")] == codes, told


def test_a_run_that_needs_credentials_for_its_files_says_everything_too(
    accounts: Stage, work: Callable[..., Path], polyreel: Any
) -> None:
    """Where the source is a vendor's asset nothing is known before there is a server; the run itself tells then."""
    source = {"media": "nomad:nothing", "locale": "en-US", "credentials": "library"}
    delivery = [{"to": "tpstreams", "credentials": "nobody"}, {**NOMAD, "related_to": "nothing"}]
    job = work(source=source, targets=["es-ES"], dubbing={**DUBFORMER, "credentials": "revoked"}, delivery=delivery)
    for command in ("plan", "run"):
        done = polyreel(command, job, "--json")
        said = sorted(each["code"] for each in done.json["errors"])
        assert (done.code, said) == (
            2,
            ["unknown_credentials", "vendor_not_found", "vendor_not_found", "vendor_unauthorized"],
        ), (command, done.json)


def test_a_plan_that_can_not_ask_says_so_and_does_not_fail(
    accounts: Stage, work: Callable[..., Path], polyreel: Any
) -> None:
    """A vendor that nobody reaches from here may be reached when the job runs; ``--offline`` asks nobody."""
    nowhere = ["--set", "api_key=x", "--set", "base_url=http://127.0.0.1:9"]
    assert polyreel("credentials", "save", "panjaya", "nowhere", *nowhere).code == 0
    job = work("es-ES", dubbing={**PANJAYA, "credentials": "nowhere"}, delivery=[{**NOMAD, "related_to": "nothing"}])
    asked = polyreel("plan", job, "--json")
    assert (asked.code, asked.json["error"]["code"]) == (2, "vendor_not_found")
    offline = polyreel("plan", job, "--json", "--offline")
    assert (offline.code, offline.json["notes"][-1]) == (
        0,
        "Not looked at (--offline): panjaya/nowhere, nomad/library.",
    )
    job = work("es-ES", dubbing={**PANJAYA, "credentials": "nowhere"})
    away = polyreel("plan", job, "--json")
    assert away.code == 0, away.json
    assert away.json["notes"][-1].startswith("panjaya/nowhere was not looked at: ")


def test_a_balance_that_does_not_suffice_is_said_with_figures(
    accounts: Stage, work: Callable[..., Path], polyreel: Any
) -> None:
    accounts.http.post("/sandbox/accounts/dubformer", json={"minutes": 1}).raise_for_status()
    try:
        source = {"media": accounts.film_url, "locale": "en-US"}
        job = work(source=source, targets=["es-ES", "fr-FR"], dubbing=DUBFORMER)
        said = said_by(polyreel("run", job, "--json", **LOOPBACK))
        assert said["code"] == "balance_too_small"
        assert "cost 2 minutes, and the account has 1 minute" in said["message"]
        assert accounts.minutes_left("dubformer") == 1
    finally:
        accounts.http.post("/sandbox/accounts/dubformer", json={"minutes": 10_000}).raise_for_status()


def test_a_file_over_the_accounts_limit_is_a_failed_language_with_what_to_do(
    accounts: Stage, work: Callable[..., Path], polyreel: Any
) -> None:
    """Panjaya says so when it gets the file."""
    accounts.http.post("/sandbox/accounts/panjaya", json={"most_bytes": 1000}).raise_for_status()
    try:
        said = said_by(polyreel("run", work("es-ES", dubbing=PANJAYA), "--json"))
        assert said["code"] in ("video_size_limit_reached", "too_large"), said
        assert said["remedy"]
    finally:
        accounts.http.post("/sandbox/accounts/panjaya", json={"most_bytes": 1 << 40}).raise_for_status()


def test_a_vendor_that_answers_nonsense_is_named(accounts: Stage, work: Callable[..., Path], polyreel: Any) -> None:
    """And what was asked for may have been bought: the next run looks first."""
    accounts.arm(kind="wrong_json", vendor="dubformer", times=0)
    job = work(source={"media": accounts.film_url, "locale": "en-US"}, targets=["es-ES"], dubbing=DUBFORMER)
    before = accounts.minutes_left("dubformer")
    try:
        said = said_by(polyreel("run", job, "--json", **LOOPBACK))
    finally:
        accounts.calm()
    assert said["code"] == "vendor_malformed", said
    assert before - accounts.minutes_left("dubformer") <= 1
    again = polyreel("run", job, "--json", **LOOPBACK)
    assert again.code == 0, again.json
    assert before - accounts.minutes_left("dubformer") == 1
