"""XML from outside, parsed without trust: no DTD, so no entities and no bombs; nothing fetched, nothing outside named.

lxml's own limits stay in force (256 elements deep, 10 MB of text in one node); a file is at most 16 MiB before it
comes here.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from polyreel.errors import SubtitleError
from polyreel.subtitles.formats.timedtext.names import BASE, SMPTE, STYLING, XINCLUDE, XLINK, tt

Element = Any
"""An lxml element; lxml has no types of its own."""

# What may stand before the root element; a declaration of a document type is none of it.
_PROLOG = re.compile(r"[\ufeff\s]+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_HREF = f"{{{XLINK}}}href"
_PICTURES = (f"{{{SMPTE}}}backgroundImage", f"{{{STYLING}}}backgroundImage")
_BEARERS = {tt("image"): "a picture", tt("font"): "a font", tt("data"): "data", tt("source"): "a source"}


def parse_document(text: str) -> Element:
    """The root element. Raises SubtitleError: ``invalid_subtitles``, ``xml_dtd``, ``external_reference``."""
    _refuse_dtd(text)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.lstrip("\ufeff \t\r\n").encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise _refuse(f"it is no well-formed XML: {error.msg}", error.lineno or 1) from None


def _refuse_dtd(text: str) -> None:
    end = 0
    # Part by part: one expression that repeats them keeps its way back, 2 GB of it for 16 MB of blanks.
    while found := _PROLOG.match(text, end):
        end = found.end()
    if text.startswith("<!", end):
        raise _refuse(
            "it declares a document type (<!DOCTYPE>), which may define entities; TTML has none",
            text.count("\n", 0, end) + 1,
            code="xml_dtd",
            remedy="Export it again without a DTD.",
        )


def refuse_outside(element: Element) -> None:
    """Refuse an element that names something outside its file. Raises SubtitleError (``external_reference``)."""
    tag, attributes = element.tag, element.attrib
    named = attributes.get(_HREF) or attributes.get(BASE)
    if not named:
        named = next((attributes[name] for name in _PICTURES if attributes.get(name, "#").lstrip()[:1] != "#"), None)
    if not named and tag in _BEARERS and attributes.get("src", "#").lstrip()[:1] != "#":
        named = attributes["src"]
    if named or (isinstance(tag, str) and tag.startswith(f"{{{XINCLUDE}}}")):
        what = etree.QName(tag).localname
        raise _refuse(
            f"<{what}> refers to {(named or attributes.get('href', 'another file'))[:120]}, which is outside the file; "
            "nothing is fetched for a subtitle file",
            element.sourceline or 0,
            code="external_reference",
            remedy="Export it with everything inside it, as text.",
        )


def _refuse(message: str, line: int, *, code: str = "invalid_subtitles", remedy: str = "") -> SubtitleError:
    return SubtitleError(
        message,
        code=code,
        line=line,
        where=f"line {line}",
        remedy=remedy or "Give a TTML file that opens in a browser.",
    )
