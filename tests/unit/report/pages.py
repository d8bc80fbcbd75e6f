"""Pages as a browser would see them, and what they are rendered of."""

from html.parser import HTMLParser

from polyreel.outcome import (
    Check,
    LanguageOutcome,
    LineFit,
    Outcome,
)
from polyreel.report.details import ReportDetails
from polyreel.report.page import render_report


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        while tag in {"li", "p"} and self.open[-1] in {"p", tag}:
            self.open.pop()  # these end where the next one begins
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "track", "rect", "br", "path", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        while tag in {"ol", "ul"} and self.open[-1] in {"p", "li"}:
            self.open.pop()
        if tag not in {"rect", "track", "path"}:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
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
        render_report(
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
