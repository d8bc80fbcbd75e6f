"""`polyreel ledger`, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deployments.commands.ledger import _whole_key, ledger
from polyreel.errors import InvalidJob
from polyreel.keys import submission_key
from polyreel.ledger import steps
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Receipt, State, Subject
from polyreel.ledger.rows import Claim
from polyreel.report.purchases import find_tail, shorten_key

Call = Callable[..., Result]
KEYS = [
    submission_key(provider="panjaya", account="https://api.panjaya.ai#1", source_sha256="ab", locale=locale)
    for locale in ("fr-FR", "de-DE")
]


@pytest.fixture
def call(polyreel_home: Any) -> Call:
    return lambda *arguments: CliRunner().invoke(ledger, list(arguments))


@pytest.fixture
def bought(polyreel_home: Any) -> None:
    """A dub that was bought; one of which only a person knows whether it was."""
    rows = ledger_rows()
    subject = Subject(
        kind="dub", what="the keynote of the spring conference", job="keynote-of-the-spring-conference-2026",
        provider="panjaya", account="https://api.panjaya.ai#3f2a90bc11de", locale="fr-FR", minutes=3,
    )  # fmt: skip
    rows.change(KEYS[0], steps.record_receipt(KEYS[0], subject, Receipt(id="asset-77", minutes=2.5)))
    lost = subject.model_copy(update={"locale": "de-DE"})
    rows.change(KEYS[1], steps.claim_row(KEYS[1], lost, "elsewhere:1:1:x", 0.0))
    rows.change(KEYS[1], steps.hold_for_person("elsewhere:1:1:x", "the assets of today in Panjaya's studio " * 3))


@pytest.mark.usefixtures("bought")
def test_the_table_fits_eighty_columns_and_says_what_was_spent(call: Call) -> None:
    told = call()
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "submitted  panjaya     dub       fr-FR   2.5    keynote-of-the" in lines[1]
    assert "asset-77" in lines[2]
    assert "the assets of today" in lines[4]
    assert lines[-2:] == ["2 rows.", "panjaya: 2.5 min charged, 3 min not known yet"]


@pytest.mark.usefixtures("bought")
def test_json_holds_the_whole_rows_and_the_filters_filter(call: Call) -> None:
    (row,) = json.loads(call("--json", "--state", "submitted").stdout)["entries"]
    assert (row["key"], row["vendor_id"], row["charged_minutes"], row["charged_by"]) == (
        KEYS[0],
        "asset-77",
        2.5,
        "vendor",
    )
    assert row["submitted_at"].endswith("Z")
    assert row["ready_at"] is None
    assert not {"holder", "lease_until"} & row.keys()
    assert json.loads(call("--json", "--job", "another").stdout) == {
        "entries": [],
        "claims": [],
    }
    assert json.loads(call("--json", "--provider", "panjaya").stdout)["entries"][0] == row


@pytest.mark.usefixtures("bought")
def test_claims_of_runs_that_live_are_shown(call: Call) -> None:
    rows = ledger_rows()
    for name, seconds in (("staged a 6f", 60), ("of a dead run", -1)):
        rows.change_claim(
            name, lambda _there, now, name=name, seconds=seconds: Claim(name, "x:1:1:a", now + seconds, "welcome")
        )
    assert call().stdout.splitlines()[-1] == "At work now, alone: welcome · staged a 6f"
    (told,) = json.loads(call("--json", "--job", "welcome").stdout)["claims"]
    assert (told["name"], told["job"]) == ("staged a 6f", "welcome")
    assert told["lease_until"].endswith("Z")
    assert "At work" not in call("--job", "another").stdout


@pytest.mark.usefixtures("bought")
def test_a_person_settles_by_the_beginning_of_the_key(call: Call) -> None:
    short = KEYS[1].rpartition("-")[2][:10]
    assert call("settle", short, "--found", "asset-78", "--minutes", "3").exit_code == 0
    row = ledger_rows().get(KEYS[1])
    assert row is not None
    assert (row.state, row.vendor_id, row.charged_minutes, row.charged_by) == (State.SUBMITTED, "asset-78", 3, "vendor")
    again = call("settle", short, "--not-bought", "--json")
    assert (again.exit_code, json.loads(again.stdout)["error"]["code"]) == (2, "bought")


@pytest.mark.usefixtures("bought")
def test_a_beginning_that_is_too_short_is_answered_with_the_rows_that_begin_so(call: Call) -> None:
    """Nothing is settled: with so few letters the one row that fits may be another than was meant."""
    for given, count in (("buy", "2 rows begin so"), (shorten_key(KEYS[1])[:3], "1 row begins so")):
        told = call("settle", given, "--not-bought")
        assert (told.exit_code, count in told.stderr) == (2, True)
        assert shorten_key(KEYS[1]) in told.stderr
    assert "no such row" in call("settle", "zz", "--not-bought").stderr
    assert ledger_rows().get(KEYS[1]) is not None


@pytest.mark.usefixtures("bought")
def test_not_bought_lets_the_next_run_buy(call: Call) -> None:
    assert "may be bought again" in call("settle", KEYS[1], "--not-bought").stdout
    assert ledger_rows().get(KEYS[1]) is None


@pytest.mark.usefixtures("bought")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give one of"), (("--found", "a", "--not-bought"), "Give one of"), (("--found", " "), "Give one of"),
        (("--not-bought", "--minutes", "3"), "goes with --found"),
    ],
)  # fmt: skip
def test_a_settlement_says_one_thing(call: Call, arguments: tuple[str, ...], said: str) -> None:
    told = call("settle", KEYS[1], *arguments)
    assert (told.exit_code, said in told.stderr) == (2, True)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://user:hush@db/ledger", "mysql://"), ("what is this", "not the address"),
        ("postgresql://user:hush@127.0.0.1:1/ledger", "does not answer"), ("sqlite://", "no database"),
    ],
)  # fmt: skip
def test_an_address_where_no_ledger_is_says_so_without_its_password(
    call: Call, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("POLYREEL_LEDGER_URL", address)
    told = call()
    assert told.exit_code in (1, 2)
    assert said in told.stderr
    assert "hush" not in told.output


def test_a_ledger_of_a_newer_polyreel_is_left_alone(call: Call, polyreel_home: Any) -> None:
    import sqlite3
    from contextlib import closing

    call()
    with closing(sqlite3.connect(polyreel_home / "ledger.db")) as file, file:
        file.execute("INSERT INTO ledger_version VALUES (999)")
    ledger_rows().close()
    told = call("--json")
    assert (told.exit_code, json.loads(told.stdout)["error"]["code"]) == (1, "ledger_newer")


def test_a_row_that_changes_a_purchase_is_named_by_its_tail() -> None:
    """Both begin alike: what the table shows must be enough to say which is meant."""
    bought = "buy-v1-2b26181499df8a5ab2b5"
    keys = [bought, f"{bought}~script", f"{bought}~script-77aa", "buy-v1-99aa181499df8a5ab2b5"]
    assert _whole_key("2b26181499", keys) == bought
    assert _whole_key("2b26181499~script-7", keys) == keys[2]
    assert _whole_key(keys[1], keys) == keys[1]
    with pytest.raises(InvalidJob, match="2 rows begin so"):
        _whole_key("2b26181499~scr", keys)
    assert (shorten_key(keys[2]), find_tail(keys[2])) == ("2b26181499df8a5ab2b5", "script-77aa")
