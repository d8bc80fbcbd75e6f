"""What the asset manager answers about accounts, assets and the work on them. Read tolerantly (see `wire.Answer`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from polyreel.vendors.models import fold_word
from polyreel.vendors.nomad.statuses import AssetStatus, ReadStatus, ReadType
from polyreel.vendors.nomad.timecodes import duration_in, read_seconds
from polyreel.vendors.nomad.wire import Answer, Language, Word


class Login(Answer):
    """What ``account/login`` and ``account/refresh-token`` answer. ``repr`` never shows the tokens."""

    token: str = Field(repr=False)
    refresh_token: str = Field(default="", repr=False)
    expiration_seconds: float = 0
    user_id: str = ""
    user_session_id: str = ""

    also: ClassVar[Mapping[str, str]] = {"id": "user_id", "accesstoken": "token", "expiresin": "expiration_seconds"}


class Asset(Answer):
    """Page "Asset Retrieval": an asset's metadata. ``size`` in bytes; absent facts are empty."""

    id: str
    name: str = ""
    status: ReadStatus = None
    type: ReadType = None
    parent_id: str = ""
    description: str = ""
    content_type: str = ""
    size: int | None = None
    etag: str = ""
    url: str = ""
    bucket_name: str = ""
    object_key: str = ""
    language: Language = ""
    error: str = ""
    custom_properties: dict[str, Any] = Field(default_factory=dict)

    also: ClassVar[Mapping[str, str]] = {
        "assetid": "id",
        "displayname": "name",
        "assetname": "name",
        "title": "name",
        "filename": "name",
        "assetstatus": "status",
        "assettype": "type",
        "mimetype": "content_type",
        "contentlength": "size",
        "filesize": "size",
        "fullurl": "url",
        "downloadurl": "url",
        "languagecode": "language",
        "languageid": "language",
        "errormessage": "error",
        "statusmessage": "error",
    }

    @property
    def usable(self) -> bool:
        """Streams and downloads work now: ``Available`` or ``Restored``."""
        return self.status is not None and self.status.usable

    @property
    def failed(self) -> bool:
        """Processing ended in ``Error``."""
        return self.status is AssetStatus.ERROR


class RelatedAsset(Answer):
    """A file that hangs on an asset: a subtitle, a proxy, a thumbnail. ``kind`` is the relationship's name."""

    id: str
    name: str = ""
    kind: Word = ""
    language: Language = ""
    url: str = ""

    also: ClassVar[Mapping[str, str]] = {
        "relatedassetid": "id",
        "assetid": "id",
        "displayname": "name",
        "relationshiptype": "kind",
        "metadatatype": "kind",
        "type": "kind",
        "languagecode": "language",
        "languageid": "language",
        "fullurl": "url",
    }


class Piece(Answer):
    """Something in an asset that has an id of its own: a segment, a screenshot, a transcript, a face."""

    id: str = ""

    also: ClassVar[Mapping[str, str]] = {
        "segmentid": "id",
        "screenshotid": "id",
        "transcriptid": "id",
        "faceid": "id",
        "relatedassetid": "id",
    }


def _by_name(properties: Any) -> Any:
    """Properties that came as a list, by their names."""
    if not isinstance(properties, list):
        return properties
    named = [{str(key).lower(): value for key, value in row.items()} for row in properties if isinstance(row, Mapping)]
    return {str(row.get("name", number)): row.get("value", row) for number, row in enumerate(named)}


class AssetDetail(Asset):
    """Page "Asset Retrieval", detail: media properties, URLs, related assets and what the AI found."""

    related_assets: tuple[RelatedAsset, ...] = ()
    segments: tuple[Piece, ...] = ()
    screenshots: tuple[Piece, ...] = ()
    transcripts: tuple[Piece, ...] = ()
    faces: tuple[Piece, ...] = ()
    duration_seconds: Annotated[float | None, BeforeValidator(read_seconds)] = None
    media_properties: Annotated[dict[str, Any], BeforeValidator(_by_name)] = Field(default_factory=dict)

    also: ClassVar[Mapping[str, str]] = {**Asset.also, "duration": "duration_seconds", "properties": "media_properties"}

    @property
    def seconds(self) -> float | None:
        """How long the media is: as the asset says, else as its media properties do."""
        return self.duration_seconds if self.duration_seconds is not None else duration_in(self.media_properties)


class SegmentDetail(Answer):
    """Page "Asset Retrieval": one segment of an asset. Timecodes as the vendor writes them."""

    id: str = ""
    start_timecode: str = ""
    end_timecode: str = ""
    screenshots: tuple[Piece, ...] = ()

    also: ClassVar[Mapping[str, str]] = {"segmentid": "id"}


