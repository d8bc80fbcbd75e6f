"""Dubformer's requests (vendor page: "Create a project", "Modify project and re-translate")."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import Field, field_validator, model_validator

from polyreel.sandbox.dubformer.voices import CLONED, SOURCES, TARGETS, emotional, voices_of
from polyreel.sandbox.wire import Wire
from polyreel.sandbox.work.script import BadScript, script_lines

Mixing = Literal["voiceover_only", "voiceover_with_original_track", "voiceover_without_original_voice"]


class CreateProject(Wire):
    """Body of POST /api/v1/projects."""

    source_lang: str
    target_lang: str
    source_video_url: str
    name: str | None = None
    mixing_mode: Mixing = "voiceover_with_original_track"
    use_emotional_transfer: bool = False
    use_soundalike_voices: bool = False
    source_script_content: str | None = None
    glossary_content: str | None = None

    @field_validator("source_lang")
    @classmethod
    def _check_source(cls, value: str) -> str:
        return _one_of(SOURCES, value, "source language")

    @field_validator("target_lang")
    @classmethod
    def _check_target(cls, value: str) -> str:
        return _one_of(TARGETS, value, "target language")

    @field_validator("source_video_url")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("not an http(s) address")
        return value

    @field_validator("source_script_content")
    @classmethod
    def _check_script(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                script_lines(value, 1.0)
        except BadScript as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("glossary_content")
    @classmethod
    def _check_glossary(cls, value: str | None) -> str | None:
        rows = [row for row in (value or "").splitlines() if row.strip()]
        if any("\t" not in row for row in rows):
            raise ValueError("the glossary is not TSV: a row has no tab")
        return value

    @model_validator(mode="after")
    def _check_emotions(self) -> CreateProject:
        if self.use_emotional_transfer and not emotional(self.target_lang):
            raise ValueError(f"emotional transfer is not available for {self.target_lang}")
        return self


class ScriptLine(Wire):
    """One line of ``target_script``."""

    start_ms: int = Field(ge=0)
    end_ms: int = Field(gt=0)
    text: str
    speaker_id: int

    @model_validator(mode="after")
    def _check_line(self) -> ScriptLine:
        if not self.text.strip():
            raise ValueError("text must not be empty")
        if self.start_ms >= self.end_ms:
            raise ValueError("start_ms must be before end_ms")
        return self


class Speaker(Wire):
    """One of ``target_speakers``."""

    speaker_id: int
    style: Literal["masculine", "feminine"]
    voice_key: str


class Translate(Wire):
    """Body of POST .../translations and .../validate-translation-request."""

    target_script: tuple[ScriptLine, ...] = Field(min_length=1)
    target_speakers: tuple[Speaker, ...] = Field(min_length=1)
    mixing_mode: Mixing | None = None

    @model_validator(mode="after")
    def _check_speakers(self) -> Translate:
        known = [speaker.speaker_id for speaker in self.target_speakers]
        for number in known:
            if known.count(number) > 1:
                raise ValueError(f"Duplicate speaker id {number}")
        for line in self.target_script:
            if line.speaker_id not in known:
                raise ValueError(f"Unknown speaker id {line.speaker_id}")
        return self

    def unknown_voice(self, locale: str) -> str | None:
        """A voice key that this target language doesn't have, if there is one."""
        allowed = {voice["voice_key"] for voice in voices_of(locale)} | set(CLONED)
        for speaker in self.target_speakers:
            if speaker.voice_key not in allowed:
                return speaker.voice_key
            if speaker.voice_key == "emotional_transfer" and not emotional(locale):
                return speaker.voice_key
        return None


def _one_of(known: Collection[str], value: str, what: str) -> str:
    if value not in known:
        raise ValueError(f"unsupported {what} {value}")
    return value
