"""What Dubformer's wire carries (vendor page: dubformer.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from polyreel.vendors.dubformer.locales import carries_emotion, no_emotion, source_lang, target_lang
from polyreel.vendors.models import Answer, Request, Word

SOUNDALIKE = "soundalike"
EMOTIONAL_TRANSFER = "emotional_transfer"
Milliseconds = Annotated[int, Field(ge=0)]
WholeMilliseconds = Annotated[int, BeforeValidator(lambda value: round(value) if isinstance(value, float) else value)]
Style = Annotated[str, BeforeValidator(lambda value: value.casefold() if isinstance(value, str) else value)]
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]


class MixingMode(Word):
    """Page section "Create a project for dubbing". The vendor's own default is `WITH_ORIGINAL_TRACK`."""

    VOICEOVER_ONLY = "voiceover_only"
    WITH_ORIGINAL_TRACK = "voiceover_with_original_track"
    WITHOUT_ORIGINAL_VOICE = "voiceover_without_original_voice"


class CreateProject(Request):
    """Page section "Create a project for dubbing". Locales of any spelling become the vendor's own."""

    name: str | None = None
    source_lang: str = Field(description="Without a region.")
    target_lang: str = Field(description="With a region.")
    source_video_url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] = Field(
        description="The file's address, or a YouTube link."
    )
    mixing_mode: MixingMode | None = None
    use_emotional_transfer: bool | None = None
    use_soundalike_voices: bool | None = Field(default=None, description="Subscription only.")
    source_script_content: str | None = Field(default=None, description="SRT, VTT or text. Pro subscription.")
    glossary_content: str | None = Field(default=None, description="TSV. Pro subscription.")

    @field_validator("source_lang")
    @classmethod
    def _without_region(cls, value: str) -> str:
        return source_lang(value)

    @field_validator("target_lang")
    @classmethod
    def _with_region(cls, value: str) -> str:
        return target_lang(value)

    @model_validator(mode="after")
    def _emotion_exists(self) -> CreateProject:
        # Refused before the project is made: minutes are charged at
        # its creation, and its failure gives none back (WIRE.md).
        if self.use_emotional_transfer and not carries_emotion(self.target_lang):
            raise no_emotion(self.target_lang)
        return self


class ScriptLine(Request):
    """One line of a script to dub. Page section "Modify project and re-translate"."""

    start_ms: Milliseconds
    end_ms: Milliseconds
    text: Text
    speaker_id: int

    @model_validator(mode="after")
    def _in_order(self) -> ScriptLine:
        if self.start_ms >= self.end_ms:
            raise ValueError(f"start_ms ({self.start_ms}) must be before end_ms ({self.end_ms})")
        return self


class Speaker(Request):
    """One speaker of a re-translation. `voice_key`: `soundalike`, `emotional_transfer`, or one from "Get voices"."""

    speaker_id: int
    style: Literal["masculine", "feminine"]
    voice_key: Text


class Retranslate(Request):
    """Page section "Modify project and re-translate": the lines, and who speaks them."""

    target_script: tuple[ScriptLine, ...] = Field(min_length=1)
    target_speakers: tuple[Speaker, ...] = Field(min_length=1)
    mixing_mode: MixingMode | None = None

    @model_validator(mode="after")
    def _speakers_known(self) -> Retranslate:
        # The vendor validates the same (WIRE.md); found here, it costs no call and the message names the speaker.
        ids = [speaker.speaker_id for speaker in self.target_speakers]
        if len(set(ids)) < len(ids):
            raise ValueError("target_speakers names a speaker_id twice")
        unknown = sorted({line.speaker_id for line in self.target_script} - set(ids))
        if unknown:
            raise ValueError(f"target_script uses speaker_id {unknown[0]}, which target_speakers does not name")
        return self


class ProjectStatus(Word):
    """WIRE.md."""

    IN_PROGRESS = "in_progress"
    READY = "ready"
    ERROR = "error"
    UNKNOWN = "unknown"


class Submitted(Answer):
    """The answer to a creation or re-translation: what it costs and what is left, in minutes."""

    project_id: str
    cost_minutes: float | None = None
    balance_minutes: float | None = None
    translations_count: int | None = None
    estimated_completion_date: datetime | None = None


class SpokenLine(Answer):
    """One line of a project's scripts. The page promises numbers: what has a fraction is rounded."""

    start_ms: WholeMilliseconds
    end_ms: WholeMilliseconds
    text: str
    speaker_id: int = 0

    def as_script_line(self) -> ScriptLine:
        """The same line for a re-translation. Raises pydantic's error where the vendor would refuse it."""
        return ScriptLine(start_ms=self.start_ms, end_ms=self.end_ms, text=self.text, speaker_id=self.speaker_id)


class CastSpeaker(Answer):
    """Who speaks with which voice in a project."""

    speaker_id: int
    voice_key: str = ""
    style: Style = ""


class Project(Answer):
    """Page sections "Get project details" and "Get all projects"; the list leaves most fields out."""

    project_id: str = ""
    name: str | None = None
    status: ProjectStatus = ProjectStatus.UNKNOWN
    source_lang: str = ""
    target_lang: str = ""
    mixing_mode: MixingMode | None = None
    cost_minutes: float | None = None
    created_date: datetime | None = None
    completion_date: datetime | None = None
    estimated_completion_date: datetime | None = None
    error_message: str | None = None
    # Signed addresses: whoever reads one in a log could fetch the film.
    output_video_url: str | None = Field(default=None, repr=False)
    output_tts_audio_url: str | None = Field(default=None, repr=False)
    output_source_script: tuple[SpokenLine, ...] = ()
    output_target_script: tuple[SpokenLine, ...] = ()
    output_target_speakers: tuple[CastSpeaker, ...] = ()


class Projects(Answer):
    """Page section "Get all projects"."""

    projects: tuple[Project, ...] = ()


class Options(Answer):
    """Page section "Get options"."""

    source_langs: tuple[str, ...]
    target_langs: tuple[str, ...]


class Voice(Answer):
    """One voice of one language."""

    name: str = ""
    voice_key: str
    style: Style = ""


class Voices(Answer):
    """Page section "Get supported voices": by target locale."""

    voices: dict[str, tuple[Voice, ...]]


class Balance(Answer):
    """Page section "Get balance"."""

    balance_minutes: float = Field(allow_inf_nan=False)


class Valid(Answer):
    """Page section "Validate re-translation request"."""

    valid: bool


class Deleted(Answer):
    """Page section "Delete a project"."""

    success: bool = True
