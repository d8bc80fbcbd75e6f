"""What TPStreams would refuse, found before it is sent (vendor page "Upload Subtitles", "Upload Thumbnail")."""

from __future__ import annotations

import re
from pathlib import Path

from polyreel.errors import InvalidJob, SubtitleError
from polyreel.locales import language
from polyreel.vendors.bodies import reading_file
from polyreel.vendors.errors import TooLarge, UnsupportedLocale
from polyreel.vendors.tpstreams.sizes import LARGEST_THUMBNAIL, LARGEST_UPLOAD

_PICTURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}
_HEAD = re.compile(r"^\ufeff?WEBVTT(?:[ \t][^\r\n]*)?(?:\r\n|\r|\n|$)")


def language_code(tag: str) -> str:
    """The two letters the vendor knows a language by: ``fr-FR`` -> ``fr``. Raises `UnsupportedLocale`."""
    code = language(tag)
    # The vendor takes two letters alone (WIRE.md): Filipino, `fil`, has none.
    if len(code) != 2:
        raise UnsupportedLocale(
            f"TPStreams has no two-letter code for {tag}.",
            vendor="tpstreams",
            locale=tag,
            role="subtitle",
            remedy="Deliver this language's subtitles elsewhere.",
        )
    return code


def require_webvtt(content: bytes, name: str) -> bytes:
    """The same bytes, once they are surely WebVTT (W3C WebVTT 4.1). Raises `SubtitleError`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise SubtitleError(
            "A WebVTT file is UTF-8, and this isn't.",
            where=name,
            remedy="Convert it: `polyreel subtitles convert IN OUT.vtt`.",
        ) from None
    if not _HEAD.match(text):
        raise SubtitleError(
            "This is no WebVTT: its first line must be WEBVTT.",
            line=1,
            where=name,
            remedy="Convert it: `polyreel subtitles convert IN OUT.vtt`.",
        )
    return content


def require_thumbnail(picture: Path) -> Path:
    """The same path, once it is surely a PNG or JPEG below 2 MB. Raises `InvalidJob` or `TooLarge`."""
    # By its first bytes, too: an ending is only what somebody has called the file.
    begin = _PICTURES.get(picture.suffix.lower())
    if begin is None or not _starts(picture, begin):
        raise InvalidJob(
            "A thumbnail is a PNG or JPEG picture.",
            where=picture.name,
            code="unsupported_media",
            remedy="Convert the picture first.",
        )
    size = picture.stat().st_size
    if size >= LARGEST_THUMBNAIL:
        raise TooLarge(f"A thumbnail has less than 2 MB; this has {size}.", where=picture.name, remedy="Compress it.")
    return picture


def require_upload_size(video: Path) -> int:
    """The file's size, once it is surely below the vendor's 5 GiB. Raises `InvalidJob` or `TooLarge`."""
    with reading_file(video.name):
        size = video.stat().st_size
    if size > LARGEST_UPLOAD:
        raise TooLarge(f"A form upload takes 5 GiB; this has {size} bytes.", where=video.name)
    return size


def _starts(picture: Path, begin: bytes) -> bool:
    with reading_file(picture.name), picture.open("rb") as file:
        return file.read(len(begin)) == begin
