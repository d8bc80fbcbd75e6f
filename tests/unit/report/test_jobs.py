"""All jobs at a glance: how each stands, whose turn it is, and the same for a monitor and a browser."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from polyreel.ledger.entry import Entry, State
from polyreel.outcome import Check, LanguageOutcome, Outcome, Problem
from polyreel.report import records
from polyreel.report.digest import write_digest
from polyreel.report.jobs_page import render_jobs
from polyreel.report.metrics import write_metrics
from polyreel.report.overview import JobRow, Wanted, list_jobs, parse_since
from polyreel.review.decisions import Reviewer, approve, ask, reject
from polyreel.review.events import ReviewKey, Shown
from polyreel.review.log import ReviewLog, Step
from polyreel.store.local import LocalStore


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without jobs."""
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


DELIVERED = LanguageOutcome(status="delivered", checks=(Check(name="fit"),))
DOUBTFUL = LanguageOutcome(status="delivered", checks=(Check(name="back_transcription", status="fail"),))
FAILED = LanguageOutcome(
    status="failed", error=Problem(code="no_voice", message="nobody speaks it", remedy="Leave it out.")
)


def ran(job: str, status: str = "completed", **languages: LanguageOutcome) -> None:
    """A run from its beginning to its end."""
    named = {name.replace("_", "-"): each for name, each in languages.items()}
    begun = records.begin_record(job, tuple(named))
    records.end_record(begun, Outcome.model_validate({"job": job, "status": status, "languages": named}))


def bought(job: str, **changes: Any) -> Entry:
    """A dub that was bought."""
    given = {"key": f"buy-v1-{job}", "kind": "dub", "provider": "panjaya", "locale": "es-ES", "vendor_id": "as_1"}
    return Entry.model_validate({"job": job, "state": "collected", "quoted_minutes": 3, **given, **changes})


def row_of(job: str, *entries: Entry) -> JobRow:
    """The job's row."""
    return next(row for row in list_jobs(entries) if row.job == job)


def test_a_job_that_went_out_whole_is_nobodys_turn() -> None:
    ran("welcome", es_ES=DELIVERED, fr_FR=DELIVERED)
    row = row_of(
        "welcome", bought("welcome"), bought("welcome", charged_minutes=2, charged_by="vendor"), bought("other")
    )
    assert (row.state, row.who, row.delivered, row.why) == ("completed", "nobody", 2, "")
    assert (row.minutes_charged, row.minutes_quoted) == (2, 3)


@pytest.mark.parametrize(
    ("status", "language", "why"),
    [
        ("failed", FAILED, "es-ES: nobody speaks it"),
        ("held", FAILED.model_copy(update={"status": "held"}), "es-ES: nobody speaks it"),
        (
            "failed",
            LanguageOutcome(status="failed", error=Problem(code="c", message="es-ES: no script", remedy="Give it.")),
            "es-ES: no script",
        ),
        ("completed", DOUBTFUL, "es-ES: delivered, with failing checks (back_transcription)"),
    ],
)
def test_what_somebody_has_to_look_at_is_your_turn_and_says_why(
    status: str, language: LanguageOutcome, why: str
) -> None:
    ran("reel", status, es_ES=language)
    assert (row_of("reel").who, row_of("reel").why) == ("you", why)
    assert row_of("reel").todo


def test_every_language_that_wants_somebody_is_named() -> None:
    ran("reel", "held", es_ES=FAILED.model_copy(update={"status": "held"}), fr_FR=DELIVERED, it_IT=FAILED)
    assert row_of("reel").why == "es-ES: nobody speaks it; also to be looked at: it-IT"


def test_a_run_under_way_does_not_hide_when_one_ended_last() -> None:
    """A monitor would read that nothing ever ended."""
    ran("reel", es_ES=DELIVERED)
    before = row_of("reel").ended
    time.sleep(0.002)
    records.begin_record("reel", ("es-ES",))
    row = row_of("reel")
    assert (row.state, row.last_ended) == ("running", before)
    assert f"polyreel_last_end_timestamp_seconds {before:.15g}" in write_metrics([row], [])


def test_a_call_whose_answer_was_lost_is_yours_to_settle() -> None:
    ran("reel", es_ES=DELIVERED)
    row = row_of("reel", bought("reel", state="unresolved", vendor_id="", note="the studio's assets of 28 November"))
    assert row.who == "you"
    assert row.todo.startswith("polyreel ledger settle reel")


def test_a_run_under_way_is_this_machines_turn_or_a_vendors() -> None:
    records.begin_record("reel", ("es-ES",))
    assert (row_of("reel").state, row_of("reel").who) == ("running", "machine")
    row = row_of("reel", bought("reel", state=State.SUBMITTED))
    assert (row.who, row.why) == ("vendor", "under way at panjaya")


