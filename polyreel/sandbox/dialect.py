"""The same vendors in other words: every answer in the second shape that the vendors' documents allow.

The pages leave shapes open, and the published documents differ from them. A client that holds against both ways of
speaking (``polyreel sandbox --shapes other``) holds against the vendor's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Shapes = Literal["usual", "other"]
Rewrite = Callable[[Any], Any]


# -- the asset manager: PascalCase, bare lists, no address beside the metadata


def _to_pascal_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_pascal_case(each) for each in value]
    if not isinstance(value, dict):
        return value
    # What a user named, or a browser will read, keeps its name.
    kept = ("properties", "cookies")
    return {key[:1].upper() + key[1:]: each if key in kept else _to_pascal_case(each) for key, each in value.items()}


def _without_address(asset: Any) -> Any:
    if not isinstance(asset, dict) or "assetStatus" not in asset:
        return asset
    hidden = ("fullUrl", "duration", "customProperties", "assetStatusDisplay", "assetTypeDisplay")
    # Nothing promises an address, a length or custom properties at an asset's top level (WIRE.md).
    shown = {name: value for name, value in asset.items() if name not in hidden}
    return {**shown, "assetStatus": asset["assetStatusDisplay"].upper(), "fullUrl": None}


def _relative_address(detail: dict[str, Any]) -> Any:
    name = (detail.get("fullUrl") or "").partition("?")[0].rpartition("/")[2]
    length = {"general": {"duration": str(detail["duration"])}} if detail.get("duration") else {}
    return {**_without_address(detail), "fullUrl": name, "mediaProperties": length}


def _list_parts(uploads: list[dict[str, Any]]) -> Any:
    return {
        "items": [{**_drop_fields(each, "createdDate", "parts"), "startDate": each["createdDate"]} for each in uploads]
    }


def _tell_by_status(done: dict[str, Any]) -> Any:
    # The page has a "per-asset status", and no flag.
    return [
        {**_drop_fields(row, "isSuccess"), "status": "Success" if row["isSuccess"] else "Failed"}
        for row in done["results"]
    ]


def _drop_fields(value: dict[str, Any], *hidden: str) -> dict[str, Any]:
    return {name: each for name, each in value.items() if name not in hidden}


def _parts(upload: dict[str, Any]) -> Any:
    # One upload may be answered with a bare list of its parts (WIRE.md): no id, and no asset's id.
    return [_drop_fields(part, "uploadUrl") for part in upload["parts"]]


# -- TPStreams, Video Jungle, the dubbers


def _loud_status(value: Any) -> Any:
    """Every status in capitals."""
    if isinstance(value, list):
        return [_loud_status(each) for each in value]
    if not isinstance(value, dict):
        return value
    loud = ("status", "status_display")
    return {
        key: each.upper() if key in loud and isinstance(each, str) else _loud_status(each)
        for key, each in value.items()
    }


def _by_uuid(session: dict[str, Any]) -> Any:
    asset = session["asset"]
    # An upload session's asset is named by `uuid` in the published documents (WIRE.md).
    return {**session, "asset": {"uuid": asset["id"], **_drop_fields(asset, "id")}}


def _form_in_video(created: dict[str, Any]) -> Any:
    video = created["video"]
    return {"video": {**video, **({"upload_url": created["upload_url"]} if "upload_url" in created else {})}}


def _bare_path(created: dict[str, Any]) -> Any:
    link = created.get("upload_url")
    return {**created, "upload_url": link["url"]} if isinstance(link, dict) else created


def _blur_statuses(assets: list[dict[str, Any]]) -> Any:
    """The page's own sample of a list: a finished asset without a status, and not uploaded."""
    return [{**asset, "status": None, "uploaded": False} for asset in assets]


def _number_statuses(page: dict[str, Any]) -> Any:
    return {"data": page["items"], "pagination": _drop_fields(page, "items", "next")}


