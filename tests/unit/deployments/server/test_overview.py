"""``/jobs``, ``/jobs.json`` and ``/metrics`` beside the API: what is served, and to whom."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from deployments.server.delivered import add_deliveries
from deployments.server.overview import with_overview
from polyreel.ledger import steps
from polyreel.ledger.address import ledger_rows
from polyreel.ledger.entry import Receipt, Subject
from polyreel.machine import home
from polyreel.outcome import LanguageOutcome, Outcome, Problem
from polyreel.report import records

PASSWORD = "admin:hush"
RUN = "01234567-89ab-4cde-8f01-23456789abcd"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A server with one failed job."""
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path))
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    problem = Problem(code="no_voice", message="nobody speaks it", remedy="Leave it out.")
    failed = LanguageOutcome(status="failed", error=problem)
    outcome = records.write_failure(Outcome(job="reel", status="failed", languages={"es-ES": failed}, error=problem))
    records.end_record(records.begin_record("reel", ("es-ES",)), outcome)
    below = Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse("prefect"))])
    return TestClient(with_overview(below))


def test_the_page_lists_jobs_links_their_report_and_runs_its_own_script_alone(client: TestClient) -> None:
    page = client.get("/jobs")
    assert page.status_code == 200
    assert "nobody speaks it" in page.text
    assert 'href="/jobs/reel/report.html"' in page.text
    assert page.text.count("<script") == 1  # its own, which the policy knows by its hash
    report = client.get("/jobs/reel/report.html")
    assert "Leave it out." in report.text
    assert report.headers["content-security-policy"] == "sandbox allow-scripts"


def test_filters_are_in_the_address(client: TestClient) -> None:
    assert client.get("/jobs.json?state=failed&who=you&since=24h").json()["jobs"][0]["job"] == "reel"
    assert client.get("/jobs.json?state=held").json() == {"jobs": []}
    assert client.get("/jobs?since=whenever").status_code == 400


def test_metrics_are_text_for_a_monitor(client: TestClient) -> None:
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'polyreel_jobs{state="failed"} 1' in told.text


@pytest.mark.parametrize(
    "path",
    [
        "/jobs/%00/report.html",
        f"/jobs/{'a' * 300}/report.html",
        f"/delivered/{RUN}/%00",
        f"/delivered/{RUN}/{'a' * 300}",
    ],
)
def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path, client: TestClient, path: str) -> None:
    place = tmp_path / "out"
    place.mkdir()
    (place / "manifest.json").write_text('{"files": []}')
    home.delivered_dir().mkdir(parents=True, exist_ok=True)
    (home.delivered_dir() / RUN).write_text(str(place))
    assert TestClient(add_deliveries(client.app)).get(f"/delivered/{RUN}/manifest.json").status_code == 200
    assert TestClient(add_deliveries(client.app)).get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/jobs/../ledger.db", "/jobs/reel/1.json", "/jobs/%2e%2e/report.html", "/jobs/none/report.html", "/jobs/"]
)
def test_nothing_else_of_the_home_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404 or client.get(path).text == "prefect"


def test_whatever_is_not_its_own_goes_to_the_server(client: TestClient) -> None:
    assert client.get("/api/health").text == "prefect"
    assert client.post("/jobs").status_code == 405


def test_where_the_api_wants_a_password_so_does_it(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", PASSWORD)
    for path in ("/jobs", "/jobs.json", "/metrics", "/jobs/reel/report.html"):
        assert client.get(path).status_code == 401
        wrong = {"authorization": "Basic " + base64.b64encode(b"admin:wrong").decode()}
        assert client.get(path, headers=wrong).status_code == 401
        right = {"authorization": "Basic " + base64.b64encode(PASSWORD.encode()).decode()}
        assert client.get(path, headers=right).status_code == 200


def test_the_ledger_is_a_page_that_says_what_was_bought_and_what_a_person_must_settle(client: TestClient) -> None:
    """Newest first, by whatever its form asks for; nothing in it runs, and a vendor's words stay words."""
    subject = Subject(kind="dub", job="reel", provider="panjaya", locale="es-ES", minutes=3)
    rows = ledger_rows()
    rows.change_all(
        {
            "buy-v1-aaaaaaaaaa": steps.record_receipt("buy-v1-aaaaaaaaaa", subject, Receipt(id="as_1", minutes=2.0)),
            "buy-v1-bbbbbbbbbb": steps.record_receipt(
                "buy-v1-bbbbbbbbbb", subject, Receipt(id="<script>alert()</script>")
            ),
        }
    )
    page = client.get("/ledger?kind=dub&job=reel")
    assert page.status_code == 200
    assert "as_1" in page.text
    assert "panjaya: 2 min charged" in page.text
    assert "<script" not in page.text
    assert "Nothing in the ledger" in client.get("/ledger?state=unresolved").text
    assert 'href="/ledger"' in client.get("/jobs").text