def test_a_run_whose_process_is_gone_has_died(own_home: Path) -> None:
    """A process of its own begins one and is gone."""
    begin = "from polyreel.report.records import begin_record; begin_record('reel', ('es-ES',))"
    subprocess.run([sys.executable, "-c", begin], check=True, env={"POLYREEL_HOME": str(own_home)})
    assert (row_of("reel").state, row_of("reel").who) == ("died", "you")


def test_a_run_that_was_put_aside_waits_and_has_not_died() -> None:
    first = records.begin_record("reel", ("es-ES",), "run-1")
    records.put_aside(first)
    assert (row_of("reel").state, row_of("reel").who) == ("waiting", "you")
    assert row_of("reel", bought("reel", state="submitted")).who == "vendor"
    again = records.begin_record("reel", ("es-ES",), "run-1")
    assert (row_of("reel").state, row_of("reel").runs) == ("running", 1)
    assert again.began == first.began


def test_a_run_that_was_stopped_says_so() -> None:
    records.end_record(records.begin_record("reel", ()), records.make_stopped_outcome("reel"))
    assert row_of("reel").state == "stopped"


def test_the_latest_run_counts_and_earlier_failures_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    ran("reel", "failed", es_ES=FAILED)
    time.sleep(0.002)
    ran("reel", es_ES=DELIVERED)
    row = row_of("reel")
    assert (row.state, row.runs, row.failures) == ("completed", 2, 1)


def test_no_more_than_the_last_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "KEPT_RUNS", 3)
    for _ in range(5):
        ran("reel", es_ES=DELIVERED)
        time.sleep(0.002)
    assert row_of("reel").runs == 3


def test_a_damaged_record_hides_no_other(own_home: Path) -> None:
    ran("reel", es_ES=DELIVERED)
    (own_home / "jobs" / "reel" / "1-x.json").write_text("{")
    assert row_of("reel").runs == 1


def test_a_report_of_an_earlier_failure_goes_when_a_later_run_delivers() -> None:
    report = records.write_failure(Outcome(job="reel", status="failed", error=FAILED.error)).report
    assert report
    assert "nobody speaks it" in Path(report).read_text()
    ran("reel", es_ES=DELIVERED)
    assert not Path(report).exists()


def test_what_is_your_turn_comes_first_and_filters_narrow_the_list() -> None:
    ran("alpha", es_ES=DELIVERED)
    ran("beta", "failed", es_ES=FAILED)
    rows = list_jobs(())
    assert [row.job for row in rows] == ["beta", "alpha"]

    def found(**wanted: Any) -> list[str]:
        return [row.job for row in rows if Wanted(**wanted).matches(row)]

    assert found(states=frozenset({"completed"})) == ["alpha"]
    assert found(job="ALP") == ["alpha"]
    assert found(who="you") == ["beta"]
    assert found(since=time.time() + 60) == []


@pytest.mark.parametrize(("text", "ago"), [("90m", 5400), ("24h", 86400), ("7d", 604800)])
def test_since_is_a_span_or_a_day(text: str, ago: int) -> None:
    assert parse_since(text) == pytest.approx(time.time() - ago, abs=5)
    assert parse_since("2026-01-02") < parse_since("2026-01-03")
    with pytest.raises(ValueError, match="yesterday"):
        parse_since("yesterday")


def test_metrics_are_prometheus_text_with_every_state_in_it() -> None:
    ran("reel", "failed", es_ES=FAILED)
    entries = [bought("reel"), bought('a"b\nc', provider='x"\\\n', charged_minutes=2, charged_by="vendor")]
    told = write_metrics(list_jobs(entries), entries)
    for line in told.splitlines():
        assert re.fullmatch(r'#.*|[a-z_]+(\{([a-z_]+="([^"\\\n]|\\.)*",?)+\})? [-0-9.e+]+', line), line
    assert 'polyreel_jobs{state="failed"} 1\n' in told
    assert 'polyreel_jobs{state="held"} 0\n' in told
    assert 'polyreel_dub_minutes{provider="panjaya",said_by="quote"} 3\n' in told
    assert 'polyreel_dub_minutes{provider="x\\"\\\\\\n",said_by="vendor"} 2\n' in told
    assert told.count("# TYPE polyreel_jobs ") == 1


@pytest.fixture
def polyreel_jobs() -> Callable[..., Any]:
    """``polyreel jobs`` with arguments."""
    from deployments.cli import cli

    return lambda *arguments: CliRunner().invoke(cli, ["jobs", *arguments])


