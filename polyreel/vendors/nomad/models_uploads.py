"""Requests and answers of the multipart upload (vendor page "Multipart Upload Flow", "Related Asset Uploads")."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from polyreel.vendors.nomad.wire import Answer, Request

OverwriteOption = Literal["Cancel", "Continue", "Replace", "AssetReplace"]
MIB = 1024 * 1024
# The sizes that are usual there (WIRE.md), and S3's own limit on the number of parts.
PART_SIZE = 8 * MIB
# Seen in the vendor's published clients, which send related assets in larger parts.
RELATED_PART_SIZE = 20 * MIB
# S3's own limit, whatever the asset manager in front of it says.
MOST_PARTS = 10_000


class StartUpload(Request):
    """``POST /asset/upload/start`` as the vendor's published clients really send it."""

    display_name: str
    content_length: int = Field(ge=0, description="Bytes.")
    chunk_size: int = Field(default=PART_SIZE, gt=0, description="A wish, in bytes: the server decides the parts.")
    relative_path: str
    parent_id: str | None = None
    upload_overwrite_option: OverwriteOption = "Replace"
    existing_asset_id: str | None = None
    related_content_id: str | None = None
    language_id: str | None = None
    upload_replace_options: tuple[str, ...] | None = None


class StartUploadAsPage(Request):
    """``POST /asset/upload/start`` as the vendor's page writes it."""

    file_name: str
    file_size: int = Field(ge=0, description="Bytes.")
    parent_id: str | None = None
    content_type: str | None = None


class StartRelatedUpload(Request):
    """``POST /asset/upload/start-related-asset`` as published clients send it, with the page's name of the owner.

    What the file hangs on is ``parentAssetId``. Published clients name the same ``existingAssetId``, which elsewhere is
    the asset whose content is replaced: sent only to a server that asks for it (`docs/decisions/`).
    """

    parent_asset_id: str
    existing_asset_id: str | None = None
    content_length: int = Field(ge=0, description="Bytes.")
    chunk_size: int = Field(default=RELATED_PART_SIZE, gt=0)
    relative_path: str
    new_related_asset_metadata_type: str | None = Field(default=None, description="Subtitle, Proxy, ...")
    related_asset_id: str | None = Field(default=None, description="The related asset whose content it replaces.")
    language_id: str | None = None
    upload_overwrite_option: OverwriteOption = "Replace"

    @model_validator(mode="after")
    def _spare_owner(self) -> StartRelatedUpload:
        if self.related_asset_id == self.parent_asset_id:
            raise ValueError("related_asset_id is the owner: its film would be replaced by what hangs on it")
        return self


class StartRelatedUploadAsPage(Request):
    """``POST /asset/upload/start-related-asset`` as the vendor's page writes it."""

    parent_asset_id: str
    file_name: str
    file_size: int = Field(ge=0, description="Bytes.")
    relationship_type: str | None = None
    content_type: str | None = None
    language_id: str | None = None


class CompletePart(Request):
    """``POST /asset/upload/part/{id}/complete``: the ETag as it came, with its quotes."""

    etag: str


class Part(Answer):
    """One part: which bytes of the file it holds (both ends included) and where they go. ``repr`` hides the address."""

    id: str
    url: str = Field(default="", repr=False)
    part_number: int
    starting_position: int | None = None
    ending_position: int | None = None
    is_completed: bool = False
    etag: str = ""

    also: ClassVar[Mapping[str, str]] = {
        "uploadurl": "url",
        "partid": "id",
        "number": "part_number",
        "completed": "is_completed",
        "startposition": "starting_position",
        "endposition": "ending_position",
    }


def _in_order(parts: Any) -> Any:
    return sorted(parts, key=_read_number) if isinstance(parts, list) else parts


def _read_number(part: Any) -> int:
    read = part if isinstance(part, Part) else Part.model_validate(part)
    return read.part_number


class Upload(Answer):
    """An upload under way: its id, its asset's id and its parts in order."""

    id: str
    asset_id: str = ""
    parent_id: str = ""
    parts: Annotated[tuple[Part, ...], BeforeValidator(_in_order)] = ()
    name: str = ""
    content_length: int | None = None
    is_completed: bool = False
    created: datetime | None = None

    also: ClassVar[Mapping[str, str]] = {
        "uploadid": "id",
        "contentid": "asset_id",
        "parentassetid": "parent_id",
        "displayname": "name",
        "filename": "name",
        "relativepath": "name",
        "filesize": "content_length",
        "createddate": "created",
        "startdate": "created",
        "starteddate": "created",
        "createdat": "created",
        "completed": "is_completed",
        "assetuploadparts": "parts",
        "uploadparts": "parts",
    }

    @property
    def missing(self) -> tuple[Part, ...]:
        """The parts whose bytes the server doesn't have yet."""
        return tuple(part for part in self.parts if not part.is_completed)


class Slice(BaseModel):
    """The bytes of the file that one part holds: from ``start``, ``length`` of them."""

    model_config = ConfigDict(frozen=True)

    part: Part
    start: int = Field(ge=0)
    length: int = Field(ge=0)


class Uploaded(BaseModel):
    """A finished upload, and what the file's bytes were: enough to check later what the vendor keeps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    upload_id: str
    asset_id: str
    bytes: int
    sha256: str = Field(description="Lower-case hex, of the whole file.")
    etag: str = Field(description="As plain S3 has it for these parts: MD5 over the parts' MD5s, dash, their number.")
