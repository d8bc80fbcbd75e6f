"""What people and machines say about an asset: annotations, ad breaks, transcripts, subtitles; faces."""

from __future__ import annotations

import io
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.nomad.access import asset_of
from polyreel.sandbox.nomad.shapes import NAME
from polyreel.sandbox.nomad.statuses import EXPORTS
from polyreel.sandbox.nomad.timecode import seconds_of
from polyreel.sandbox.nomad.wire import ANNOTATIONS, WORDS, AdBreak, Annotation, Export, Word, json_list
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, json_body
from polyreel.sandbox.work.script import BadScript, Line, script_lines, write_srt, write_vtt

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _item_of(request: Request, kind: str) -> Json:
    asset = asset_of(request)
    found = box_of(request).documents(NAME).all(kind, asset["id"])
    for item in found:
        if item["id"] == request.path_params["item_id"]:
            return item
    raise Refusal(404, f"The {kind} was not found")


# -- annotations


def _make_annotation(given: Annotation) -> Json:
    begin, end = given.start_time_code, given.end_time_code
    if end is not None and seconds_of(end) < seconds_of(begin):
        raise Refusal(400, "endTimeCode is before startTimeCode")
    seconds_of(begin)
    loose = given.model_dump(exclude_none=True, by_alias=True, exclude={"id", "properties"})
    properties = {name: loose.pop(name) for name in ("title", "summary", "description") if name in loose}
    return {**loose, "endTimeCode": end, "properties": {**properties, **given.properties}}


async def list_annotations(request: Request) -> Response:
    """Get all annotations for an asset."""
    return JSONResponse(box_of(request).documents(NAME).all("annotation", asset_of(request)["id"]))


async def create_annotation(request: Request) -> Response:
    """Create a new annotation."""
    asset = asset_of(request)
    body = _make_annotation(await json_body(request, Annotation))
    return JSONResponse(box_of(request).documents(NAME).add("annotation", body, parent=asset["id"]))


async def import_annotations(request: Request) -> Response:
    """Bulk import multiple annotations."""
    asset = asset_of(request)
    bodies = [_make_annotation(given) for given in await json_list(request, ANNOTATIONS)]
    documents = box_of(request).documents(NAME)
    return JSONResponse([documents.add("annotation", body, parent=asset["id"]) for body in bodies])


async def update_annotation(request: Request) -> Response:
    """Update an annotation."""
    item = _item_of(request, "annotation")
    body = _make_annotation(await json_body(request, Annotation))
    return JSONResponse(box_of(request).documents(NAME).change("annotation", item["id"], **body))


async def delete_annotation(request: Request) -> Response:
    """Delete an annotation."""
    box_of(request).documents(NAME).remove("annotation", _item_of(request, "annotation")["id"])
    return JSONResponse(None)


# -- ad breaks


def _make_adbreak(given: AdBreak) -> Json:
    seconds_of(given.timecode)
    return {
        **{"name": given.name, "duration": given.duration, "tags": given.tags or [], "labels": given.labels or []},
        "timecode": given.timecode,
    }


async def list_adbreaks(request: Request) -> Response:
    """List all ad breaks for an asset."""
    return JSONResponse(box_of(request).documents(NAME).all("adbreak", asset_of(request)["id"]))


async def create_adbreak(request: Request) -> Response:
    """Create a new ad break."""
    asset = asset_of(request)
    body = _make_adbreak(await json_body(request, AdBreak))
    return JSONResponse(box_of(request).documents(NAME).add("adbreak", body, parent=asset["id"]))


async def update_adbreak(request: Request) -> Response:
    """Update an ad break."""
    item = _item_of(request, "adbreak")
    body = _make_adbreak(await json_body(request, AdBreak))
    return JSONResponse(box_of(request).documents(NAME).change("adbreak", item["id"], **body))


async def delete_adbreak(request: Request) -> Response:
    """Delete an ad break."""
    box_of(request).documents(NAME).remove("adbreak", _item_of(request, "adbreak")["id"])
    return JSONResponse(None)


# -- transcripts


def _words_of(given: Word) -> Json:
    text = given.text if given.text is not None else given.content
    begin = given.start_time if given.start_time is not None else given.start_time_code
    end = given.end_time if given.end_time is not None else given.end_time_code
    if text is None or begin is None:
        raise Refusal(400, "text and startTime are required")
    start = seconds_of(begin)
    return {"text": text, "startTime": start, "endTime": start if end is None else seconds_of(end)}


