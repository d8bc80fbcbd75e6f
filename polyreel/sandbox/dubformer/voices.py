"""Languages and voices the rehearsed Dubformer knows (vendor page: "Get options", "Get supported voices")."""

from __future__ import annotations

from polyreel.sandbox.state import Json

_SOURCES_CODES = (
    "ar bg bn cs da de el en es et fa fi fil fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sr sv "
    "ta te th tr uk ur vi zh"
)
SOURCES = tuple(_SOURCES_CODES.split())
_TARGETS_CODES = (
    "af-ZA am-ET ar-AE ar-EG ar-SA bg-BG bn-IN cs-CZ da-DK de-AT de-DE el-GR en-AU en-GB en-IN en-US es-AR "
    "es-ES es-MX et-EE fa-IR fi-FI fil-PH fr-CA fr-FR he-IL hi-IN hr-HR hu-HU id-ID it-IT ja-JP kk-KZ ko-KR lt-LT "
    "lv-LV ms-MY nb-NO nl-NL pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK sl-SI sr-RS sv-SE ta-IN te-IN th-TH tr-TR "
    "uk-UA ur-PK vi-VN zh-CN zh-TW"
)
TARGETS = tuple(_TARGETS_CODES.split())
# Emotional transfer exists for these targets alone (WIRE.md "Dubformer").
EMOTIONAL = ("en", "es", "fr", "de", "it", "pt")
CLONED = ("soundalike", "emotional_transfer")
_NAMES = (("Ada", "feminine"), ("Emil", "masculine"))


def voices_of(locale: str) -> list[Json]:
    """The voices of one target language."""
    return [{"name": name, "voice_key": f"5a9db0:{locale}-{name}Neural", "style": style} for name, style in _NAMES]


def emotional(locale: str) -> bool:
    """Whether emotional transfer speaks this target language."""
    return locale.partition("-")[0] in EMOTIONAL
