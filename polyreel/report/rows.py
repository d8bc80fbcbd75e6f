"""The rows of the script, as HTML: written by hand, as a film in ten languages has twenty thousand of them.

Every text goes through `escape`. What a row says by its elements: ``time``, then the source (a paragraph in its own
language), the dub (``.text``), and in ``small`` the voice's pace and how fast the cue has to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from polyreel.report import drawings, figures
from polyreel.report.script import Line

# Attribute values of these letters alone need no quotes in HTML.
_PLAIN = re.compile(r"[A-Za-z0-9-]+")


def write_rows(lines: list[Line], source_locale: str, video: str | None, *, drawn: bool) -> Markup:
    """All rows. ``drawn``: each has a bar, and its time is a link into the video, which needs no script."""
    lang = f" lang={_quote(source_locale)}" if source_locale else ""
    href = str(escape(figures.make_link(video))) if video and drawn else ""
    return Markup("".join("".join(_write_row(line, lang, href, drawn)) for line in lines))  # noqa: S704 - escaped below


def _write_row(line: Line, lang: str, href: str, drawn: bool) -> Iterator[str]:
    shown = figures.format_clock(line.start_ms / 1000)
    yield f"<li data-s={line.start_ms} data-e={line.end_ms}>"
    link = f'<a tabindex="-1" href="{href}#t={line.start_ms / 1000}">{shown}</a>' if href else shown
    yield f"<time>{link}</time>"
    if line.source:
        # Paragraphs end by themselves where the next element begins, which saves an end tag in every row.
        yield f"<p{lang}>{escape(line.source)}"
    if line.text:
        speaker = f"<b>{escape(line.speaker)}</b> " if line.speaker else ""
        yield f"<p class=text>{speaker}{escape(line.text)}"
    else:
        yield '<p class="text none">not in the dub'
    if line.fit:
        yield "</p>"
        yield from _write_fit(line, drawn)
    if line.heard:
        yield f'<p class=remark>heard: <q dir="auto">{escape(line.heard)}</q>'
    for remark in line.remarks:
        yield f"<p class=remark>{escape(remark)}"


def _write_fit(line: Line, drawn: bool) -> Iterator[str]:
    fit = line.fit
    assert fit is not None  # noqa: S101 - the caller looked
    tone = figures.rate_fit(fit)
    if drawn:
        cue, voice = drawings.draw_fit(fit)
        yield (
            '<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
            f'<path class="slot" d="{cue}"/><path class="voice {tone}" d="{voice}"/></svg>'
        )
    said = [
        f"{fit.ratio:.2f}×{' too long' if fit.too_long else ''}",
        figures.say_speed(line.speed),
        figures.say_tone(fit.tone),
    ]
    said += [f"recorded by {fit.recorded_by}"] if fit.recorded_by else ["voice or pace chosen"] if fit.chosen else []
    yield f"<small{'' if tone == 'easy' else f' class={tone}'}>{escape(' · '.join(filter(None, said)))}</small>"


def _quote(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else f'"{escape(text)}"'
