"""A ledger that was lost between a purchase and its collection: the dub comes all the same, and is paid once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.vendors_stage import KEYS, open_stage


@pytest.mark.slow
def test_what_the_store_remembers_is_collected_with_a_new_ledger(
    polyreel: Callable[..., Any], narrated: Path, tmp_path: Path
) -> None:
    """Each run ended at a row that was not there."""
    with open_stage(tmp_path, narrated / "narrated.mp4") as stage:
        name = f"house-{uuid.uuid4().hex[:8]}"
        fields = ["--set", f"api_key={KEYS['dubformer']}", "--set", f"base_url={stage.url}/dubformer"]
        assert polyreel("credentials", "save", "dubformer", name, *fields).code == 0
        job = {
            "name": "lost",
            "source": {"media": stage.film_url, "locale": "en-US"},
            "targets": ["es-ES"],
            "dubbing": {"provider": "dubformer", "credentials": name},
            "delivery": [{"to": "folder", "path": str(tmp_path / "out")}],
        }
        (tmp_path / "job.yaml").write_text(json.dumps(job))

        def run(ledger: str) -> Any:
            where = {
                "POLYREEL_ALLOW_NETWORKS": "127.0.0.0/8",
                "POLYREEL_LEDGER_URL": f"sqlite:///{tmp_path}/{ledger}.db",
            }
            return json.loads(polyreel("run", tmp_path / "job.yaml", "--json", **where).stdout)

        begun = stage.minutes_left("dubformer")
        stage.arm(kind="status", status=403, vendor="dubformer", method="GET", path="/api/v1/projects", times=0)
        first = run("first")
        assert first["status"] == "failed", json.dumps(first)
        spent = begun - stage.minutes_left("dubformer")
        assert spent > 0
        stage.calm()
        second = run("second")
        assert second["status"] == "completed", json.dumps(second)
        assert begun - stage.minutes_left("dubformer") == spent
        assert [each["provider"] for each in second["paid"]] == ["dubformer"]
