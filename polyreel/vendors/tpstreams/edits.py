"""Subtitles, thumbnails and trims (vendor page "Generate Subtitle for an Asset" to "Revert Trimmed Video")."""

from __future__ import annotations

import asyncio
from pathlib import Path

from polyreel.errors import InvalidJob
from polyreel.machine.files import TooManyBytes, read_whole
from polyreel.vendors.bodies import FilePart, Form, reading_file
from polyreel.vendors.calls import Reply
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import JobFailed
from polyreel.vendors.pages import Page
from polyreel.vendors.tpstreams.checks import language_code, require_thumbnail, require_webvtt
from polyreel.vendors.tpstreams.models import Asset, MediaTrack, RevertStarted, Trim, TrimStarted, TrimStatus
from polyreel.vendors.tpstreams.resource import PAGE, WIRE, Resource
from polyreel.vendors.waiting import Patience, wait_for

# A film's subtitles have a few hundred kilobytes. A bound so that a film named by mistake is not read into memory.
_MOST_BYTES = 16 << 20
_ASSET = "/api/v1/<organization_id>/assets/<asset_id>/"


class Subtitles(Resource):
    """Subtitle tracks and the cover picture."""

    @endpoint(
        "POST", _ASSET + "generate_subtitle/", page=PAGE, section="Generate Subtitle for an Asset", price="charged"
    )
    async def generate_subtitle(self, asset_id: str) -> Asset:
        """English subtitles by the vendor's machine, once per completed video. Charged by the minute."""
        at = self._make_path("assets/{asset_id}/generate_subtitle/", asset_id=asset_id)
        return await self._ask(Asset, "generate subtitle", "POST", at)

    @endpoint("POST", _ASSET + "upload_subtitle/", page=PAGE, section="Upload Subtitles to an Asset")
    async def upload_subtitle(
        self, asset_id: str, subtitle: Path | bytes, locale: str | None = None, *, name: str = ""
    ) -> None:
        """A WebVTT file as a track. `locale` becomes the vendor's two letters; `name` is what viewers see.

        Raises `SubtitleError` for what is no WebVTT, `UnsupportedLocale` for a language without two letters.
        """
        shown = subtitle.name if isinstance(subtitle, Path) else "subtitle.vtt"
        content = await asyncio.to_thread(_read_content, subtitle)
        fields = {"name": name} if name else {}
        if locale:
            fields["language"] = language_code(locale)
        files = {"subtitle": FilePart(require_webvtt(content, shown), _vtt_name(shown), "text/vtt")}
        at = self._make_path("assets/{asset_id}/upload_subtitle/", asset_id=asset_id)
        await self._require_success("upload subtitle", "POST", at, body=Form(fields, files))

    @endpoint("GET", _ASSET + "subtitles/", page=WIRE, section="TPStreams")
    async def list_subtitles(self, asset_id: str) -> tuple[MediaTrack, ...]:
        """A video's subtitle tracks."""
        at = self._make_path("assets/{asset_id}/subtitles/", asset_id=asset_id)
        return await self._send(_read_tracks, "list subtitles", "GET", at)

    @endpoint("DELETE", _ASSET + "subtitles/<subtitle_id>/", page=WIRE, section="TPStreams")
    async def delete_subtitle(self, asset_id: str, subtitle_id: str) -> None:
        """Delete a track. `Forbidden` for an automatic one."""
        at = self._make_path("assets/{asset_id}/subtitles/{subtitle_id}/", asset_id=asset_id, subtitle_id=subtitle_id)
        await self._require_success("delete subtitle", "DELETE", at)

    @endpoint("POST", _ASSET + "upload_thumbnail/", page=PAGE, section="Upload Thumbnail to an Asset")
    async def upload_thumbnail(self, asset_id: str, picture: Path) -> None:
        """A PNG or JPEG below 2 MB as the cover. Raises `InvalidJob` or `TooLarge` before anything is sent."""
        files = {"thumbnail": FilePart(await asyncio.to_thread(require_thumbnail, picture))}
        at = self._make_path("assets/{asset_id}/upload_thumbnail/", asset_id=asset_id)
        await self._require_success("upload thumbnail", "POST", at, body=Form({}, files))


class Trims(Resource):
    """Cutting a video, and putting it back."""

    @endpoint("POST", _ASSET + "trim/", page=PAGE, section="Trim Video Asset")
    async def trim(self, asset_id: str, trim: Trim) -> TrimStarted:
        """Start cutting a completed video; seconds."""
        at = self._make_path("assets/{asset_id}/trim/", asset_id=asset_id)
        return await self._ask(TrimStarted, "trim", "POST", at, json=trim.as_wire())

    @endpoint("GET", _ASSET + "trim/status/", page=PAGE, section="Check Trim Job Status")
    async def get_trim_status(self, asset_id: str) -> TrimStatus:
        """The newest trim's state. `NotFound` for a video that was never trimmed."""
        at = self._make_path("assets/{asset_id}/trim/status/", asset_id=asset_id)
        return await self._ask(TrimStatus, "check trim job status", "GET", at)

    @endpoint("POST", _ASSET + "trim/revert/", page=PAGE, section="Revert Trimmed Video")
    async def revert_trim(self, asset_id: str) -> RevertStarted:
        """Start putting the full video back."""
        at = self._make_path("assets/{asset_id}/trim/revert/", asset_id=asset_id)
        return await self._ask(RevertStarted, "revert trim", "POST", at)

    async def wait_until_trimmed(self, asset_id: str, patience: Patience | None = None) -> TrimStatus:
        """Ask until the newest trim is done. Raises `JobFailed`."""
        return await wait_for(
            lambda: self.get_trim_status(asset_id), _is_trimmed, f"tpstreams trim of {asset_id}", patience
        )


def _is_trimmed(trim: TrimStatus) -> bool:
    if trim.state.failed:
        raise JobFailed(
            f"TPStreams could not trim: {trim.status_display}.",
            vendor="tpstreams",
            job_id=trim.id,
            vendor_code=trim.status_display,
            remedy="Check that both ends lie within the video.",
        )
    return trim.state.succeeded


def _read_content(subtitle: Path | bytes) -> bytes:
    if isinstance(subtitle, bytes):
        return subtitle
    try:
        with reading_file(subtitle.name):
            return read_whole(subtitle, _MOST_BYTES)
    except TooManyBytes as error:
        raise InvalidJob(
            f"The file is {error}: no subtitle file.",
            where=subtitle.name,
            remedy="Give the subtitles alone, as WebVTT or SRT.",
        ) from None


def _vtt_name(name: str) -> str:
    # The vendor goes by the file's ending, and the content is surely WebVTT by now.
    return name if name.endswith(".vtt") else f"{Path(name).stem}.vtt"


def _read_tracks(reply: Reply) -> tuple[MediaTrack, ...]:
    answer = reply.json()
    # An asset's own field, a page of rows or a bare list: the call is known from the wire alone (WIRE.md).
    own = answer.get("subtitles") if isinstance(answer, dict) else None
    rows = own if isinstance(own, list) else Page.of_answer(answer).rows
    return tuple(reply.fit_to(row, MediaTrack) for row in rows)
