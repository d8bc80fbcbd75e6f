"""Which locales Panjaya dubs from and into (the table "Languages support" on docs.panjaya.ai/apis, 2026-11)."""

from __future__ import annotations

from polyreel import locales
from polyreel.vendors.errors import UnsupportedLocale

_BOTH_WAYS = """
    ar-AE bg-BG zh-CN hr-HR cs-CZ da-DK nl-NL en-US fil-PH fi-FI fr-FR de-DE el-GR hi-IN hu-HU id-ID it-IT ja-JP ko-KR
    lt-LT ms-MY nb-NO pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK es-ES es-MX sv-SE ta-IN tr-TR uk-UA vi-VN
"""
TARGETS = frozenset(_BOTH_WAYS.split())
SOURCES = TARGETS | {"he-IL"}


def source_locale(tag: str) -> str:
    """Panjaya's spelling of the reel's language; its one locale of a language stands for that language's others too."""
    return _pick_locale(tag, SOURCES, "source", tolerant=True)


def target_locale(tag: str) -> str:
    """Panjaya's spelling of a language to dub into. Raises `UnsupportedLocale`; a region is never changed silently."""
    return _pick_locale(tag, TARGETS, "target", tolerant="-" not in tag)


def _pick_locale(tag: str, known: frozenset[str], role: str, *, tolerant: bool) -> str:
    wanted = locales.canonical(tag)
    if wanted in known:
        return wanted
    near = sorted(each for each in known if each.split("-")[0] == locales.language(wanted))
    # Two regions of one language are two dubs: which one is meant has to be said.
    if tolerant and len(near) == 1:
        return near[0]
    raise UnsupportedLocale(
        f"Panjaya does not take {wanted} as a {role} language.",
        vendor="panjaya",
        locale=wanted,
        role=role,
        remedy=_write_hint(wanted, near),
    )


def _write_hint(wanted: str, near: list[str]) -> str:
    if near:
        return f"It has {', '.join(near)}."
    if wanted in SOURCES:
        return "It can only be dubbed from this language, not into it. Dub it with another provider."
    return "Dub this language with another provider."
