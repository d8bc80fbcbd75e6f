"""Video files, by the newer route (WIRE.md "Video Jungle"): create, upload, analyse, search, download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyreel.vendors.bodies import FilePart, Form, Watched
from polyreel.vendors.calls import Call, Reply
from polyreel.vendors.downloads import Downloaded, Expected, Tell, download
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import Malformed
from polyreel.vendors.links import ask_for_fresh_link
from polyreel.vendors.pages import Page
from polyreel.vendors.resource import Resource, fill_path
from polyreel.vendors.videojungle.models import Analysis, CreateVideoFile, Found, NewVideoFile, Search, VideoFile
from polyreel.vendors.videojungle.projects import WIRE, find_answered, nothing_there
from polyreel.vendors.waiting import Patience, wait_for


class VideoFiles(Resource):
    """Videos that belong to the account rather than to a project."""

    @endpoint("POST", "/video-file", page=WIRE, section="Video Jungle")
    async def create_video_file(self, request: CreateVideoFile) -> NewVideoFile:
        """A new video file: to be uploaded, posted to S3 (`direct`), or fetched by the vendor (`url`)."""
        return await self._ask(NewVideoFile, "create video file", "POST", "/video-file", json=request.as_wire())

    @endpoint("POST", "/video-file/{id}/upload-video", page=WIRE, section="Video Jungle")
    async def upload_video(self, video_file_id: str, file: Path, *, tell: Tell | None = None) -> VideoFile:
        """Post the file itself (multipart `file`)."""
        at = fill_path("/video-file/{video_file_id}/upload-video", video_file_id=video_file_id)
        reply = await self._fetch_reply("upload video", "POST", at, body=_make_form({}, file, tell))
        # Nothing tells what this is answered with: a word, the video in an object of its own, the video itself.
        told = find_answered(reply, "video")
        return reply.fit_to(told, VideoFile) if told else await self.get_video_file(video_file_id)

    @endpoint("POST", "<S3 form>", page=WIRE, section="Video Jungle")
    async def upload_direct(self, created: NewVideoFile, file: Path, *, tell: Tell | None = None) -> None:
        """Post the file as the S3 form of a `direct` video file, without credentials. Raises `LinkExpired`."""
        if not created.fields:
            raise Malformed("The vendor gave no form to post.", where=f"videojungle video file {created.video.id}")
        body = _make_form(created.fields, file, tell)
        # The form names the object's key, so posting it again writes the same object again.
        call = Call("upload direct", "POST", created.url, body=body, anonymous=True, repeatable=True)
        with ask_for_fresh_link("The upload's form"):
            await self.transport.fetch_reply(call)

    async def upload_file(self, file: Path, *, name: str = "", tell: Tell | None = None) -> VideoFile:
        """A whole upload by the newer route: create, then post the file."""
        request = CreateVideoFile(name=name or file.stem, filename=file.name)
        created = await self.create_video_file(request)
        return await self.upload_video(created.video.id, file, tell=tell)

    @endpoint("POST", "/video-file/{id}/analysis", page=WIRE, section="Video Jungle")
    async def create_analysis(self, video_file_id: str) -> Analysis:
        """Start looking into a video file."""
        at = fill_path("/video-file/{video_file_id}/analysis", video_file_id=video_file_id)
        return await self._send(_read_analysis, "create analysis", "POST", at)

    @endpoint("GET", "/video-file/{id}/analysis", page=WIRE, section="Video Jungle")
    async def get_analysis(self, video_file_id: str) -> Analysis:
        """What was found."""
        at = fill_path("/video-file/{video_file_id}/analysis", video_file_id=video_file_id)
        return await self._send(_read_analysis, "get analysis", "GET", at)

    @endpoint("GET", "/video-file", page=WIRE, section="Video Jungle")
    async def list_video_files(self, *, limit: int | None = None) -> list[VideoFile]:
        """The account's video files: ten, unless `limit` says more."""
        return await self._ask(list[VideoFile], "list video files", "GET", "/video-file", params={"limit": limit})

    @endpoint("GET", "/video-file/{id}", page=WIRE, section="Video Jungle")
    async def get_video_file(self, video_file_id: str) -> VideoFile:
        """One video file."""
        at = fill_path("/video-file/{video_file_id}", video_file_id=video_file_id)
        return await self._ask(VideoFile, "get video file", "GET", at)

    @endpoint("DELETE", "/video-file/{id}", page=WIRE, section="Video Jungle")
    async def delete_video_file(self, video_file_id: str) -> None:
        """Delete a video file."""
        at = fill_path("/video-file/{video_file_id}", video_file_id=video_file_id)
        await self._require_success("delete video file", "DELETE", at)

    @endpoint("POST", "/video-file/search", page=WIRE, section="Video Jungle")
    async def search(self, request: Search) -> tuple[Found, ...]:
        """Look for video files. A question, so it may be asked again."""
        return await self._send(
            _read_hits, "search", "POST", "/video-file/search", json=request.as_wire(), repeatable=True
        )

    async def wait_until_there(self, video_file_id: str, patience: Patience | None = None) -> VideoFile:
        """Ask until a video file has an address; the file. No page says that it has one as soon as it is uploaded."""

        def is_there(video: VideoFile) -> bool:
            return bool(video.download_url or video.url)

        what = f"videojungle video file {video_file_id}"
        return await wait_for(lambda: self.get_video_file(video_file_id), is_there, what, patience)

    async def download_video_file(
        self, video_file_id: str, to: Path, *, expected: Expected | None = None, tell: Tell | None = None
    ) -> Downloaded:
        """Fetch a video file, with a fresh address whenever the last one has expired."""

        async def ask_for_link() -> str:
            video = await self.get_video_file(video_file_id)
            return video.download_url or video.url or nothing_there("video file", video.id, video.current_status)

        return await download(
            self.transport, ask_for_link, to, operation="download video file", expected=expected, tell=tell
        )


def _make_form(fields: dict[str, str], file: Path, tell: Tell | None) -> Form | Watched:
    form = Form(fields, {"file": FilePart(file)})
    return Watched(form, tell) if tell else form


def _read_analysis(reply: Reply) -> Analysis:
    value: Any = reply.json() if reply.body.strip() else {}
    return reply.fit_to({"analysis": value} if isinstance(value, list) else value or {}, Analysis)


def _read_hits(reply: Reply) -> tuple[Found, ...]:
    return tuple(reply.fit_to(_read_hit(row), Found) for row in Page.of_answer(reply.json()).rows)


def _read_hit(row: Any) -> Any:
    """A hit may be the video file itself."""
    return {**row, "video": row} if isinstance(row, dict) and "video" not in row else row
