"""Renders an outcome as one self-contained page: nothing is loaded but the delivered videos and sounds beside it.

The page's own style and script are allowed by their hashes and nothing else is: markup that found its way into a text
could neither run nor dress itself up.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import jinja2

from polyreel.errors import InvalidJob
from polyreel.locales import english_name, own_name
from polyreel.outcome import Check, DeliveryOutcome, LanguageOutcome, Outcome, Problem
from polyreel.report import drawings, figures
from polyreel.report.details import LanguageDetails, ReportDetails
from polyreel.report.rows import write_rows
from polyreel.report.script import Line, pair_lines
from polyreel.report.templates import hash_source, load_template, read_file
from polyreel.report.timeline import WORDS, draw_timeline

_MANY_LINES = 40
_DRAWN_LINES = 400
"""A language with more lines has no bar beside each: its figures, and the strip of all lines, say the same."""
_CAPTION_BYTES = 400_000
"""Captions of all languages that the page carries itself; where there are more, its script makes them of the lines."""
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
    lines: list[Line]
    source_locale: str
    carries_captions: bool

    @property
    def columns(self) -> tuple[Check | None, ...]:
        """The checks that have a column of their own in the table, in its order."""
        found = {check.name: check for check in self.outcome.checks}
        return tuple(found.get(name) for name in _COLUMNS)

    @property
    def review_page(self) -> str:
        """Where a person decides on it; only an address that a browser may be sent to."""
        address = self.outcome.review_page
        return address if address.startswith(("https://", "http://")) else ""

    @property
    def length(self) -> str:
        """How long the dubbed reel is."""
        return figures.format_clock(self.details.seconds) if self.details.seconds is not None else "–"

    @property
    def pace(self) -> str:
        """The fit of all lines in a phrase."""
        return figures.describe_pace(self.details.fits)

    @property
    def opened(self) -> bool:
        """Whether the lines are shown at once."""
        return len(self.lines) <= _MANY_LINES

    @property
    def rows(self) -> str:
        """The lines, as the page lists them."""
        drawn = len(self.lines) <= _DRAWN_LINES
        return write_rows(self.lines, self.source_locale, self.details.video or self.details.audio, drawn=drawn)

    @property
    def track(self) -> str:
        """The subtitles as an address that the page carries in itself, or the link beside it."""
        if self.details.vtt and self.carries_captions:
            return "data:text/vtt;base64," + base64.b64encode(self.details.vtt.encode()).decode("ascii")
        return figures.make_link(self.details.subtitles.get("vtt", ""))

    @property
    def tally(self) -> list[tuple[str, int]]:
        """How many checks passed, warn and fail; what there is none of is left out."""
        found = [check.status for check in self.outcome.checks]
        return [(status, found.count(status)) for status in dict.fromkeys(sorted(found, key=_ORDER.index))]

    @property
    def strip(self) -> dict[str, str]:
        """All cues and the voice in them, on the reel's own axis: a path per tone."""
        return drawings.draw_strip(self.details.fits, self.reel_ms)

    @property
    def speech(self) -> str:
        """The new speech as an outline."""
        return drawings.outline_levels(self.details.outline.speech, 30, 28)

    @property
    def loudness(self) -> str:
        """The finished track's loudness over time."""
        return drawings.draw_loudness(self.details.outline.loudness, 64, 46)

    @property
    def target_y(self) -> float | None:
        """Where the loudness target lies in the drawing."""
        target = self.details.outline.target_lufs
        return None if target is None else drawings.place_lufs(target, 64, 46)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a person has to look at: where, what, and what to do."""

    where: str
    link: str
    what: str
    remedy: str = ""
    code: str = ""
    grave: bool = True


def render_report(outcome: Outcome, details: ReportDetails) -> str:
    """The report as HTML. Every text is escaped; nothing in it is taken for markup."""
    carried = sum(len(own.vtt) for own in details.languages.values()) <= _CAPTION_BYTES
    languages = [_make_view(locale, each, details, carried) for locale, each in outcome.languages.items()]
    style, script = read_file("page.css"), read_file("page.js")
    return _load_page().render(
        outcome=outcome,
        details=details,
        languages=languages,
        delivered=sum(view.outcome.status == "delivered" for view in languages),
        failing=sum(view.outcome.standing != view.outcome.status for view in languages),
        tasks=_list_tasks(outcome),
        said=_count_lines(languages),
        source_name=_name_locale(details.source.locale) if details.source else "",
        timeline=draw_timeline(details.timeline, outcome.paid),
        words=WORDS,
        names={view.locale: view.name for view in languages},
        bought=sum(each.minutes for each in outcome.paid),
        deliveries=[_drop_unsafe_addresses(each) for each in outcome.deliveries],
        bed=drawings.outline_levels(details.source.bed, 30, 28) if details.source else "",
        original=drawings.outline_levels(details.source.levels, 30, 28) if details.source else "",
        style=style,
        script=script,
        policy=_make_policy(style, script),
    )


def _make_policy(style: str, script: str) -> str:
    """A content security policy that knows the page's own style and script by their hashes."""
    return (
        f"default-src 'none'; style-src {hash_source(style)}; script-src {hash_source(script)}; img-src data:; "
        "media-src 'self' file: data:; base-uri 'none'; form-action 'none'"
    )