class ScreenshotDetail(Answer):
    """Page "Asset Retrieval": one screenshot within a segment."""

    id: str = ""
    url: str = ""
    timecode: str = ""

    also: ClassVar[Mapping[str, str]] = {"screenshotid": "id", "fullurl": "url", "imageurl": "url"}


class Share(Answer):
    """Page "Sharing Assets": the shareable address."""

    url: str = Field(repr=False)
    id: str = ""

    also: ClassVar[Mapping[str, str]] = {"shareurl": "url", "shareableurl": "url", "link": "url"}


# The page promises a "per-asset status" and no word of it.
_REFUSED = ("fail", "error", "refus", "reject", "denied", "forbidden", "unauthori", "notfound", "invalid", "unsuccess")


class BatchItem(Answer):
    """What a batch action did to one asset."""

    id: str
    succeeded: bool | None = None
    status: str = ""
    message: str = ""

    also: ClassVar[Mapping[str, str]] = {
        "targetid": "id",
        "assetid": "id",
        "success": "succeeded",
        "issuccess": "succeeded",
        "error": "message",
        "errormessage": "message",
    }

    @property
    def failed(self) -> bool:
        """Whether the action was refused for this asset: by its flag, else by the word or HTTP number of its status."""
        if self.succeeded is not None:
            return not self.succeeded
        word = fold_word(self.status)
        return any(each in word for each in _REFUSED) or (word.isdecimal() and int(word) >= 400)


class BatchResult(Answer):
    """Page "Batch Operations": "returns batch result with per-asset status"."""

    items: tuple[BatchItem, ...] = ()

    also: ClassVar[Mapping[str, str]] = {"results": "items", "assets": "items", "targets": "items"}

    @property
    def failed(self) -> tuple[BatchItem, ...]:
        """The assets that the action was refused for."""
        return tuple(item for item in self.items if item.failed)


class Job(Answer):
    """Page "Job History": one processing job, oldest first."""

    id: str = ""
    job_type: str = ""
    status: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    error: str = ""

    also: ClassVar[Mapping[str, str]] = {
        "type": "job_type",
        "name": "job_type",
        "jobstatus": "status",
        "startdate": "start_time",
        "enddate": "end_time",
        "errordetails": "error",
        "errordetail": "error",
        "errormessage": "error",
    }


class Label(Answer):
    """Page "Metadata & Labels": one label the AI saw."""

    name: str = ""
    count: int = 1
    confidence: float | None = None

    also: ClassVar[Mapping[str, str]] = {"label": "name", "description": "name", "title": "name"}


def _name_labels(labels: Any) -> Any:
    """Labels that are their names alone."""
    return (
        [{"name": each} if isinstance(each, str) else each for each in labels] if isinstance(labels, list) else labels
    )


class MetadataSummary(Answer):
    """Page "Metadata & Labels": labels of an asset; for a folder, of everything below it."""

    labels: Annotated[tuple[Label, ...], BeforeValidator(_name_labels)] = ()


class Cookies(Answer):
    """Page "Secure Streaming": signed cookies, from the answer's headers and body. ``repr`` never shows them."""

    cookies: dict[str, str] = Field(default_factory=dict, repr=False)
    url: str = Field(default="", repr=False)

    also: ClassVar[Mapping[str, str]] = {"manifesturl": "url", "fullurl": "url"}


class Archive(Answer):
    """Page "Creating ZIP Archives": where the archive is, or will be. ``repr`` never shows the address."""

    id: str = ""
    url: str = Field(default="", repr=False)
    filename: str = ""
    status: str = ""

    also: ClassVar[Mapping[str, str]] = {"downloadurl": "url", "assetid": "id", "archiveurl": "url"}


class QueueItem(Answer):
    """Page "Download Queue": one file waiting to be downloaded."""

    id: str = ""
    asset_id: str = ""
    status: str = ""
    download_proxy: bool = False

    also: ClassVar[Mapping[str, str]] = {
        "assetqueueid": "id",
        "assetdownloadqueueid": "id",
        "queuestatus": "status",
        "transferstatus": "status",
    }


class QueueResult(Answer):
    """What adding to the queue did: the files now queued, and those that were there already."""

    items: tuple[QueueItem, ...] = ()

    also: ClassVar[Mapping[str, str]] = {"queued": "items", "results": "items", "added": "items"}


class Face(Answer):
    """Page "Person-Face Association": a detected face and the person it is, if any."""

    face_id: str = ""
    person_id: str = ""

    also: ClassVar[Mapping[str, str]] = {"id": "face_id"}
