"""BCP-47 language tags, over langcodes (the IANA registry and CLDR's names)."""

from __future__ import annotations

from functools import lru_cache

from polyreel.errors import InvalidJob

_RIGHT_TO_LEFT_SCRIPTS = {"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Armi"}


@lru_cache(maxsize=512)
def canonical(tag: str) -> str:
    """The tag in its standard spelling (``es_es`` -> ``es-ES``). Raises `InvalidJob` for what is no registered tag."""
    import langcodes

    try:
        valid = langcodes.tag_is_valid(tag)
        spelled = langcodes.standardize_tag(tag) if valid else ""
    except (ValueError, LookupError):
        spelled = ""
    if not spelled or not spelled.isascii():
        raise InvalidJob(
            f"'{tag[:40]}' is not a known locale.",
            code="unknown_locale",
            remedy="Use a BCP-47 tag such as es-ES, pt-BR or zh-CN.",
        )
    return str(spelled)


@lru_cache(maxsize=512)
def language(tag: str) -> str:
    """The language subtag alone: ``pt-BR`` -> ``pt``."""
    return canonical(tag).split("-")[0]


@lru_cache(maxsize=512)
def iso639_2(tag: str) -> str:
    """Three letters as media containers want them (ISO 639-2/T): ``de-DE`` -> ``deu``; ``und`` where there are none."""
    import langcodes

    try:
        return langcodes.Language.get(canonical(tag)).to_alpha3(variant="T")
    except LookupError:
        return "und"


@lru_cache(maxsize=512)
def english_name(tag: str) -> str:
    """What English calls it: ``es-ES`` -> ``Spanish (Spain)``."""
    import langcodes

    return langcodes.Language.get(canonical(tag)).display_name("en")


@lru_cache(maxsize=512)
def own_name(tag: str) -> str:
    """What its speakers call it: ``es-ES`` -> ``español (España)``."""
    import langcodes

    return langcodes.Language.get(canonical(tag)).autonym()


@lru_cache(maxsize=512)
def script(tag: str) -> str:
    """The script that the locale is usually written in (ISO 15924): ``zh-TW`` -> ``Hant``."""
    import langcodes

    return langcodes.Language.get(canonical(tag)).maximize().script or "Zyyy"


def is_right_to_left(tag: str) -> bool:
    """Whether the locale's usual script runs from right to left."""
    return script(tag) in _RIGHT_TO_LEFT_SCRIPTS
