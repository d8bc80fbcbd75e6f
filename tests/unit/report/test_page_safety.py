"""Nothing that a job says becomes markup, and the page needs nothing from elsewhere."""

import base64
import hashlib
import re

import pytest

from polyreel.outcome import (
    Check,
    DeliveryOutcome,
    LanguageOutcome,
    Outcome,
    Paid,
    Problem,
)
from polyreel.report.details import LanguageDetails, Remark, ReportDetails, ScriptLine, SourceFacts, StageSpan
from polyreel.report.page import render_report
from tests.unit.report.pages import DELIVERED, Page, line, page


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><script>", "{{ 7 * 7 }}"]
)
def test_nothing_that_a_job_says_becomes_markup(hostile):
    language = LanguageOutcome(
        status="failed",
        notes=(hostile,),
        checks=(Check(name=hostile, value=hostile, unit=hostile, detail=hostile),),
        error=Problem(code=hostile, message=hostile, remedy=hostile),
    )
    own = LanguageDetails(
        video=hostile,
        subtitles={hostile: hostile},
        vtt=hostile,
        fits=(line(hostile, speaker=hostile),),
        heard=(hostile + "!",),
        remarks=(Remark(at_ms=1000, text=hostile),),
    )
    source = SourceFacts(
        name=hostile,
        locale=hostile,
        seconds=1,
        frame_rate=hostile,
        video_codec=hostile,
        width=1,
        height=1,
        sound=hostile,
    )
    details = ReportDetails(
        source=source,
        source_script=(ScriptLine(start_ms=1000, end_ms=3000, text=hostile),),
        languages={hostile: own},
        timeline=(StageSpan(stage=hostile), StageSpan(stage=hostile, locale=hostile, state="failed")),
        made_at=hostile,
        version=hostile,
        go_on=hostile,
    )
    place = DeliveryOutcome(
        to=hostile, status="failed", location=hostile, ids={hostile: hostile}, urls={hostile: f"javascript:{hostile}"}
    )
    seen = page(
        {hostile: language},
        details,
        separation=hostile,
        notes=(hostile,),
        stages={hostile: hostile},
        deliveries=(place,),
        paid=(Paid(provider=hostile, locale=hostile, minutes=1, id=hostile),),
    )
    assert len(seen.all("script")) == 1  # our own
    assert not [href for href in (attrs.get("href", "#") for _, attrs in seen.elements) if not re.match(r"#|\./", href)]
    assert not seen.all("img")
    assert not [attrs for _, attrs in seen.elements if any(name.startswith("on") for name in attrs)]
    assert hostile in seen.text
    assert seen.open == []


def test_the_page_needs_nothing_from_elsewhere():
    details = ReportDetails(
        languages={
            "es-ES": LanguageDetails(video="es-ES/w.es-ES.mp4", subtitles={"srt": "es-ES/w.srt"}, vtt="WEBVTT\n")
        }
    )
    html = render_report(Outcome(job="w", status="completed", languages={"es-ES": DELIVERED}), details)
    assert not re.findall(r"https?:|@import|url\(", html)
    for _, attrs in Page(html).elements:
        for name in ("src", "href"):
            assert attrs.get(name, "./").startswith(("./", "#", "data:text/vtt"))


@pytest.mark.parametrize(
    ("path", "href"),
    [
        ("es-ES/a b#1?.mp4", "./es-ES/a%20b%231%3F.mp4"),
        ("javascript:alert(1)", "./javascript%3Aalert%281%29"),
        ("//elsewhere/x", "./elsewhere/x"),
        ("ar/مرحبا.mp4", "./ar/%D9%85%D8%B1%D8%AD%D8%A8%D8%A7.mp4"),
    ],
)
def test_a_link_leads_to_a_file_beside_the_page(path, href):
    seen = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": LanguageDetails(video=path)}))
    assert seen.all("video")[0]["src"] == href


def test_the_policy_allows_the_pages_own_script_and_style_by_hash_and_nothing_else():
    html = render_report(Outcome(job="w", status="completed"), ReportDetails())
    policy = Page(html).all("meta")[-1]["content"]
    for tag, name in (("script", "script-src"), ("style", "style-src")):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
