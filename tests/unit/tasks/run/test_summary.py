"""The page that a person reads of a run: what went out, what the checks say, what to do; and nothing that acts."""

from __future__ import annotations

import re

import pytest

from polyreel.outcome import Check, LanguageOutcome, Outcome, Problem
from tasks.run.artifacts import make_ended_row
from tasks.run.summary import summary

QUALITY = Problem(code="quality", message="did not pass: fit", remedy="Correct the script.")
FIT = Check(name="fit", value=1.31, unit="x", limit=1.25, status="fail", detail="too long at 1.0 s: Hello")
SPANISH = LanguageOutcome(
    status="delivered",
    video="/srv/out/reel/es-ES/reel.es-ES.mp4",
    subtitles={"srt": "/srv/out/reel/es-ES/reel.es-ES.srt"},
    checks=(Check(name="loudness", value=-23.1, unit="LUFS", limit=-23, status="pass"), FIT),
)
FOLDER = {"manifest": "/srv/out/reel/manifest.json", "report": "/srv/out/reel/report.html"}


def outcome(status: str, **languages: LanguageOutcome) -> Outcome:
    named = {name.replace("_", "-"): each for name, each in languages.items()}
    return Outcome.model_validate({"job": "reel", "status": status, "languages": named, **FOLDER})


def test_it_counts_what_went_out_and_quotes_every_check() -> None:
    page = summary(outcome("partial", es_ES=SPANISH, fr_FR=LanguageOutcome(status="held", error=QUALITY)))
    assert page.startswith("# reel: 1 of 2 delivered")
    assert "| fit | ✗ | 1.31 x | 1.25 x | too long at 1.0 s: Hello |" in page
    assert "| loudness | ✓ | -23.1 LUFS | -23 LUFS |  |" in page
    assert "**did not pass: fit** Correct the script." in page
    assert "go on from what is finished" in page


def test_a_completed_job_asks_for_nothing() -> None:
    assert "go on from" not in summary(outcome("completed", es_ES=SPANISH))


def test_files_are_links_only_where_somebody_serves_them() -> None:
    """And only those of the delivery's own folder."""
    served = summary(outcome("completed", es_ES=SPANISH), "http://127.0.0.1:4200/delivered/1")
    assert "[reel.es-ES.mp4](http://127.0.0.1:4200/delivered/1/es-ES/reel.es-ES.mp4)" in served
    elsewhere = SPANISH.model_copy(update={"video": "/etc/passwd"})
    assert "`/etc/passwd`" in summary(outcome("completed", es_ES=elsewhere), "http://127.0.0.1:4200/delivered/1")
    assert "](" not in summary(outcome("completed", es_ES=SPANISH))


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "[press](http://evil)", "`code`", "| cell\n# head"])
def test_what_came_from_outside_is_text(hostile: str) -> None:
    problem = Problem(code="x", message=hostile, remedy=hostile)
    page = summary(Outcome(job="reel", status="failed", error=problem, notes=(hostile,)))
    assert not re.search(r"(?<!\\)[<`\[]|\n# head", page)
    assert page.startswith("# reel: nothing delivered")


def test_a_row_of_the_table_says_why_not() -> None:
    row = make_ended_row("es-ES", SPANISH)
    assert (row["state"], row["fit"], row["loudness"], row["length"]) == (
        "delivered with failing checks",
        "1.31 x",
        "-23.1 LUFS",
        "",
    )
    assert make_ended_row("fr-FR", LanguageOutcome(status="held", error=QUALITY))["why"] == str(QUALITY)
