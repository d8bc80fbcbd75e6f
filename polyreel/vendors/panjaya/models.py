"""What Panjaya's wire carries (vendor page: panjaya.md, "Assets"; versions and callbacks: WIRE.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field, StringConstraints, field_validator, model_validator

from polyreel.vendors.models import Answer, Request, Word, fold_word
from polyreel.vendors.panjaya.locales import source_locale, target_locale

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=4096)]


class LipsModel(Word):
    """Page section "Models": quality, or up to four times the speed."""

    REAL_FACE = "real_face"
    REAL_FACE_TURBO = "real_face_turbo"


class TargetLanguage(Request):
    """One language to dub into, with its script (`srt`: the text, or an address of it) where there is one."""

    locale: str
    srt: str | None = None

    @field_validator("locale")
    @classmethod
    def _check_locale(cls, value: str) -> str:
        return target_locale(value)


class AssetOptions(Request):
    """Everything about a new asset but its media. Page section "Creating a new asset"."""

    locale: str = Field(description="The language that the video speaks.")
    languages: tuple[TargetLanguage, ...] = ()
    speakers_count: int | None = Field(default=None, ge=1)
    start_time: Seconds | None = Field(default=None, description="Seconds from the beginning of the video.")
    end_time: Seconds | None = None
    callback_url: WebAddress | None = None
    lips_model: LipsModel | None = None
    voice_anonymization: float | None = Field(default=None, ge=0, le=1, description="0 none, 1 most.")

    @field_validator("locale")
    @classmethod
    def _check_locale(cls, value: str) -> str:
        return source_locale(value)

    @model_validator(mode="after")
    def _in_order(self) -> AssetOptions:
        if self.end_time is not None and self.end_time <= (self.start_time or 0):
            raise ValueError("end_time must come after start_time")
        return self


class CreateAsset(AssetOptions):
    """A new asset from a public address. Page sections "Uploading the Source Video", "Background Audio"."""

    media_url: WebAddress
    background_url: WebAddress | None = None


class AddLanguages(Request):
    """More languages for an asset. Page section "Add languages to an existing asset"."""

    languages: tuple[TargetLanguage, ...] = Field(min_length=1)


class AssetErrorCode(Word):
    """Page section "Asset processing failures"."""

    INVALID_INPUT = "invalid_input"
    UNSUPPORTED_MEDIA = "unsupported_media"
    EMPTY_TRANSCRIPT = "empty_transcript"
    MISSING_AUDIO_TRACK = "missing_audio_track"
    VIDEO_DURATION_LIMIT_REACHED = "video_duration_limit_reached"
    VIDEO_SIZE_LIMIT_REACHED = "video_size_limit_reached"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    UNKNOWN = "unknown"


class VersionStatus(Word):
    """WIRE.md. `ReadyToEdit` may wait for a person in the studio: neither a failure nor done."""

    NOT_READY = "NotReady"
    READY_TO_EDIT = "ReadyToEdit"
    GENERATING = "Generating"
    COMPLETED = "Completed"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class Failure(Answer):
    """Why something failed: the vendor's code, as it says it, and its message."""

    code: str = ""
    message: str = Field(default="", validation_alias=AliasChoices("message", "detail", "details"))

    @property
    def kind(self) -> AssetErrorCode:
        """The documented code; `UNKNOWN` for any other."""
        return AssetErrorCode(self.code or "unknown")


def _read_failure(value: Any) -> Any:
    return {"message": value} if isinstance(value, str) and value else value or None


Trouble = Annotated[Failure | None, BeforeValidator(_read_failure)]
_VERSION_ID = AliasChoices("version_id", "id")


class Version(Answer):
    """One dubbing version: one language's dub in one state of editing."""

    version_id: str = Field(validation_alias=_VERSION_ID)
    status: VersionStatus = VersionStatus.UNKNOWN
    asset_id: str | None = None
    dubbing_id: str | None = None
    locale: str | None = Field(default=None, validation_alias=AliasChoices("locale", "language"))
    studio_url: str | None = None
    result_url: str | None = Field(default=None, repr=False, description="Signed; only once generated.")
    error: Trouble = None
    created_at: datetime | None = Field(default=None, validation_alias=AliasChoices("created_at", "created"))


class Dubbing(Answer):
    """One language of an asset."""

    dubbing_id: str | None = Field(default=None, validation_alias=AliasChoices("dubbing_id", "id"))
    locale: str | None = Field(default=None, validation_alias=AliasChoices("locale", "language"))
    status: str = ""
    versions: tuple[Version, ...] = ()
    error: Trouble = None

    @model_validator(mode="before")
    @classmethod
    def _single_version(cls, data: Any) -> Any:
        # A language with its one version flat beside it: the page
        # shows no whole answer, and both forms read the same here.
        if isinstance(data, dict) and "version_id" in data and not data.get("versions"):
            return {**data, "versions": [{**data, "version_id": data["version_id"]}]}
        return data


class Asset(Answer):
    """A source video and its dubs."""

    asset_id: str = Field(validation_alias=AliasChoices("asset_id", "id"))
    status: str = ""
    locale: str | None = Field(default=None, validation_alias=AliasChoices("locale", "source_locale"))
    media_url: str | None = Field(default=None, repr=False)
    dubbings: tuple[Dubbing, ...] = Field(default=(), validation_alias=AliasChoices("dubbings", "languages", "dubs"))
    versions: tuple[Version, ...] = ()
    error: Trouble = None
    duration: float | None = None
    created_at: datetime | None = Field(default=None, validation_alias=AliasChoices("created_at", "created"))

    @field_validator("dubbings", mode="before")
    @classmethod
    def _from_tags(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value or ()
        return [{"locale": each} if isinstance(each, str) else each for each in value]

    @property
    def failed(self) -> bool:
        """Whether processing the asset has failed; `error` then says why."""
        return fold_word(self.status) in ("failed", "error")

    def dubs_of(self, locale: str) -> list[Version]:
        """The versions of one language, as the vendor lists them."""
        # Versions hang on their language or on the asset, as the vendor answers; none is looked for in both.
        nested = [version for dub in self.dubbings if _same(dub.locale, locale) for version in dub.versions]
        return nested or [version for version in self.versions if _same(version.locale, locale)]

    def locales(self) -> set[str]:
        """The languages that the asset is dubbed into, spelled as the vendor does."""
        given = [*(dub.locale for dub in self.dubbings), *(version.locale for version in self.versions)]
        return {locale for locale in given if locale}


class CallbackEvent(Word):
    """WIRE.md, "Callbacks"."""

    ASSET_FAILED = "asset_failed"
    VERSION_READY = "version_ready"
    VERSION_FAILED = "version_failed"
    VERSION_GENERATING = "version_generating"
    VERSION_GENERATED = "version_generated"
    VERSION_GENERATE_FAILED = "version_generate_failed"
    UNKNOWN = "unknown"


class Callback(Answer):
    """What Panjaya tells a callback address. A hint only: the truth is fetched."""

    event: CallbackEvent = Field(validation_alias=AliasChoices("event", "event_type"))
    asset_id: str
    version_id: str | None = None
    locale: str | None = Field(default=None, validation_alias=AliasChoices("locale", "version_locale", "language"))


class Revised(Answer):
    """The answer to a revision."""

    studio_url: str | None = None


def _same(one: str | None, other: str) -> bool:
    return bool(one) and fold_word(one or "") == fold_word(other)
