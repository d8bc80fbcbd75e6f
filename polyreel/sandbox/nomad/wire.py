"""Nomad's requests: fields in any case, as the page names them and as the published client does."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from starlette.requests import Request

from polyreel.sandbox.wire import Refusal, Wire, first_fault, raw_json

Item = TypeVar("Item")


def _to_camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


class Body(Wire):
    """A body whose keys may come in any case; what is null counts as not given."""

    model_config = ConfigDict(alias_generator=_to_camel_case, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _any_case(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        # In any case, as the vendor takes them (WIRE.md "Asset management").
        names = {(field.alias or name).lower(): field.alias or name for name, field in cls.model_fields.items()}
        return {names.get(key.lower(), key): value for key, value in given.items() if value is not None}


class Login(Body):
    """Body of the login."""

    username: str
    password: str


class Refresh(Body):
    """Body of the token refresh."""

    refresh_token: str


class Logout(Body):
    """Body of the logout."""

    user_session_id: str | None = None


class StartUpload(Body):
    """Body of POST /asset/upload/start."""

    display_name: str | None = None
    file_name: str | None = None
    content_length: int | None = Field(default=None, gt=0)
    file_size: int | None = Field(default=None, gt=0)
    chunk_size: float | None = Field(default=None, gt=0)
    relative_path: str | None = None
    parent_id: str | None = None
    content_type: str | None = None
    upload_overwrite_option: str = "Continue"
    existing_asset_id: str | None = None
    related_content_id: str | None = None
    language_id: str | None = None
    upload_replace_options: list[str] | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.display_name or self.file_name or (self.relative_path or "").rpartition("/")[2] or "untitled"

    @property
    def size(self) -> int | None:
        """The file's length in bytes."""
        return self.content_length or self.file_size


class StartRelated(StartUpload):
    """Body of POST /asset/upload/start-related-asset."""

    parent_asset_id: str | None = None
    relationship_type: str | int | None = None
    related_asset_id: str | None = None
    new_related_asset_metadata_type: str | int | None = None


class CompletePart(Body):
    """Body of POST /asset/upload/part/{id}/complete."""

    etag: str = Field(min_length=1)


class NewFolder(Body):
    """Body of create-folder."""

    display_name: str = Field(min_length=1)


class NewPlaceholder(Body):
    """Body of create-placeholder."""

    asset_name: str | None = None
    display_name: str | None = None


class Register(Body):
    """Body of POST /admin/asset/register."""

    id: str | None = None
    parent_id: str | None = None
    display_object_key: str | None = None
    bucket_name: str = Field(min_length=1)
    object_key: str = Field(min_length=1)
    e_tag: str | None = None
    tags: list[Any] | None = None
    collections: list[Any] | None = None
    related_contents: list[Any] | None = None
    sequencer: str | None = None
    asset_status: str | int | None = None
    storage_class: str | int | None = None
    asset_type: str | int | None = None
    content_length: int | None = None
    storage_event_name: str | None = None
    created_date: str | None = None
    storage_source_ip_address: str | None = None
    start_media_processor: bool | None = None
    delete_missing_asset: bool | None = None


class Patch(Body):
    """Body of PATCH /admin/asset/{id}."""

    display_name: str | None = None
    description: str | None = None
    display_date: str | None = None
    available_start_date: str | None = None
    available_end_date: str | None = None
    custom_properties: dict[str, Any] | None = None
    title: str | None = None
    tags: list[Any] | None = None
    collections: list[Any] | None = None


class Language(Body):
    """Body of POST .../language."""

    language_code: str | None = None
    language_id: str | None = None


class ClipOrder(Body):
    """Body of POST .../clip."""

    start_timecode: str | float
    end_timecode: str | float | None = None
    title: str | None = None
    display_name: str | None = None
    output_folder_id: str | None = None
    tags: list[Any] | None = None
    collections: list[Any] | None = None
    related_content: list[Any] | None = None
    video_bitrate: int | None = None
    audio_tracks: list[Any] | None = None


class Screenshot(Body):
    """Body of POST .../screenshot."""

    timecode_milliseconds: int | None = Field(default=None, ge=0)
    timecode: str | float | None = None


class Share(Body):
    """Body of POST .../share."""

    recipients: list[Any] | None = None
    expiration_date: str | None = None
    password: str | None = None
    message: str | None = None
    asset_id: str | None = None
    nomad_users: list[Any] | None = None
    external_users: list[Any] | None = None
    shared_duration_in_hours: float | None = Field(default=None, gt=0)


class LocalRestore(Body):
    """Body of the local restores."""

    source_asset_ids: list[str] | None = None
    restore_profile_names: list[str] | None = None
    profile: str | None = None


class Batch(Body):
    """Body of POST /admin/asset/{actionName}."""

    target_ids: list[str] = Field(min_length=1)
    action_arguments: dict[str, Any] = Field(default_factory=dict)
    batch_action: Any = None
    content_definition_id: str | None = None
    schema_name: str | None = None
    user_id: str | None = None
    resolver_exempt: bool | None = None


class Annotation(Body):
    """Body of an annotation."""

    id: str | None = None
    start_time_code: str | float
    end_time_code: str | float | None = None
    properties: dict[str, Any] = Field(default_factory=dict)
    title: str | None = None
    summary: str | None = None
    description: str | None = None
    content: str | None = None
    text: str | None = None
    type: str | int | None = None
    image_url: str | None = None
    first_keyword: str | None = None
    second_keyword: str | None = None
    country: str | None = None
    contents: list[Any] | None = None


class Word(Body):
    """One item of a transcript: ``{text, startTime, endTime}`` or ``{startTimeCode, content}``."""

    id: str | None = None
    text: str | None = None
    content: str | None = None
    start_time: str | float | None = None
    end_time: str | float | None = None
    start_time_code: str | float | None = None
    end_time_code: str | float | None = None
    speaker: str | None = None
    confidence: float | None = None


class Export(Body):
    """Body of a subtitle export."""

    export_format: str | int
    language_id: str | None = None


class AdBreak(Body):
    """Body of an ad break."""

    id: str | None = None
    timecode: str | float
    name: str | None = None
    duration: float | None = None
    tags: list[Any] | None = None
    labels: list[Any] | None = None


class Queue(Body):
    """Body of POST /asset-queue."""

    ids: list[str] = Field(default_factory=list)
    download_proxy: bool | None = None


class QueueItem(Body):
    """Body of PATCH /asset-queue."""

    asset_download_queue_id: str
    transfer_status: str | int | None = None
    error_message: str | None = None
    complete_percentage: float | None = Field(default=None, ge=0, le=100)


class Archive(Body):
    """Body of POST .../download-archive."""

    asset_ids: list[str] = Field(min_length=1)
    filename: str | None = None
    download_proxy: bool | None = None


class ImageOrder(Body):
    """Body of POST .../generate-image."""

    prompt: str = Field(min_length=1)
    display_name: str | None = None
    parent_id: str | None = None
    width: int | None = Field(default=None, ge=16, le=4096)
    height: int | None = Field(default=None, ge=16, le=4096)
    style: str | None = None


async def json_list(request: Request, items: TypeAdapter[list[Item]]) -> list[Item]:
    """A JSON list of items."""
    try:
        return items.validate_json(await raw_json(request))
    except ValidationError as error:
        raise Refusal(400, first_fault(error), code="validation") from error


ANNOTATIONS = TypeAdapter(list[Annotation])
WORDS = TypeAdapter(list[Word])
IDS = TypeAdapter(list[str])
