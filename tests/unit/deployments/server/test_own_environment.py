"""Somebody else's Prefect in the environment, or in the current folder, does not reach a server of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

from deployments.server.embedded_server import EmbeddedServer
from deployments.server.own_environment import own_environment

pytestmark = pytest.mark.slow  # each asks an interpreter, or a server, of its own
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


def test_what_is_told_of_tasks_is_gathered_unless_the_user_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Prefect itself reads it: one second, many events."""
    ask = (
        "from prefect.settings import get_current_settings as settings;"
        "recorder = settings().server.services.task_run_recorder; print(recorder.batch_size, recorder.flush_interval)"
    )

    def read_settings() -> list[str]:
        env = own_environment(tmp_path)
        return subprocess.check_output([sys.executable, "-c", ask], env=env, text=True).split()

    assert read_settings() == ["64", "1.0"]
    monkeypatch.setenv("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE", "1")
    assert read_settings() == ["1", "1.0"]


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


def test_a_servers_database_is_in_its_folder_whatever_that_is_called(tmp_path: Path) -> None:
    """An address has signs of its own: behind a question mark another file was made, beside POLYREEL_HOME."""
    for name in ("a?b=c", "100%20 #1", 'it\'s; "so", ünï'):
        folder = tmp_path / name
        folder.mkdir()
        url = make_url(own_environment(folder)["PREFECT_SERVER_DATABASE_CONNECTION_URL"])
        with create_engine(url.set(drivername="sqlite")).connect() as opened:
            opened.execute(text("create table x (y)"))
        assert [path.name for path in folder.iterdir()] == ["prefect.db"]
    assert len(list(tmp_path.iterdir())) == 3


def test_our_own_places_stay_where_they_are_named_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server is started in its own folder."""
    monkeypatch.chdir(tmp_path)
    for name, place, found in (
        ("POLYREEL_HOME", "home", f"{tmp_path}/home"),
        ("POLYREEL_STORE", "s3://films/store", "s3://films/store"),
        ("POLYREEL_LEDGER_URL", "sqlite:///ledger.db", f"sqlite:///{tmp_path}/ledger.db"),
    ):
        monkeypatch.setenv(name, place)
        assert own_environment(tmp_path / "x")[name] == found


def test_a_server_of_a_run_ignores_all_of_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their database, API, profile and password, in variables and in the folder's files, and proxies besides."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / ".env").write_text(
        "PREFECT_SERVER_API_AUTH_STRING=them:secret\nPREFECT_SERVER_API_BASE_PATH=/theirs\n"
        "PREFECT_API_URL=http://127.0.0.1:9/api\n"
    )
    (theirs / "prefect.toml").write_text(
        '[api]\nurl = "http://127.0.0.1:9/api"\n[server.database]\nconnection_url = "postgresql+asyncpg://theirs/x"\n'
    )
    (theirs / "profiles.toml").write_text('active = "t"\n[profiles.t]\nPREFECT_API_URL = "http://127.0.0.1:9/api"\n')
    monkeypatch.chdir(theirs)
    for name, value in {
        **THEIRS,
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "PREFECT_PROFILES_PATH": str(theirs / "profiles.toml"),
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "socks5://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    with EmbeddedServer(tmp_path / "home?" / "prefect") as server:
        answer = httpx.post(f"{server.address}/flows/filter", json={}, timeout=30, trust_env=False)
    assert (answer.status_code, answer.json()) == (200, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home?", "theirs"]
