"""A key in a revoked one's place: with `--same-account` nothing is bought again, and without it that is said."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        assert run()["status"] == "completed"
        assert begun - stage.minutes_left(vendor) == 2 * spent
