"""The namespaces and profiles of TTML, and the attributes that are looked at, spelt as lxml spells them."""

from __future__ import annotations

TT = "http://www.w3.org/ns/ttml"
PARAMETER = f"{TT}#parameter"
STYLING = f"{TT}#styling"
METADATA = f"{TT}#metadata"
IMSC_STYLING = f"{TT}/profile/imsc1#styling"
DAPT_METADATA = f"{TT}/profile/dapt#metadata"
EBU_STYLE = "urn:ebu:tt:style"
EBU_METADATA = "urn:ebu:tt:metadata"
SMPTE = "http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt"
XML = "http://www.w3.org/XML/1998/namespace"
XLINK = "http://www.w3.org/1999/xlink"
XINCLUDE = "http://www.w3.org/2001/XInclude"

IMSC_TEXT = f"{TT}/profile/imsc1.1/text"
IMSC_1_TEXT = f"{TT}/profile/imsc1/text"
DAPT_CONTENT = f"{TT}/profile/dapt1.0/content"
EBU_TT_D = "urn:ebu:tt:distribution:2018-04"

# Drafts of TTML that are still found in files, by what takes their place.
OLD_NAMESPACES = (
    "http://www.w3.org/2006/10/ttaf1",
    "http://www.w3.org/2006/04/ttaf1",
    "http://www.w3.org/2004/11/ttaf1",
)

ID = f"{{{XML}}}id"
LANG = f"{{{XML}}}lang"
SPACE = f"{{{XML}}}space"
BASE = f"{{{XML}}}base"


def tt(name: str) -> str:
    """An element of TTML."""
    return f"{{{TT}}}{name}"


def ttp(name: str) -> str:
    """A parameter attribute."""
    return f"{{{PARAMETER}}}{name}"


def tts(name: str) -> str:
    """A style attribute."""
    return f"{{{STYLING}}}{name}"


def ttm(name: str) -> str:
    """A metadata element or attribute."""
    return f"{{{METADATA}}}{name}"
