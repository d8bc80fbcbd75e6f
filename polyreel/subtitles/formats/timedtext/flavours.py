"""The profiles of TTML that are written, a row each: what their root says, and what of a cue they can't carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polyreel.subtitles.formats.timedtext.names import (
    DAPT_CONTENT,
    DAPT_METADATA,
    EBU_METADATA,
    EBU_TT_D,
    IMSC_1_TEXT,
    IMSC_STYLING,
    IMSC_TEXT,
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """One profile. ``has_*`` say what it can carry beside text, times, places and looks."""

    name: str
    title: str
    root: str = ""
    head: str = ""
    names_frame_rate: bool = True
    has_ruby: bool = True
    has_vertical: bool = True
    has_forced: bool = True
    is_script: bool = False
    needs_spans: bool = False


_ITTS = f' xmlns:itts="{IMSC_STYLING}"'
_EBU_HEAD = (
    "<metadata><ebuttm:documentMetadata>"
    f"<ebuttm:conformsToStandard>{EBU_TT_D}</ebuttm:conformsToStandard>"
    f"<ebuttm:conformsToStandard>{IMSC_1_TEXT}</ebuttm:conformsToStandard>"
    "</ebuttm:documentMetadata></metadata>"
)

FLAVOURS: Mapping[str, Flavour] = MappingProxyType(
    {
        "ttml": Flavour("ttml", "TTML", root=_ITTS),
        "imsc": Flavour("imsc", "IMSC 1.1", root=f'{_ITTS} ttp:contentProfiles="{IMSC_TEXT}"'),
        # EBU Tech 3380: no frames, every text in a span, no span in a span, styles only by reference.
        "ebu-tt-d": Flavour(
            "ebu-tt-d",
            "EBU-TT-D",
            root=f' xmlns:ebuttm="{EBU_METADATA}"',
            head=_EBU_HEAD,
            names_frame_rate=False,
            has_ruby=False,
            has_vertical=False,
            has_forced=False,
            needs_spans=True,
        ),
        # Netflix takes forced subtitles as a file of their own; Japanese as IMSC 1.1, which ruby and columns are from.
        "netflix": Flavour("netflix", "Netflix's TTML", has_forced=False),
        "dapt": Flavour(
            "dapt",
            "DAPT",
            root=f'{_ITTS} xmlns:daptm="{DAPT_METADATA}" ttp:contentProfiles="{DAPT_CONTENT}"',
            is_script=True,
            needs_spans=True,
        ),
    }
)