def test_the_command_lists_what_to_do_and_sums_up(polyreel_jobs: Callable[..., Any]) -> None:
    ran("welcome", es_ES=DELIVERED)
    ran("beta", "failed", es_ES=FAILED)
    told = polyreel_jobs()
    assert told.exit_code == 0
    assert told.output.index("beta") < told.output.index("welcome")
    assert "→ Leave it out. [no_voice]" in told.output
    assert "2 jobs, 1 for you." in told.output
    (listed,) = json.loads(polyreel_jobs("--json", "--who", "you").output)["jobs"]
    assert (listed["job"], listed["state"]) == ("beta", "failed")
    assert polyreel_jobs("--since", "tomorrow").exit_code == 2


def test_what_was_approved_since_its_run_wants_a_run_and_no_approval(polyreel_jobs: Callable[..., Any]) -> None:
    """Until the next run the record says that it waits; the review knows better. A rejected language still waits."""
    problem = Problem(code="review_script", message="its script waits to be approved", remedy="Look at it.")
    held = LanguageOutcome(status="held", error=problem)
    ran("reel", "held", es_ES=held, fr_FR=held)
    store = LocalStore()
    script = store.keep_bytes(b"WEBVTT", ".vtt")

    def decide(locale: str, *steps: Step) -> None:
        key = ReviewKey(job="reel", source="0123456789ab", locale=locale)
        asked = ask("script", script.sha256, made=script, script=script, reason="", shown=Shown())
        for step in (asked, *steps):
            asyncio.run(ReviewLog(store).write(key, step))

    decide("es-ES", approve(Reviewer("Ana")))
    decide("fr-FR", reject(Reviewer("Ana"), "no"))
    assert "    fr-FR: its script waits to be approved\n" in polyreel_jobs().output
    decide("fr-FR", approve(Reviewer("Ana")))
    told = polyreel_jobs().output
    assert "es-ES, fr-FR: approved: run the job" in told
    assert "waits to be approved" not in told


def test_the_command_says_when_there_is_nothing(polyreel_jobs: Callable[..., Any]) -> None:
    assert polyreel_jobs().output == "No job that was run here is like this.\n"
    assert json.loads(polyreel_jobs("--json").output) == {"jobs": []}


def test_a_job_is_a_row_of_the_table_that_the_ui_shows() -> None:
    from tasks.run.overview import as_row

    ran("reel", "failed", es_ES=FAILED)
    drawn = as_row(row_of("reel", bought("reel")))
    assert (drawn["job"], drawn["turn"], drawn["languages"], drawn["minutes bought"]) == ("reel", "you", "0 of 1", 3)
    assert drawn["what to do"] == "Leave it out. [no_voice]"


def test_hostile_words_stay_words_on_the_page_and_in_the_terminal(polyreel_jobs: Callable[..., Any]) -> None:
    hostile = "<script>alert(1)</script>\x1b[2J\r"
    ran("reel", "failed", es_ES=FAILED.model_copy(update={"error": Problem(code="x", message=hostile, remedy=hostile)}))
    page = render_jobs(list_jobs(()), Wanted(job=hostile), hostile, lambda _: "")
    page += render_jobs(list_jobs(()), Wanted(), hostile, lambda _: "/jobs/reel/report.html")
    assert page.count("<script") == 2  # each page's own
    assert 'http-equiv="refresh"' not in page  # it would take away a filter that is half chosen
    assert "\x1b" not in polyreel_jobs().output


HOSTILE = "<img src=x onerror=alert(1)> [free](javascript:alert(1)) | `x`\n# Hello\nhttps://evil.example/"


def test_the_page_for_the_ui_says_who_must_act_and_how_the_days_went() -> None:
    """States and languages are counted, failures stand by their day, minutes by who said them; words stay words."""
    problem = Problem(code="no_voice", message=HOSTILE, remedy=HOSTILE)
    ran("beta", "failed", es_ES=LanguageOutcome(status="failed", error=problem))
    ran("welcome", es_ES=DELIVERED, fr_FR=DOUBTFUL)
    runs, now = list(records.read_records()), time.time()
    old = runs[0].model_copy(update={"began": now - 40 * 86400})
    entries = [bought("welcome"), bought("beta", charged_minutes=2, charged_by="vendor", intended_at=now)]
    page = write_digest(list_jobs(entries), [*runs, old], entries, now)
    lines = page.splitlines()
    assert lines[0] == "# 2 jobs, 2 for you"
    assert "| failed | 1 | 1 |" in lines
    assert "| delivered | 0 | 1 |" in lines
    assert "| delivered with failing checks | 0 | 1 |" in lines
    assert f"| {time.strftime('%Y-%m-%d', time.gmtime(runs[0].began))} | 2 | 1 | 0 | 2 |" in lines
    assert "| panjaya | 2 | 3 |" in lines
    assert len([line for line in lines if line.startswith("#")]) == 2
    told = next(line for line in lines if line.startswith("- **beta**, failed: es-ES"))
    assert not re.search(r"(?<!\\)[<>\[\]`|]", told), told
    assert "https://" not in page
    assert write_digest([], [], [], now) == "# 0 jobs, 0 for you"
