"""`polyreel credentials` against a running `polyreel sandbox`, both as the programs that people start."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Polyreel = Callable[..., Any]

WRONG = "wrong-4711"
LOGIN = {"username": "sandbox", "password": "sandbox"}
ACCOUNTS: dict[str, dict[str, str]] = {
    "panjaya": {"api_key": "panjaya-sandbox"},
    "dubformer": {"api_key": "dubformer-sandbox"},
    "tpstreams": {**LOGIN, "organization_id": "sandbox"},
    "videojungle": {"api_key": "videojungle-sandbox"},
    "nomad": {"api_key": "nomad-sandbox"},
}
SECRETS = ("api_key", "password")


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running `polyreel sandbox`; its address, which is the first line that it prints."""
    home = tmp_path_factory.mktemp("rehearsal")
    program = subprocess.Popen(
        [sys.executable, "-m", "deployments.cli", "sandbox", "--port", "0", "--instant"],
        env={**os.environ, "POLYREEL_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert program.stdout is not None
    with program.stdout:
        ready, _, _ = select.select([program.stdout], [], [], 120)
        assert ready, "the sandbox did not start"
        yield program.stdout.readline().decode().strip()
        program.terminate()
        assert program.wait(30) == 0


def _settings(base: str, fields: dict[str, str]) -> list[str]:
    return [part for name, value in {"base_url": base, **fields}.items() for part in ("--set", f"{name}={value}")]


@pytest.mark.parametrize("vendor", ACCOUNTS)
def test_an_account_is_saved_and_checked_and_a_wrong_secret_is_refused(
    polyreel: Polyreel, rehearsal: str, vendor: str
) -> None:
    """The right secret comes from the environment, the wrong one as it is; neither is ever printed."""
    base, fields = f"{rehearsal}/{vendor}", ACCOUNTS[vendor]
    secret = next(name for name in SECRETS if name in fields)
    right, wrong = {**fields, secret: "env:THE_SECRET"}, {**fields, secret: WRONG}

    saved = polyreel("credentials", "save", vendor, "right", *_settings(base, right), THE_SECRET=fields[secret])
    assert (saved.code, saved.stdout) == (0, f"Saved {vendor}/right.\n"), saved.stderr
    allowed = polyreel("credentials", "check", vendor, "right", "--json")
    assert allowed.code == 0, allowed.stdout + allowed.stderr
    assert allowed.json["ok"]
    assert allowed.json["may"]

    assert polyreel("credentials", "save", vendor, "wrong", *_settings(base, wrong)).code == 0
    refused = polyreel("credentials", "check", vendor, "wrong")
    assert refused.code == 1
    assert refused.stderr.startswith(f"{vendor}/wrong: {vendor}")
    assert f"`polyreel credentials save {vendor} wrong --set " in refused.stderr
    said = "".join(each.stdout + each.stderr for each in (saved, allowed, refused))
    assert WRONG not in said
    if fields[secret] != "sandbox":  # the password is also the user's name
        assert fields[secret] not in said


def test_the_list_shows_whose_and_where_and_no_secret(polyreel: Polyreel, rehearsal: str) -> None:
    """As lines for a person."""
    key = ACCOUNTS["dubformer"]["api_key"]
    settings = _settings(f"{rehearsal}/dubformer", {"api_key": key})
    assert polyreel("credentials", "save", "dubformer", "listed", *settings).code == 0
    listed = polyreel("credentials", "list")
    line = next(line for line in listed.stdout.splitlines() if line.startswith("dubformer/listed "))
    assert f"base_url={rehearsal}/dubformer" in line
    assert "api_key=********" in line
    assert key not in listed.stdout + listed.stderr


def test_without_a_server_the_commands_bring_their_own(
    polyreel: Polyreel, rehearsal: str, polyreel_home: Path, new_database: Callable[[Path], Path]
) -> None:
    """What one of them saves the next one finds, below POLYREEL_HOME; nothing but the answer is said."""
    new_database(polyreel_home / "prefect")
    alone = {"PREFECT_API_URL": ""}
    settings = _settings(f"{rehearsal}/dubformer", ACCOUNTS["dubformer"])
    saved = polyreel("credentials", "save", "dubformer", "alone", *settings, **alone)
    assert (saved.code, saved.stdout) == (0, "Saved dubformer/alone.\n"), saved.stderr
    allowed = polyreel("credentials", "check", "dubformer", "alone", "--json", **alone)
    assert (allowed.code, allowed.stderr) == (0, ""), allowed.stdout
    assert allowed.json["may"] == ["may dub 10000 more minutes"]
    assert (polyreel_home / "prefect" / "embedded-server.log").is_file()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"provenance": {"credentials": "nobody"}}, "no saved signing credentials named 'nobody'"),
        (
            {"targets": ["es-ES"], "translation": {"provider": "openai", "credentials": "nobody", "model": "m"}},
            "no saved chat credentials named 'nobody'",
        ),
    ],
)
def test_a_plan_names_credentials_that_nobody_saved(
    work: Callable[..., Path], polyreel: Polyreel, asked: dict[str, Any], said: str
) -> None:
    """In one line, as the run would before any work."""
    done = polyreel("plan", work("es-ES", **asked))
    assert done.code == 2
    assert said in done.stderr
    assert "polyreel credentials save" in done.stderr
