"""Video Jungle's requests, as the page and the published client 0.1.80 send them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from polyreel.sandbox.wire import Wire


class CreateProject(Wire):
    """Body of POST /projects."""

    name: str = Field(min_length=1)
    description: str | None = None
    data: str | None = None
    template_key: str | None = None
    prompt_id: str | None = None


class CreateScript(Wire):
    """Body of POST /scripts/{project}/scripts."""

    name: str = Field(min_length=1)
    data: dict[str, object]
    inputs: dict[str, object] = Field(default_factory=dict)


class Generate(Wire):
    """Optional body of POST /projects/{project}/{script}/generate."""

    prompt: str | None = None
    prompt_persona: str | None = None
    render_prompt: bool = False


class CreateAsset(Wire):
    """Body of POST /projects/{project}/asset."""

    keyname: str = Field(min_length=1)
    description: str | None = None
    upload_method: Literal["file-no-chunk", "direct", "video-reference"] = "file-no-chunk"
    asset_type: str = "user"


class CreateVideo(Wire):
    """Body of POST /video-file."""

    name: str = Field(min_length=1)
    filename: str = Field(min_length=1)
    upload_method: Literal["file-no-chunk", "direct", "url"] = "file-no-chunk"


class Duration(Wire):
    """Seconds, from and to."""

    min: float
    max: float


class Filters(Wire):
    """What narrows a search."""

    duration: Duration | None = None
    created_after: str | None = None
    created_before: str | None = None
    tags: list[str] | None = None
    min_relevance: float | None = None


class Search(Wire):
    """Body of POST /video-file/search."""

    query: str | None = None
    limit: int = Field(default=10, ge=1)
    project_id: str | None = None
    filters: Filters | None = None
    include_segments: bool = True
    include_related: bool = False
    query_audio: str | None = None
    query_img: str | None = None
