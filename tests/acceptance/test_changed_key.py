"""A key in a revoked one's place: with `--same-account` nothing is bought again, and without it that is said."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.vendors_stage import KEYS, open_stage
from tests.key_changer import changed_keys

LOOPBACK = {"POLYREEL_ALLOW_NETWORKS": "127.0.0.0/8"}


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["panjaya", "dubformer"])
def test_a_new_key_of_the_same_account_buys_nothing(
    polyreel: Callable[..., Any], narrated: Path, tmp_path: Path, vendor: str
) -> None:
    """By the command line, at a vendor who takes the new key for the old one's account, and the old one no more."""
    with open_stage(tmp_path, narrated / "narrated.mp4") as stage, changed_keys(stage.url) as proxy:
        # The session's server keeps what other tests, and an earlier try, have saved.
        address, name = f"{proxy.url}/{vendor}", f"house-{uuid.uuid4().hex[:8]}"

        def save(key: str, *options: str) -> Any:
            fields = ["--set", f"api_key={key}", "--set", f"base_url={address}"]
            ended = polyreel("credentials", "save", vendor, name, *fields, *options)
            assert (ended.code, key in ended.stdout + ended.stderr) == (0, False)
            return ended

        def run() -> Any:
            ended = polyreel("run", tmp_path / "job.yaml", "--json", **LOOPBACK)
            return json.loads(ended.stdout)

        (tmp_path / "job.yaml").write_text(
            json.dumps(
                {
                    "name": "kept",
                    "source": {"media": stage.film_url, "locale": "en-US"},
                    "targets": ["es-ES"],
                    "dubbing": {"provider": vendor, "credentials": name},
                    "delivery": [{"to": "folder", "path": str(tmp_path / "out")}],
                }
            )
        )
        proxy.keys = {"first-key": KEYS[vendor]}
        assert save("first-key").stderr == ""
        begun = stage.minutes_left(vendor)
        first = run()
        assert first["status"] == "completed", json.dumps(first)
        spent = begun - stage.minutes_left(vendor)
        assert spent > 0
        proxy.keys = {"second-key": KEYS[vendor]}
        assert "known_as" not in save("second-key", "--same-account").stderr
        again = run()
        assert again["status"] == "completed", again
        assert begun - stage.minutes_left(vendor) == spent
        assert len(stage.list_made(vendor, "")) == 1
        # Without the word it is another account, which is said: it would have bought.
        told = save("second-key").stderr
        assert "bought again" in told
        assert "--set known_as=" in told
        assert any("bought again" in note for note in run()["notes"])
        assert begun - stage.minutes_left(vendor) == 2 * spent
        # Now the ledger knows it as that.
        assert not any("bought again" in note for note in run()["notes"])


@pytest.mark.slow
def test_a_key_that_was_changed_in_prefects_own_pages_is_told_before_money(
    polyreel: Callable[..., Any], narrated: Path, tmp_path: Path, prefect_server: str
) -> None:
    """There nothing warns of it: `plan` says it, and a run says it while nothing is bought yet."""
    with open_stage(tmp_path, narrated / "narrated.mp4") as stage, changed_keys(stage.url) as proxy:
        name = f"house-{uuid.uuid4().hex[:8]}"
        fields = ["--set", "api_key=first-key", "--set", f"base_url={proxy.url}/panjaya"]
        assert polyreel("credentials", "save", "panjaya", name, *fields).code == 0
        job = {
            "name": "edited",
            "source": {"media": stage.film_url, "locale": "en-US"},
            "targets": ["es-ES"],
            "dubbing": {"provider": "panjaya", "credentials": name},
            "delivery": [{"to": "folder", "path": str(tmp_path / "out")}],
        }
        (tmp_path / "job.yaml").write_text(json.dumps(job))
        proxy.keys = {"first-key": KEYS["panjaya"]}
        begun = stage.minutes_left("panjaya")
        assert polyreel("run", tmp_path / "job.yaml", **LOOPBACK).code == 0
        spent = begun - stage.minutes_left("panjaya")
        _edit_block(prefect_server, name, "second-key")
        proxy.keys = {"second-key": KEYS["panjaya"]}
        planned = json.loads(polyreel("plan", tmp_path / "job.yaml", "--json", **LOOPBACK).stdout)
        assert [each for each in planned["notes"] if f"panjaya/{name} was changed" in each], planned["notes"]
        # A vendor that takes nothing now: whatever the run says, it says before it could have bought.
        stage.arm(kind="status", status=500, vendor="panjaya", method="POST", times=0)
        told = polyreel("run", tmp_path / "job.yaml", **LOOPBACK)
        assert f"panjaya/{name} was changed since it was last used." in told.stderr
        assert "--set known_as=" in told.stderr
        assert "second-key" not in told.stderr + told.stdout
        assert begun - stage.minutes_left("panjaya") == spent


def _edit_block(server: str, name: str, key: str) -> None:
    """Change a block's key as Prefect's UI does it: by its API, the other fields left as they are."""
    with httpx.Client(base_url=server, trust_env=False, timeout=60) as http:
        found = http.get(f"/block_types/slug/polyreel-panjaya/block_documents/name/{name}").raise_for_status().json()
        data = {"data": {"api_key": key}, "merge_existing_data": True}
        http.patch(f"/block_documents/{found['id']}", json=data).raise_for_status()
