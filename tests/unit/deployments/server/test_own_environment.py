"""Somebody else's Prefect in the environment, or in the current folder, does not reach a server of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deployments.server.own_environment import own_environment

THEIRS = {
    "PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://theirs/prefect",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://theirs/prefect",
    "PREFECT_SERVER_DATABASE_DRIVER": "postgresql+asyncpg",
    "PREFECT_SERVER_DATABASE_HOST": "theirs",
    "PREFECT_SERVER_API_BASE_PATH": "/theirs",
    "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
    "PREFECT_PROFILE": "theirs",
    "PREFECT_HOME": "/home/them/.prefect",
}
_ASK = (
    "from prefect.settings import get_current_settings as settings;"
    "print(settings().server.database.connection_url.get_secret_value())"
)


def test_their_settings_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in THEIRS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PREFECT_SERVER_UI_ENABLED", "true")
    found = own_environment(tmp_path)
    assert not [name for name, value in found.items() if "theirs" in value or "/home/them" in value or "redis" in value]
    assert found["PREFECT_SERVER_UI_ENABLED"] == "true", "what leads nowhere else is the user's to set"


@pytest.mark.parametrize("where", ["variables", ".env", "prefect.toml", "pyproject.toml"])
def test_the_database_is_ours_wherever_theirs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """As Prefect itself reads it, in the folder where the command was started."""
    url = "sqlite+aiosqlite:////somewhere/theirs.db"
    match where:
        case ".env":
            (tmp_path / ".env").write_text(f"PREFECT_SERVER_DATABASE_CONNECTION_URL={url}\n")
        case "prefect.toml":
            (tmp_path / "prefect.toml").write_text(f'[server.database]\nconnection_url = "{url}"\n')
        case "pyproject.toml":
            (tmp_path / "pyproject.toml").write_text(f'[tool.prefect.server.database]\nconnection_url = "{url}"\n')
        case _:
            monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", url)
    env = own_environment(tmp_path / "home" / "prefect")
    asked = subprocess.run(
        [sys.executable, "-P", "-c", _ASK], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == f"sqlite+aiosqlite:///{tmp_path / 'home' / 'prefect' / 'prefect.db'}"