def _empty_results(project: dict[str, Any]) -> Any:
    """A project at work has every field of a finished one, without a value."""
    names = ("output_video_url", "output_tts_audio_url", "output_target_script", "output_target_speakers")
    return _loud_status({**dict.fromkeys((*names, "output_source_script", "error_message")), **project})


def _add_other_lists(rows: list[Any]) -> Any:
    return {"errors": [], "items": rows}


# The first that matches is used, so the narrow ones stand before the wide ones.
_RULES: tuple[tuple[str, str, str, Rewrite], ...] = (
    ("nomad", "GET", r"/asset/upload", _list_parts),
    ("nomad", "GET", r"/asset/upload/[^/]+", _parts),
    ("nomad", "POST", r"/asset/[^/]+/share", lambda share: share["url"]),
    ("nomad", "GET", r"/asset/[^/]+/resolve-full-url", lambda found: found["url"]),
    ("nomad", "GET", r"/asset/[^/]+/detail", _relative_address),
    ("nomad", "GET", r"/asset/[^/]+/(annotation|job-history)", _add_other_lists),
    ("nomad", "POST", r"/asset/(index|move|copy|delete|addtag)", _tell_by_status),
    ("nomad", ".*", r"/asset(/[^/]+){0,2}", _without_address),
    ("tpstreams", "POST", r"/api/v1/[^/]+/assets/upload-sessions/", _by_uuid),
    ("tpstreams", "GET", r"/api/v1/[^/]+/assets/[^/]+/subtitles/", lambda tracks: {"results": tracks}),
    ("tpstreams", ".*", r"/api/v1/.*", _loud_status),
    ("videojungle", "POST", r"/video-file", _form_in_video),
    ("videojungle", "POST", r"/projects/[^/]+/assets?", _bare_path),
    ("videojungle", "GET", r"/projects/[^/]+/assets?(/generated)?", _blur_statuses),
    ("panjaya", "GET", r"/v1/assets/", _number_statuses),
    ("panjaya", "GET", r"/v1/.*", _loud_status),
    ("dubformer", "GET", r"/api/v1/projects/.*", _empty_results),
    ("dubformer", "GET", r"/api/v1/projects", _loud_status),
)


def respell_answer(vendor: str, method: str, path: str, value: Any) -> Any:
    """An answer in the vendor's other words; as it is where there is but one way to say it."""
    # The asset manager answers below several prefixes; the rules are written for what is behind them.
    below = re.sub(r"^(/api)?(/admin)?(?=/asset)", "", path) if vendor == "nomad" else path
    for whose, verb, pattern, rewrite in _RULES:
        if whose == vendor and re.fullmatch(verb, method) and re.fullmatch(pattern, below, re.IGNORECASE):
            value = rewrite(value)
            break
    return _to_pascal_case(value) if vendor == "nomad" else value


@dataclass
class Dialect:
    """ASGI layer: JSON answers of the vendors are said in other words."""

    app: ASGIApp
    vendors: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        vendor, _, below = scope["path"][1:].partition("/") if scope["type"] == "http" else ("", "", "")
        if vendor not in self.vendors:
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, _Respeaking(send, vendor, scope["method"], f"/{below}"))


class _Respeaking:
    """Holds a JSON answer back until it is whole; everything else passes."""

    def __init__(self, send: Send, vendor: str, method: str, path: str) -> None:
        self._send, self._vendor, self._method, self._path = send, vendor, method, path
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if not _is_json(message):
                await self._send(message)
                return
            self._start = message
            return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            await self._send_answer(self._start)

    async def _send_answer(self, start: Message) -> None:
        body = json.dumps(respell_answer(self._vendor, self._method, self._path, json.loads(self._body))).encode()
        # In other words the answer is of another length.
        others = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        await self._send({**start, "headers": [*others, (b"content-length", str(len(body)).encode())]})
        await self._send({"type": "http.response.body", "body": body})


def _is_json(start: Message) -> bool:
    told = dict(start["headers"]).get(b"content-type", b"")
    return bool(start["status"] < 300 and told.startswith(b"application/json"))
