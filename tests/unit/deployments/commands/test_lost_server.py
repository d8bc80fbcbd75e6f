"""A server that goes away in the midst of a command."""

from __future__ import annotations

import httpx
import pytest

from deployments.commands.errors import report_errors


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_server_that_went_away_is_no_defect(
    kind: type[httpx.TransportError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, with where it was and what to do; no traceback."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    with pytest.raises(SystemExit) as caught, report_errors(as_json=False):
        raise kind("All connection attempts failed")
    told = capsys.readouterr().err
    assert caught.value.code == 1
    assert len(told.splitlines()) == 1
    assert "127.0.0.1:4200/api: the Prefect server went away" in told
    assert "[server_unreachable]" in told