async def update_transcript(request: Request) -> Response:
    """Update transcription data; an unknown transcript is a 404."""
    item = _item_of(request, "transcript")
    items = [_words_of(given) for given in await json_list(request, WORDS)]
    if not items:
        raise Refusal(400, "The transcript is empty")
    changed = box_of(request).documents(NAME).change("transcript", item["id"], items=items)
    return JSONResponse(changed)


async def transcription_words(request: Request) -> Response:
    """Word-level transcription with timings and confidence scores."""
    transcripts = box_of(request).documents(NAME).all("transcript", asset_of(request)["id"])
    return JSONResponse(
        [word for transcript in transcripts for item in transcript["items"] for word in _split_words(item)]
    )


def _split_words(item: Json) -> list[Json]:
    words = item["text"].split()
    step = (item["endTime"] - item["startTime"]) / max(1, len(words))
    starts = [item["startTime"] + index * step for index in range(len(words))]
    return [
        {"text": word, "word": word, "startTime": round(at, 3), "endTime": round(at + step, 3), "confidence": 0.95}
        for word, at in zip(words, starts, strict=True)
    ]


# -- subtitles


async def export_subtitle(request: Request) -> Response:
    """Export subtitles: 204 for a format nobody knows, 400 when there is nothing to export."""
    box, asset = box_of(request), asset_of(request)
    wanted = await json_body(request, Export)
    lines = _find_lines(box, asset, request.path_params["related_id"])
    kind = str(wanted.export_format).lower()
    number = EXPORTS.get(kind, int(kind) if kind.isdecimal() else -1)
    if number not in EXPORTS.values():
        return Response(status_code=204)
    name = asset["displayName"].rpartition(".")[0] or asset["displayName"]
    return _export_lines(number, lines, name)


def _export_lines(number: int, lines: list[Line], name: str) -> Response:
    forms: dict[int, tuple[Callable[[list[Line]], str | bytes], str, str]] = {
        0: (_write_docx, _DOCX, "docx"),
        1: (lambda found: "\n".join(line.text for line in found), "text/plain", "txt"),
        2: (write_srt, "application/x-subrip", "srt"),
        3: (write_vtt, "text/vtt", "vtt"),
    }
    make, media_type, suffix = forms[number]
    safe = "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in " ._-"))
    headers = {"Content-Disposition": f'attachment; filename="{safe or "subtitles"}.{suffix}"'}
    return Response(make(lines), media_type=media_type, headers=headers)


def _find_lines(box: Box, asset: Json, key: str) -> list[Line]:
    documents = box.documents(NAME)
    for transcript in documents.all("transcript", asset["id"]):
        if transcript["id"] == key:
            return [
                Line(int(item["startTime"] * 1000), int(item["endTime"] * 1000), item["text"])
                for item in transcript["items"]
            ]
    for related in documents.all("related", asset["id"]):
        if related["id"] == key and related["file"]:
            return _read_lines(box, related)
    raise Refusal(404, "The related asset was not found")


def _read_lines(box: Box, related: Json) -> list[Line]:
    content = box.files.path(related["file"]).read_bytes().decode("utf-8-sig", "replace")
    try:
        return script_lines(content, 1.0)
    except BadScript as error:
        raise Refusal(400, "There is nothing to export") from error


def _write_docx(lines: list[Line]) -> bytes:
    import docx

    document, out = docx.Document(), io.BytesIO()
    for line in lines:
        document.add_paragraph(line.text)
    document.save(out)
    return out.getvalue()


# -- faces


def _face_of(request: Request) -> Json:
    for face in box_of(request).documents(NAME).all("face", asset_of(request)["id"]):
        if face["id"] == request.path_params["face_id"]:
            return face
    raise Refusal(404, "The face was not found")


async def assign_person(request: Request) -> Response:
    """Associate a detected face with a known person."""
    person = request.path_params["person_id"]
    changed = box_of(request).documents(NAME).change("face", _face_of(request)["id"], personId=person)
    return JSONResponse(changed)


async def remove_person(request: Request) -> Response:
    """Remove the person from a detected face."""
    return JSONResponse(box_of(request).documents(NAME).change("face", _face_of(request)["id"], personId=None))
