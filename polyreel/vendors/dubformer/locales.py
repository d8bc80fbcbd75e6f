"""How Dubformer spells languages: the source without a region, the target with one (page section "Request Fields")."""

from __future__ import annotations

from collections.abc import Collection

from polyreel import locales
from polyreel.vendors.errors import UnsupportedLocale

# WIRE.md: voices that carry the original's emotion exist for these target languages only.
EMOTIONAL = frozenset({"en", "es", "fr", "de", "it", "pt"})


def source_lang(tag: str, offered: Collection[str] = ()) -> str:
    """`en-US` -> `en`. With the languages that "Get options" offers, checked against them."""
    return _require_offered(locales.language(tag), offered, "source")


def target_lang(tag: str, offered: Collection[str] = ()) -> str:
    """`fr_fr` -> `fr-FR`. A language alone is completed from what is offered, where only one region is."""
    wanted = locales.canonical(tag)
    if "-" not in wanted:
        near = sorted(each for each in offered if each.split("-")[0] == wanted)
        # A region is never guessed: the wrong one is dubbed and
        # charged, and a deletion gives no minutes back (WIRE.md).
        if len(near) != 1:
            raise _refuse_locale(wanted, "target", f"Say which region: {', '.join(near)}." if near else "Add a region.")
        return near[0]
    return _require_offered(wanted, offered, "target")


def carries_emotion(tag: str) -> bool:
    """Whether emotional transfer exists for this target language."""
    return locales.language(tag) in EMOTIONAL


def no_emotion(tag: str) -> UnsupportedLocale:
    """The refusal of emotional transfer for a language that does not have it."""
    wanted = locales.canonical(tag)
    return _refuse_locale(
        wanted, "emotional target", f"Switch emotional transfer off; it exists for {_list_emotional()}."
    )


def _require_offered(wanted: str, offered: Collection[str], role: str) -> str:
    if offered and wanted not in offered:
        near = sorted(each for each in offered if each.split("-")[0] == wanted.split("-", maxsplit=1)[0])
        raise _refuse_locale(wanted, role, f"It has {', '.join(near)}." if near else "Use another provider.")
    return wanted


def _list_emotional() -> str:
    return ", ".join(sorted(EMOTIONAL))


def _refuse_locale(wanted: str, role: str, remedy: str) -> UnsupportedLocale:
    message = f"Dubformer does not take {wanted} as {'an' if role[0] in 'aeiou' else 'a'} {role} language."
    return UnsupportedLocale(message, vendor="dubformer", locale=wanted, role=role, remedy=remedy)
