"""Renders an outcome as one self-contained page: no scripts, nothing loaded but the delivered videos beside it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import jinja2

from polyreel.errors import InvalidJob
from polyreel.locales import english_name, own_name
from polyreel.outcome import Check, LanguageOutcome, LineFit, Outcome
from polyreel.report import figures
from polyreel.report.details import LanguageDetails, ReportDetails

_MANY_LINES = 40
_ORDER = ("pass", "warn", "fail")
_COLUMNS = ("fit", "loudness", "true_peak", "subtitles")


@dataclass(frozen=True, slots=True)
class LanguageView:
    """One language as the page shows it."""

    locale: str
    name: str
    autonym: str
    outcome: LanguageOutcome
    details: LanguageDetails
    reel_ms: int
    line_ms: int

    @property
    def columns(self) -> tuple[Check | None, ...]:
        """The checks that have a column of their own in the table, in its order."""
        found = {check.name: check for check in self.outcome.checks}
        return tuple(found.get(name) for name in _COLUMNS)

    @property
    def length(self) -> str:
        """How long the dubbed reel is."""
        return figures.clock(self.details.seconds) if self.details.seconds is not None else "–"

    @property
    def pace(self) -> str:
        """The fit of all lines in a phrase."""
        return figures.pace(self.details.fits)

    @property
    def opened(self) -> bool:
        """Whether the lines are shown at once."""
        return len(self.details.fits) <= _MANY_LINES

    @property
    def track(self) -> str:
        """The subtitles as an address that the page carries in itself, or the link beside it."""
        if self.details.vtt:
            return "data:text/vtt;base64," + base64.b64encode(self.details.vtt.encode()).decode("ascii")
        return figures.link(self.details.subtitles.get("vtt", ""))

    @property
    def tally(self) -> list[tuple[str, int]]:
        """How many checks passed, warn and fail; what there is none of is left out."""
        found = [check.status for check in self.outcome.checks]
        return [(status, found.count(status)) for status in dict.fromkeys(sorted(found, key=_ORDER.index))]

    def place(self, line: LineFit) -> figures.Bar:
        """A line's place in the reel."""
        return figures.bar(line, 0, self.reel_ms)

    def fit(self, line: LineFit) -> figures.Bar:
        """A line's voice in its cue, all lines to one scale."""
        return figures.bar(line, figures.start_of(line), self.line_ms)


def render(outcome: Outcome, details: ReportDetails) -> str:
    """The report as HTML. Every text is escaped; nothing in it is taken for markup."""
    languages = [_view(locale, language, details) for locale, language in outcome.languages.items()]
    return _template().render(
        outcome=outcome,
        details=details,
        languages=languages,
        delivered=sum(view.outcome.status == "delivered" for view in languages),
        source_name=_name(details.source.locale) if details.source else "",
        stages=_stages(outcome, details),
        style=files("polyreel.report").joinpath("page.css").read_text("utf-8"),
    )


def _name(locale: str, name: Callable[[str], str] = english_name) -> str:
    """A locale's name; the locale itself where it has none."""
    try:
        return name(locale)
    except InvalidJob:
        return locale


def _view(locale: str, outcome: LanguageOutcome, details: ReportDetails) -> LanguageView:
    own = details.languages.get(locale, LanguageDetails())
    reel = max([1, round((own.seconds or 0) * 1000), *map(figures.end_of, own.fits)])
    longest = max([1, *(figures.end_of(line) - figures.start_of(line) for line in own.fits)])
    return LanguageView(locale, _name(locale), _name(locale, own_name), outcome, own, reel, longest)


def _stages(outcome: Outcome, details: ReportDetails) -> list[tuple[str, str, float | None, float]]:
    """Stage, how it went, its seconds, and those as a share of the longest stage's."""
    longest = max([0.001, *details.stage_seconds.values()])
    names = dict.fromkeys([*outcome.stages, *details.stage_seconds])
    taken = {name: details.stage_seconds.get(name) for name in names}
    return [(name, outcome.stages.get(name, ""), took, 100 * (took or 0) / longest) for name, took in taken.items()]


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=figures.clock, link=figures.link, number=figures.number, size=figures.size, measured=figures.measured
    )
    return environment.from_string(files("polyreel.report").joinpath("page.html.j2").read_text("utf-8"))
