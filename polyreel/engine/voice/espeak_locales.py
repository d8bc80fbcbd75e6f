"""Which espeak-ng voice speaks a BCP-47 locale: the voice file's name, or None."""

from __future__ import annotations

from functools import lru_cache

# Where the tag alone does not say it. Left: language, or language-REGION/Script; right: espeak-ng's voice.
_BY_TAG = {
    "zh": "cmn",
    "zh-HK": "yue",
    "zh-MO": "yue",
    "no": "nb",
    "nn": "nb",
    "pt": "pt",
    "pt-BR": "pt-br",
    "en": "en-us",
    "en-US": "en-us",
    "en-CA": "en-us",
    "en-PH": "en-us",
    "en-PR": "en-us",
    # espeak-ng's plain `en` is British, whatever one expects of the bare tag.
    "en-GB": "en",
    "sh": "hr",
    "iw": "he",
    "in": "id",
    "mo": "ro",
    # Codes of single languages (ISO 639-3), where espeak-ng has only the macrolanguage's.
    "kmr": "ku",
    "arb": "ar",
    "ekk": "et",
    "lvs": "lv",
    "zsm": "ms",
    "pes": "fa",
    "prs": "fa",
    "swh": "sw",
    "azj": "az",
    "uzn": "uz",
    "als": "sq",
    "npi": "ne",
    "ory": "or",
    "gom": "kok",
    "khk": "mn",
    "ydd": "yi",
    "ca-valencia": "ca-va",
}
_CARIBBEAN = frozenset(
    {"029", "AG", "AI", "BB", "BM", "BS", "BZ", "DM", "GD", "GY", "JM", "KN"}
    | {"KY", "LC", "MS", "TC", "TT", "VC", "VG", "VI"}
)
_LATIN_AMERICA = frozenset(
    {"419", "AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "GT"}
    | {"HN", "MX", "NI", "PA", "PE", "PR", "PY", "SV", "US", "UY", "VE"}
)


@lru_cache(maxsize=512)
def espeak_voice(locale: str, available: frozenset[str]) -> str | None:
    """The voice for a locale, out of those that are there (lower-case names). The region counts where espeak has it."""
    subtags = locale.replace("_", "-").split("-")
    language = subtags[0].lower()
    region = next((tag.upper() for tag in subtags[1:] if _is_region(tag)), "")
    candidates = [
        # From the narrowest to the widest: a region's own voice goes before its language's.
        _BY_TAG.get(locale) or locale.lower(),
        _BY_TAG.get(f"{language}-{subtags[-1].lower()}"),
        _by_region(language, region),
        _BY_TAG.get(language),
        language,
    ]
    return next((name for name in candidates if name and name.lower() in available), None)


def _is_region(tag: str) -> bool:
    return (len(tag) == 2 and tag.isalpha()) or (len(tag) == 3 and tag.isdigit())


def _by_region(language: str, region: str) -> str | None:
    if not region:
        return None
    known = _BY_TAG.get(f"{language}-{region}")
    if known:
        return known
    if language == "es" and region in _LATIN_AMERICA:
        return "es-419"
    if language == "en":
        # What is not American here is nearer to British: Australia, India, Ireland.
        return "en-029" if region in _CARIBBEAN else "en"
    return f"{language}-{region}".lower()
