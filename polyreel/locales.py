"""BCP-47 language tags, over langcodes (the IANA registry and CLDR's names)."""

from __future__ import annotations

from functools import lru_cache

from polyreel.errors import InvalidJob

# What translators call a language that they have more than one name for, the newest first.
_SPELLINGS = {
    "zh-Hant": ("zh-Hant", "zt", "zh-TW"),
    "zh-Hans": ("zh-Hans", "zh", "zh-CN"),
    "pt-BR": ("pt-BR", "pb", "pt"),
    "pt": ("pt", "pt-PT"),
    "nb": ("nb", "no"),
    "no": ("nb", "no"),
    "fil": ("tl", "fil"),
}
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
    # A locale becomes names of folders and files.
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
    """What its speakers call it, in their own script: ``es-ES`` -> ``español (España)``."""
    import langcodes

    found = langcodes.Language.get(canonical(tag))
    # CLDR keeps names by script: without one, it looks for Taiwan's among the simplified ones, and finds none.
    return found.display_name(found.maximize())


@lru_cache(maxsize=512)
def script(tag: str) -> str:
    """The script that the locale is usually written in (ISO 15924): ``zh-TW`` -> ``Hant``."""
    import langcodes

    return langcodes.Language.get(canonical(tag)).maximize().script or "Zyyy"


def translator_spellings(tag: str) -> tuple[str, ...]:
    """What translators that know no regions may call a locale, the likeliest first: ``zh-TW`` -> ``zh-Hant, zt, ...``.

    They tell apart the script of Chinese (its other script would be wrong) and the Portuguese of Brazil.
    """
    spoken, brazilian = language(tag), canonical(tag).endswith("-BR")
    kind = f"zh-{script(tag)}" if spoken == "zh" else f"{spoken}-BR" if spoken == "pt" and brazilian else spoken
    return _SPELLINGS.get(kind, (kind,))


def is_right_to_left(tag: str) -> bool:
    """Whether the locale's usual script runs from right to left."""
    return script(tag) in _RIGHT_TO_LEFT_SCRIPTS


def is_british(locale: str) -> bool:
    """Whether an English locale is spoken nearer to London than to Los Angeles."""
    return locale.startswith("en") and locale not in {"en", "en-US", "en-CA", "en-PH", "en-PR"}
