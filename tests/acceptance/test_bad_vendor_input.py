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
        ({"dubbing": {**DUBFORMER, "credentials": "revoked"}}, "vendor_unauthorized", "credentials"),
        ({"dubbing": {**PANJAYA, "credentials": "nobody"}}, "unknown_credentials", "nobody"),
        ({"dubbing": {**DUBFORMER, "credentials": "studio"}}, "unknown_credentials", "only panjaya/studio"),
        ({"delivery": [{"to": "tpstreams", "credentials": "nobody"}]}, "unknown_credentials", "nobody"),
        ({"delivery": [{**NOMAD, "credentials": "revoked"}]}, "vendor_unauthorized", "credentials"),
        ({"delivery": [{**NOMAD, "related_to": "nothing"}]}, "vendor_not_found", "no asset nothing"),
        ({"staging": {**NOMAD, "credentials": "nobody"}}, "unknown_credentials", "nobody"),
        ({"source": {"media": "nomad:nothing", "credentials": "library"}}, "vendor_not_found", "no asset of this id"),
    ],
    ids=[
        *("wrong key", "no such block", "a block of another kind", "no such block to deliver with"),
        *(
            "a wrong key to deliver with",
            "an unknown asset to deliver to",
            "no such block to stage with",
            "no such asset",
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
    done = polyreel("run", job, "--json", **LOOPBACK)
    said = said_by(done)
    assert (done.code in (1, 2), said["code"]) == (True, code), said
    assert words in f"{said['message']} {said.get('where', '')} {said['remedy']}"
    assert said["remedy"]
    assert "\n" not in said["message"]
    assert [accounts.minutes_left(vendor) for vendor in ("panjaya", "dubformer")] == before


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
