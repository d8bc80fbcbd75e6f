"""Panjaya's requests and the locales it knows (vendor pages "Assets" and "Languages support")."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from polyreel.sandbox.wire import Wire

_SOURCES_CODES = (
    "ar-AE bg-BG zh-CN hr-HR cs-CZ da-DK nl-NL en-US fil-PH fi-FI fr-FR de-DE el-GR he-IL hi-IN hu-HU id-ID "
    "it-IT ja-JP ko-KR lt-LT ms-MY nb-NO pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK es-ES es-MX sv-SE ta-IN tr-TR "
    "uk-UA vi-VN"
)
SOURCES = frozenset(_SOURCES_CODES.split())
# Hebrew is a source language only (WIRE.md "Panjaya").
TARGETS = SOURCES - {"he-IL"}
_MOST_SPEAKERS = 50


class Language(Wire):
    """One target language, perhaps with its script."""

    locale: str
    srt: str | None = None

    @field_validator("locale")
    @classmethod
    def _require_known(cls, value: str) -> str:
        if value in TARGETS:
            return value
        raise ValueError(f"{value} is a source language only" if value in SOURCES else f"unsupported locale {value}")


class Languages(Wire):
    """Body of "Add languages to an existing asset"."""

    languages: tuple[Language, ...] = Field(min_length=1)

    @field_validator("languages")
    @classmethod
    def _each_once(cls, value: tuple[Language, ...]) -> tuple[Language, ...]:
        if len({language.locale for language in value}) < len(value):
            raise ValueError("a locale is listed twice")
        return value


class UploadAsset(Wire):
    """The ``request`` part of "Uploading a new asset"; and all of "Creating a new asset" but the media's address."""

    locale: str
    languages: tuple[Language, ...] = ()
    start_time: float | None = Field(default=None, ge=0)
    end_time: float | None = Field(default=None, gt=0)
    speakers_count: int | None = Field(default=None, ge=1, le=_MOST_SPEAKERS)
    callback_url: str | None = None
    lips_model: Literal["real_face", "real_face_turbo"] = "real_face"
    voice_anonymization: float = Field(default=0.0, ge=0, le=1)
    background_url: str | None = None

    @field_validator("locale")
    @classmethod
    def _require_known(cls, value: str) -> str:
        if value not in SOURCES:
            raise ValueError(f"unsupported locale {value}")
        return value

    @field_validator("languages")
    @classmethod
    def _each_once(cls, value: tuple[Language, ...]) -> tuple[Language, ...]:
        return Languages(languages=value).languages if value else value

    @field_validator("callback_url", "background_url")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        return None if value is None else http_address(value)

    @model_validator(mode="after")
    def _in_order(self) -> UploadAsset:
        if self.end_time is not None and self.end_time <= (self.start_time or 0):
            raise ValueError("end_time must be after start_time")
        return self


class CreateAsset(UploadAsset):
    """Body of "Creating a new asset"."""

    media_url: str

    @field_validator("media_url")
    @classmethod
    def _media_address(cls, value: str) -> str:
        return http_address(value)


class Revise(Wire):
    """Body of "Revise version": nothing is needed."""

    studio_url_request: dict[str, object] | None = None


def http_address(value: str) -> str:
    """An http(s) address, or a ValueError."""
    if not value.startswith(("http://", "https://")):
        raise ValueError("not an http(s) address")
    return value
