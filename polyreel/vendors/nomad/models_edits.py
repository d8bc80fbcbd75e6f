"""What we ask of assets (vendor page "Asset Operations" and on): strict requests, as the page and WIRE spell them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from polyreel.vendors.nomad.timecodes import Timecode
from polyreel.vendors.nomad.wire import Request

BatchAction = Literal[
    "Delete",
    "Archive",
    "Restore",
    "Duplicate",
    "Move",
    "Copy",
    "Index",
    "Reprocess",
    "AddTag",
    "RemoveTag",
    "AddCollection",
    "RemoveCollection",
]
SYNCHRONOUS_QUEUE = 50
"""Page "Threshold Logic": up to so many ids in a request are queued before the answer, more in the background."""


class Lookup(Request):
    """A reference the vendor keeps as an id with its words: a tag, a collection, a label, related content."""

    id: str
    description: str | None = None


class RegisterAsset(Request):
    """``POST /admin/asset/register``: an object that is already in the storage."""

    bucket_name: str
    object_key: str
    id: str | None = None
    parent_id: str | None = None
    display_object_key: str | None = None
    e_tag: str | None = None
    tags: tuple[str, ...] | None = None
    collections: tuple[str, ...] | None = None
    related_contents: tuple[str, ...] | None = None
    sequencer: str | None = None
    asset_status: str | None = None
    storage_class: str | None = None
    asset_type: str | None = None
    content_length: int | None = None
    storage_event_name: str | None = None
    created_date: datetime | None = None
    storage_source_ip_address: str | None = Field(default=None, alias="storageSourceIpAddress")
    start_media_processor: bool | None = None
    delete_missing_asset: bool | None = None


class UpdateAsset(Request):
    """``PATCH /admin/asset/{id}``: light properties, without processing anything again."""

    display_name: str | None = None
    description: str | None = None
    display_date: datetime | date | None = None
    available_start_date: datetime | date | None = None
    available_end_date: datetime | date | None = None
    custom_properties: dict[str, str] | None = None

    @model_validator(mode="after")
    def _require_a_change(self) -> Self:
        if not self.as_wire():
            raise ValueError("nothing to update: give at least one property")
        return self


class ChangeLanguage(Request):
    """``POST /admin/asset/{id}/language``: a code as on the page, or an id of the vendor's language list."""

    language_code: str | None = None
    language_id: str | None = None

    @model_validator(mode="after")
    def _require_one_language(self) -> Self:
        if (self.language_code is None) == (self.language_id is None):
            raise ValueError("give language_code or language_id, one of them")
        return self


class ClipAsset(Request):
    """``POST /admin/asset/{id}/clip``: a new asset from this range."""

    start_timecode: Timecode
    end_timecode: Timecode | None = None
    title: str | None = None
    output_folder_id: str | None = None
    tags: tuple[Lookup, ...] | None = None
    collections: tuple[Lookup, ...] | None = None
    related_content: tuple[Lookup, ...] | None = None
    video_bitrate: int | None = Field(default=None, gt=0)
    audio_tracks: tuple[Lookup, ...] | None = None


class Screenshot(Request):
    """``POST /admin/asset/{id}/screenshot``: milliseconds as on the page."""

    timecode_milliseconds: int = Field(ge=0)


class ShareAsset(Request):
    """``POST /asset/{assetId}/share``: recipients as on the page, or users as the published clients send them."""

    recipients: tuple[str, ...] | None = None
    expiration_date: datetime | None = None
    password: str | None = Field(default=None, repr=False)
    nomad_users: tuple[Lookup, ...] | None = None
    external_users: tuple[Lookup, ...] | None = None
    shared_duration_in_hours: int | None = Field(default=None, gt=0)


class Batch(Request):
    """``POST /admin/asset/{actionName}``."""

    target_ids: tuple[str, ...] = Field(min_length=1)
    action_arguments: dict[str, Any] = Field(default_factory=dict)


class LocalRestore(Request):
    """``POST /asset/local-restore``: several assets, to on-premises storage."""

    source_asset_ids: tuple[str, ...] = Field(min_length=1)
    restore_profile_names: tuple[str, ...] = Field(min_length=1)


class QueueRequest(Request):
    """``POST /asset-queue``: files, folders and collections (the latter two are expanded)."""

    ids: tuple[str, ...] = Field(min_length=1)
    download_proxy: bool = False

    @property
    def in_background(self) -> bool:
        """The vendor answers before the files are queued."""
        return len(self.ids) > SYNCHRONOUS_QUEUE


class QueueChange(Request):
    """``PATCH /asset-queue``: the page leaves the fields open; these are the published ones (WIRE.md)."""

    asset_download_queue_id: str
    transfer_status: str | None = None
    error_message: str | None = None
    complete_percentage: float | None = Field(default=None, ge=0, le=100)


class ZipArchive(Request):
    """``POST /admin/asset/download-archive``: the page writes ``filename``."""

    asset_ids: tuple[str, ...] = Field(min_length=1)
    filename: str | None = None
    download_proxy: bool | None = None


class GenerateImage(Request):
    """``POST /asset/{assetId}/generate-image``."""

    prompt: str = Field(min_length=1)


class TrackingEvent(Request):
    """``GET /asset/tracking``: what a player saw. An asset or a live channel; ``second`` from its start."""

    tracking_event: str = Field(min_length=1)
    asset_id: str | None = None
    live_channel_id: str | None = None
    content_id: str | None = None
    second: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.asset_id is None and self.live_channel_id is None:
            raise ValueError("give asset_id or live_channel_id")
        return self
