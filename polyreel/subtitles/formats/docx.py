"""A Word document, export only: a table of number, times, speaker and text, for people who review a script."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Sequence

from docx import Document
from docx.oxml import OxmlElement
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from polyreel.locales import is_right_to_left
from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.formats.base import WritingOptions
from polyreel.subtitles.formats.text import note_losses
from polyreel.subtitles.model import Cue, Note, Track
from polyreel.subtitles.timing import clock

_COLUMNS = ("No.", "Start", "End", "Speaker", "Text")
# What XML 1.0 can't hold, and python-docx refuses.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_bytes(track: Track, options: WritingOptions) -> tuple[bytes, tuple[Note, ...]]:
    """A track as a .docx file, and what it can't carry. Right-to-left text runs from right to left."""
    rows = [_make_row(number, cue) for number, cue in enumerate(track.cues, 1)]
    is_rtl = options.locale is not None and is_right_to_left(options.locale)
    content = write_table(_COLUMNS, rows, options.locale or "", turned={len(_COLUMNS) - 1} if is_rtl else ())
    return content, note_losses(track, "a Word document")


def write_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], locale: str, *, turned: Collection[int] = ()
) -> bytes:
    """A document of one table. ``turned`` are the columns whose text runs from right to left."""
    document = Document()
    document.core_properties.language = locale
    table = document.add_table(rows=len(rows) + 1, cols=len(columns), style="Table Grid")
    # Rows by their elements: table.rows and row.cells walk the whole table each time, n squared for n rows.
    for tr, values in zip(table._tbl.tr_lst, [columns, *rows], strict=True):
        cells = [_Cell(tc, table) for tc in tr.tc_lst]
        _fill_cells(cells, values)
        for place in turned:
            _turn_paragraph(cells[place].paragraphs[0])
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _make_row(number: int, cue: Cue) -> tuple[str, ...]:
    return str(number), clock(cue.start_ms), clock(cue.end_ms), cue.speaker or "", plain_text(cue.text)


def _fill_cells(cells: list[_Cell], values: Sequence[str]) -> None:
    for cell, value in zip(cells, values, strict=True):
        cell.text = _NOT_XML.sub("\ufffd", value)


def _turn_paragraph(paragraph: Paragraph) -> None:
    paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
    for run in paragraph.runs:
        run.font.rtl = True
