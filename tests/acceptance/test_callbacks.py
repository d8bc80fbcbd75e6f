"""`polyreel up --callbacks`: the receiver on a port of its own, beside the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from polyreel.ledger import steps
from polyreel.ledger.entry import Receipt, Subject
from polyreel.ledger.sql import SqlRows

ACCOUNT = "https://app.tpstreams.com#0a"


def test_up_receives_callbacks_on_a_port_of_its_own(start_up: Callable[..., Any], tmp_path_factory: Any) -> None:
    home: Path = tmp_path_factory.mktemp("called") / "home"
    address = "https://polyreel.example.com/callbacks"
    up = start_up(home, "--callbacks", address, "--callbacks-port", "0")
    where = up.callbacks
    rows = SqlRows(sa.URL.create("sqlite", database=str(home / "ledger.db")))
    rows.change(
        "k", steps.record_receipt("k", Subject(kind="dub", provider="tpstreams", account=ACCOUNT), Receipt(id="a"))
    )
    forged = httpx.post(f"{where}/panjaya", json={"event": "version_ready", "asset_id": "a"}, trust_env=False)
    assert (forged.status_code, forged.json()) == (403, {"verdict": "forged"})
    untold = httpx.post(f"{where}/tpstreams", json={"id": "a"}, headers={"x-streams-token": ""}, trust_env=False)
    assert untold.status_code == 403  # no secret was given to check it with
    assert rows.find_pokes(frozenset({ACCOUNT})) == {}
    assert httpx.get(f"{up.api}/health", trust_env=False).json() is True
    assert where != up.ui
    log = (home / "up" / "callbacks.log").read_text()
    assert "a callback of panjaya: forged (1 so far)" in log
    rows.close()


def test_what_no_receiver_can_be_made_of_is_said_at_once(
    polyreel_home: Path, new_database: Callable[[Path], Path], polyreel: Callable[..., Any]
) -> None:
    new_database(polyreel_home / "prefect")
    for options, said in (
        (["--callbacks", "polyreel.example.com"], "no address that a vendor can call"),
        (
            ["--callbacks", "https://polyreel.example.com/", "--callbacks-secret", "none"],
            "There are no saved callbacks",
        ),
    ):
        ended = polyreel("up", "--port", "0", "--callbacks-port", "0", "--json", *options)
        error = json.loads(ended.stdout)["error"]
        assert ended.code == 2
        assert said in error["message"]
