"""TPStreams' requests (vendor page "Assets")."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from polyreel.sandbox.wire import Wire
from polyreel.sandbox.work.edit import HEIGHTS

Protection = Literal["drm", "aes", "disable"]
# Not on the page, but in what the vendor publishes elsewhere: fifty at most, all or nothing.
MOST_IN_BULK = 50


def _a_list(value: object) -> object:
    """The page allows a list or one comma separated string."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",")]
    return tuple(value) if isinstance(value, list) else value


Resolutions = Annotated[tuple[str, ...], BeforeValidator(_a_list), Field(min_length=1)]


class Input(Wire):
    """Where the video is fetched from."""

    url: str

    @field_validator("url")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("Enter a valid URL.")
        return value


class Shape(Wire):
    """What a new video is to become."""

    title: str | None = None
    resolutions: Resolutions
    content_protection_type: Protection = "disable"
    folder: str | None = None
    generate_subtitle: bool = False

    @field_validator("resolutions")
    @classmethod
    def _require_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in HEIGHTS:
                raise ValueError(f'"{name}" is not a valid choice.')
        return value


class CreateVideo(Shape):
    """Body of "Upload an video"."""

    inputs: tuple[Input, ...] = Field(min_length=1, max_length=1)


class UploadSession(Shape):
    """Body of a new upload session."""

    title: str = Field(min_length=1)
    resolutions: Resolutions = ("240p", "480p", "720p")
    file_name: str | None = None
    filename: str | None = None
    size: int | None = Field(default=None, gt=0)
    content_type: str | None = None


class Folder(Wire):
    """Body of "Create a folder"."""

    title: str = Field(min_length=1)
    parent: str | None = None


class Move(Wire):
    """Body of "Move Individual Asset"; nothing at all moves to the root."""

    parent: str | None = None


class Trim(Wire):
    """Body of "Trim Video Asset"."""

    start_time: float | None = Field(default=None, ge=0)
    end_time: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _require_time(self) -> Trim:
        if self.start_time is None and self.end_time is None:
            raise ValueError("At least one of start_time or end_time is required.")
        if self.end_time is not None and (self.start_time or 0) >= self.end_time:
            raise ValueError("start_time must be before end_time.")
        return self


class Expiry(Wire):
    """Body of "Get Individual Asset Details"."""

    expiry: int | str | None = None


class Login(Wire):
    """Body of the login."""

    username: str
    password: str
    organization_id: str


class Webhook(Wire):
    """Body of "Create a webhook"."""

    url: str
    secret_token: str = Field(min_length=1)


class DeleteResolutions(Wire):
    """Renditions to be removed, by their heights in pixels."""

    resolutions: list[int] = Field(min_length=1)