def _list_tasks(outcome: Outcome) -> list[Task]:
    """What failed, is held, or went out though a check failed; the gravest first."""
    found = [_make_task("the job", "", outcome.error)] if outcome.error else []
    for locale, language in outcome.languages.items():
        if language.error:
            found.append(_make_task(locale, f"#{locale}", language.error))
        elif language.standing != language.status:
            failing = ", ".join(check.name.replace("_", " ") for check in language.checks if check.status == "fail")
            remedy = "Listen to it; correct its script and run the job again, or set `quality: {on_fail: hold}`."
            found.append(Task(locale, f"#{locale}", f"went out though a check failed: {failing}", remedy, grave=False))
    for place in outcome.deliveries:
        if place.error and place.error != outcome.error:
            found.append(_make_task(place.location or place.to, "#deliveries", place.error))
    return sorted(found, key=lambda task: not task.grave)


def _make_task(where: str, link: str, error: Problem) -> Task:
    return Task(where, link, error.message.removeprefix(f"{where}: "), error.remedy, error.code)


def _drop_unsafe_addresses(delivery: DeliveryOutcome) -> DeliveryOutcome:
    """A place's receipts, with only those addresses that a browser may be sent to."""
    urls = {name: url for name, url in delivery.urls.items() if url.startswith(("https://", "http://"))}
    return delivery.model_copy(update={"urls": urls})


def _name_locale(locale: str, name: Callable[[str], str] = english_name) -> str:
    """A locale's name; the locale itself where it has none."""
    try:
        return name(locale)
    except InvalidJob:
        return locale


def _make_view(locale: str, outcome: LanguageOutcome, details: ReportDetails, carried: bool) -> LanguageView:
    own = details.languages.get(locale, LanguageDetails())
    # At least 1: drawings divide by it.
    reel = max([1, round((own.seconds or 0) * 1000), *map(figures.end_of, own.fits)])
    # Without a word of its own, a language that failed would only repeat the source's script.
    source = details.source_script if own.source_script is None else own.source_script
    lines = pair_lines(own, source) if own.fits or own.script else []
    spoken = details.source.locale if details.source else ""
    return LanguageView(
        locale, _name_locale(locale), _name_locale(locale, own_name), outcome, own, reel, lines, spoken, carried
    )


def _count_lines(languages: Sequence[LanguageView]) -> dict[str, int]:
    """How many lines each speaker has: in the language that has most of them."""
    counts = [Counter(line.speaker for line in view.lines if line.speaker and line.text) for view in languages]
    return {name: max(count[name] for count in counts) for count in counts for name in count}


@cache
def _load_page() -> jinja2.Template:
    return load_template(
        "page.html.j2",
        clock=figures.format_clock,
        link=figures.make_link,
        number=figures.format_number,
        size=figures.format_size,
        measured=figures.format_value,
        limited=figures.format_limit,
        summarised=figures.summarise_detail,
        tabled=figures.format_in_table,
    )
