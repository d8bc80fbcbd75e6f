import base64
import re
from html.parser import HTMLParser

import pytest

from polyreel.outcome import Check, LanguageOutcome, LineFit, Outcome, Problem
from polyreel.report import figures
from polyreel.report.details import LanguageDetails, ReportDetails, SourceFacts
from polyreel.report.page import render


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "track", "rect", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in {"rect", "track"}:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def of_class(self, name):
        return [attrs for _, attrs in self.elements if name in (attrs.get("class") or "").split()]


def line(text="Hola", **changes):
    given = {
        "cue_start_ms": 1000,
        "cue_end_ms": 3000,
        "start_ms": 1000,
        "end_ms": 2500,
        "natural_ms": 1600,
        "ratio": 1.07,
    }
    return LineFit(text=text, **{**given, **changes})


def page(languages=None, details=None, **outcome):
    return Page(
        render(
            Outcome(job="welcome", status="completed", languages=languages or {}, **outcome), details or ReportDetails()
        )
    )


DELIVERED = LanguageOutcome(
    status="delivered",
    checks=(
        Check(name="loudness", value=-23.04, unit="LUFS", limit=-23.0),
        Check(name="fit", value=1.22, unit="×", limit=1.3, status="warn", detail="two lines are brisk"),
    ),
    notes=("made by a robot",),
)


def test_a_language_is_shown_with_its_status_length_checks_and_notes():
    seen = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": LanguageDetails(seconds=31.24)}))
    for text in (
        "Spanish (Spain)",
        "español (España)",
        "delivered",
        "0:31.2",
        "−23.04 LUFS",
        "1.22 ×",
        "two lines are brisk",
        "made by a robot",
    ):
        assert text in seen.text
    assert len(seen.of_class("warn")) == 3
    assert seen.open == []


def test_an_error_is_shown_with_its_remedy():
    failed = LanguageOutcome(
        status="failed", error=Problem(code="no_voice", message="nobody speaks it", remedy="Leave it out.")
    )
    seen = page({"tlh": failed})
    assert "no_voice" in seen.text
    assert "nobody speaks it" in seen.text
    assert "Leave it out." in seen.text


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
        video=hostile, subtitles={hostile: hostile}, vtt=hostile, fits=(line(hostile, speaker=hostile),)
    )
    source = SourceFacts(
        name=hostile, locale=hostile, seconds=1, frame_rate=hostile, video_codec=hostile, width=1, height=1
    )
    details = ReportDetails(
        source=source, languages={hostile: own}, stage_seconds={hostile: 1}, made_at=hostile, version=hostile
    )
    seen = page({hostile: language}, details, separation=hostile, notes=(hostile,), stages={hostile: hostile})
    assert not seen.all("script")
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
    html = render(Outcome(job="w", status="completed", languages={"es-ES": DELIVERED}), details)
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


def test_the_subtitles_travel_in_the_page_so_that_they_show_from_a_disk():
    own = LanguageDetails(video="v.mp4", vtt="WEBVTT\n\n00:00.000 --> 00:01.000\n¡Hola!\n")
    (track,) = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": own})).all("track")
    assert base64.b64decode(track["src"].partition(",")[2]).decode() == own.vtt
    assert track["srclang"] == "es-ES"


def test_subtitles_that_are_only_beside_it_are_linked():
    own = LanguageDetails(video="v.mp4", subtitles={"vtt": "es-ES/v.vtt"})
    (track,) = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": own})).all("track")
    assert track["src"] == "./es-ES/v.vtt"


def test_every_line_has_its_bar_and_its_tone():
    fits = (line(ratio=1.0), line(ratio=1.2), line(ratio=1.3, too_long=True))
    seen = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": LanguageDetails(fits=fits, seconds=10)}))
    bars = [attrs["class"] for attrs in seen.of_class("voice")]
    assert bars.count("voice easy") == bars.count("voice brisk") == bars.count("voice long") == 2
    assert "3 lines, 1 brisk, 1 too long; fastest 1.30×" in seen.text


def test_text_runs_in_its_own_direction():
    own = LanguageDetails(fits=(line("مرحبًا بكم.", speaker="Ana"),))
    seen = page({"ar": DELIVERED}, ReportDetails(languages={"ar": own}))
    (text,) = seen.of_class("text")
    assert (text["dir"], text["lang"]) == ("auto", "ar")
    assert seen.all("bdi")


def test_many_lines_are_folded_away():
    def shown(count):
        own = LanguageDetails(fits=(line(),) * count)
        return "open" in page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": own})).all("details")[0]

    assert shown(40)
    assert not shown(41)


def test_stages_are_shown_with_what_they_took():
    seen = page(
        details=ReportDetails(stage_seconds={"trim": 2.0, "deliver": 1.0}), stages={"ingest": "cached", "trim": "done"}
    )
    meters = [attrs["width"] for attrs in seen.of_class("voice")]
    assert meters == ["0.0", "100.0", "50.0"]
    assert "cached" in seen.text


def test_an_unknown_locale_is_shown_as_it_is():
    assert "not a locale!" in page({"not a locale!": DELIVERED}).text


def test_a_bar_lies_where_its_line_lies():
    assert figures.bar(line(), 0, 10_000) == figures.Bar(10, 20, 10, 15, "easy")
    assert figures.bar(line(), 1000, 2000) == figures.Bar(0, 100, 0, 75, "easy")


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00.0"), (59.96, "1:00.0"), (83.4, "1:23.4"), (3723.9, "1:02:03")])
def test_a_length_reads_as_a_clock(seconds, text):
    assert figures.clock(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (12_345_678, "12.3 MB"), (5 * 10**12, "5000.0 GB")]
)
def test_a_size_reads_as_one(count, text):
    assert figures.size(count) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (1.0, "1"), (-1.456, "−1.46"), (7, "7"), ("a-b", "a-b")])
def test_a_number_reads_as_one(value, text):
    assert figures.number(value) == text
