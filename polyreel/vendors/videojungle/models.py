"""What Video Jungle is asked (strictly) and what it answers (read tolerantly)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from polyreel.vendors.answers import SparseAnswer
from polyreel.vendors.models import Request

# No page says whether these are lists: one of them may stand alone.
Several = Annotated[tuple[Any, ...], BeforeValidator(lambda value: value if isinstance(value, list) else (value,))]
UploadMethod = Literal["file-no-chunk", "direct", "url"]
WHOLE_LIST = 1000
"""The `limit` of who needs every row: lists give ten unless asked for more (WIRE.md)."""


class Prompt(Request):
    """Page "Generate an Asset", optional attributes."""

    prompt: str | None = None
    prompt_persona: str | None = None


class CreateProject(Request):
    """``POST /projects`` as the published client sends it."""

    name: str = Field(min_length=1)
    description: str = ""
    data: str = "prompt-to-video"
    template_key: str = "prompt-to-video"
    prompt_id: str | None = None


class CreateScript(Request):
    """``POST /scripts/{project}/scripts`` as the published client sends it."""

    name: str = Field(min_length=1)
    data: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, Any] = Field(default_factory=dict)


class CreateAsset(Request):
    """``POST /projects/{project}/asset``: a file to upload, or a reference to a video file (`keyname` is its id)."""

    keyname: str = Field(min_length=1)
    description: str = ""
    upload_method: Literal["file-no-chunk", "video-reference"] = "file-no-chunk"
    asset_type: str = "user"


class CreateVideoFile(Request):
    """``POST /video-file``. For `url`, `filename` is the address the vendor fetches."""

    name: str = Field(min_length=1)
    filename: str = Field(min_length=1, repr=False)
    upload_method: UploadMethod = "file-no-chunk"


class Duration(Request):
    """Seconds, both ends included."""

    min: float = Field(default=0, ge=0)
    max: float = Field(default=99_999_999, ge=0)


class Filters(Request):
    """What narrows a search."""

    duration: Duration | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    tags: tuple[str, ...] | None = None
    min_relevance: float | None = None


class Search(Request):
    """``POST /video-file/search``."""

    query: str | None = None
    limit: int = Field(default=10, ge=1)
    project_id: str | None = None
    filters: Filters | None = None
    include_segments: bool = True
    include_related: bool = False
    query_audio: str | None = None
    query_img: str | None = None


class Generation(SparseAnswer):
    """Page "Generate an Asset": a signed **upload** address, and the asset that will hold what is put there."""

    url: str = Field(default="", repr=False)
    asset_id: str
    asset_key: str = ""

    also: ClassVar = {"id": "asset_id", "filekey": "asset_key"}


class Project(SparseAnswer):
    """A project; lists may leave out what is in it."""

    id: str
    name: str = ""
    description: str = ""
    data: Any = None
    created_at: str = ""
    owner_id: str = ""
    asset_count: int = 0
    assets: tuple[Asset, ...] = ()
    prompts: tuple[dict[str, Any], ...] = ()
    scripts: tuple[Script, ...] = ()


class Asset(SparseAnswer):
    """Page "The asset model". Its samples disagree on `status` and `uploaded`: trust `check_asset`."""

    id: str
    keyname: str = ""
    key: str = ""
    url: str = Field(default="", repr=False)
    download_url: str = Field(default="", repr=False)
    asset_path: str = ""
    asset_type: str = ""
    created_at: str = ""
    status: str = ""
    uploaded: bool = False
    project_id: str = ""
    project: Project | None = None
    description: str = ""
    generated_description: str = ""
    create_parameters: Any = None


class NewAsset(Asset):
    """A created asset, and where its file goes: often a path below the vendor's own address."""

    upload_url: str = Field(default="", repr=False)
    fields: dict[str, str] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _flatten_link(cls, data: Any) -> Any:
        # As a new video file stands in `video`, the asset may stand in `asset`.
        if isinstance(data, dict) and isinstance(data.get("asset"), dict):
            data = {**data, **data["asset"]}
        # The page's answer has an address, the published client also knows `{url, fields}` (WIRE.md).
        link = data.get("upload_url") if isinstance(data, dict) else None
        return {**data, "upload_url": link.get("url"), "fields": link.get("fields")} if isinstance(link, dict) else data


class AssetStatus(SparseAnswer):
    """``GET /assets/{id}/status``."""

    id: str = ""
    status: str = ""
    uploaded: bool | None = None


class Checked(SparseAnswer):
    """Page "Check an Asset"."""

    uploaded: bool


class Script(SparseAnswer):
    """A script, and the inputs it wants."""

    id: str
    name: str = ""
    project_id: str = ""
    value: Any = None
    inputs: Several = ()
    created_at: str = ""
    key: str = ""
    manuscript: str = ""


class VideoFile(SparseAnswer):
    """A video file. `duration` in seconds, `size` in bytes; addresses only once there is a file."""

    id: str
    name: str = ""
    filename: str = Field(default="", repr=False)
    description: str = ""
    thumbnail: str = Field(default="", repr=False)
    thumbnail_url: str = Field(default="", repr=False)
    duration: float | None = None
    fps: float | None = None
    owner_id: str = ""
    size: int | None = None
    hash: str = ""
    created_at: str = ""
    recorded_at: str = ""
    key: str = ""
    analysis: Several = ()
    url: str = Field(default="", repr=False)
    download_url: str = Field(default="", repr=False)
    current_status: str = ""
    has_redirect: bool = False


class NewVideoFile(SparseAnswer):
    """A created video file; for `direct`, also the S3 form (``{url, fields}``) that takes it."""

    video: VideoFile
    url: str = Field(default="", repr=False)
    fields: dict[str, str] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _unwrap_answer(cls, data: Any) -> Any:
        """The video may stand in `video` or be the whole answer; the form in an object of its own, or in the video."""
        if not isinstance(data, dict):
            return data
        video = data.get("video", data)
        inner = video.values() if isinstance(video, dict) else ()
        holders = [data, *data.values(), *inner]
        form = next((each for each in holders if isinstance(each, dict) and each.get("fields")), {})
        return {"video": video, "url": form.get("url"), "fields": form.get("fields")}


class Analysis(SparseAnswer):
    """What an analysis is at, or found."""

    id: str = ""
    job_id: str = ""
    status: str = ""
    analysis: Several = ()


class Found(SparseAnswer):
    """One hit of a search."""

    video_id: str = ""
    score: float | None = None
    video: VideoFile | None = None
    segments: Several = ()

    also: ClassVar = {"id": "video_id"}


class User(SparseAnswer):
    """The account's user."""

    id: str
    email: str = ""
    name: str = ""
    avatar: str = ""
    is_verified: bool = False
    is_active: bool = False


Project.model_rebuild()
Asset.model_rebuild()
