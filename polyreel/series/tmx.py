"""TMX 1.4, which every translation tool reads and writes: https://www.gala-global.org/tmx-14b. Text alone is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from polyreel import locales
from polyreel.errors import InvalidJob
from polyreel.series.memory import Unit

if TYPE_CHECKING:
    from xml.etree import ElementTree

# A memory is parsed as a whole, into ten times its bytes. Bounds so that it fits beside a run; split larger ones.
MOST_BYTES = 64 << 20
_MOST_UNITS = 200_000
_LONGEST = 5000
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CODES = frozenset({"bpt", "ept", "ph", "it", "ut"})
"""Elements that hold another format's own marks, and no words."""


def read_tmx(content: bytes, name: str) -> list[Unit]:
    """Every unit with at least two languages; the header's source language comes first in each.

    Raises `InvalidJob` that names the file: for what is no TMX, is too large, or brings entities of its own.
    """
    from xml.etree import ElementTree  # here: few jobs read a memory

    # Expat expands entities as it reads: a few lines of them can stand for gigabytes.
    if b"<!ENTITY" in content[: 1 << 16] or "<!ENTITY".encode("utf-16-le") in content[: 1 << 16]:
        raise _refuse_memory(name, "it declares entities, which a memory needs none of")
    if len(content) > MOST_BYTES:
        raise _refuse_memory(name, f"larger than {MOST_BYTES >> 20} MiB")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - without entities of its own, and bounded
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise _refuse_memory(name, f"no XML: {error}") from None
    if root.tag != "tmx":
        raise _refuse_memory(name, f"it begins with <{root.tag[:40]}>, not <tmx>")
    header = root.find("header")
    first = _read_locale(header.get("srclang", "") if header is not None else "")
    units = [unit for tu in root.iter("tu") if (unit := _read_unit(tu, first))]
    if len(units) > _MOST_UNITS:
        raise _refuse_memory(name, f"{len(units):,} units; at most {_MOST_UNITS:,}")
    return units


def write_tmx(units: Iterable[Unit], source: str, version: str) -> bytes:
    """A memory as TMX. ``source`` is the language that most of it was translated from."""
    return "".join(_write(units, source, version)).encode()


def _write(units: Iterable[Unit], source: str, version: str) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
    yield f'<header creationtool="polyreel" creationtoolversion={quoteattr(version)} segtype="sentence" '
    yield f'o-tmf="polyreel" adminlang="en" srclang={quoteattr(source)} datatype="plaintext"/>\n<body>\n'
    for unit in units:
        # TMX writes times in ISO 8601's basic form, without dashes and colons, in UTC.
        stamp = "".join(letter for letter in unit.changed[:19] if letter not in "-:") + "Z"
        yield f"<tu changedate={quoteattr(stamp)}>\n" if unit.changed else "<tu>\n"
        for locale, text in unit.texts:
            yield f"<tuv xml:lang={quoteattr(locale)}><seg>{escape(_strip_unprintable(text))}</seg></tuv>\n"
        yield "</tu>\n"
    yield "</body>\n</tmx>\n"


def _read_unit(tu: ElementTree.Element, first: str) -> Unit | None:
    texts: dict[str, str] = {}
    for tuv in tu.iter("tuv"):
        locale, seg = _read_locale(tuv.get(_LANG) or tuv.get("lang") or ""), tuv.find("seg")
        text = " ".join("".join(_read_text(seg)).split()) if seg is not None else ""
        if locale and 0 < len(text) <= _LONGEST:
            texts[locale] = text
    if len(texts) < 2:
        return None
    begin = _read_locale(tu.get("srclang", "")) or first
    ordered = sorted(texts.items(), key=lambda item: item[0] != begin)
    stamp = tu.get("changedate", "")
    return Unit(tuple(ordered), _read_time(stamp))


def _read_text(element: ElementTree.Element) -> Iterator[str]:
    if element.tag not in _CODES:
        yield element.text or ""
        for child in element:
            yield from _read_text(child)
            yield child.tail or ""


def _read_time(stamp: str) -> str:
    """``20261128T210000Z`` as ISO 8601; empty for what is no such time."""
    digits = "".join(filter(str.isdigit, stamp))
    if len(digits) != 14:
        return ""
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T{digits[8:10]}:{digits[10:12]}:{digits[12:]}"


def _read_locale(tag: str) -> str:
    try:
        return locales.canonical(tag.replace("_", "-")) if tag and tag != "*all*" else ""
    except InvalidJob:
        return ""


def _strip_unprintable(text: str) -> str:
    """Without what XML can't hold."""
    return "".join(letter for letter in text if letter >= " " or letter in "\t\n")


def _refuse_memory(name: str, what: str) -> InvalidJob:
    remedy = "A memory is TMX 1.4: export it again from the tool that it comes from."
    return InvalidJob(what, code="invalid_memory", where=name, remedy=remedy)
