"""Annotations, transcripts and subtitles (vendor page "Annotations", "Transcription & Subtitles")."""

from __future__ import annotations

from collections.abc import Sequence

from polyreel.vendors.calls import Reply
from polyreel.vendors.endpoints import endpoint
from polyreel.vendors.errors import Invalid
from polyreel.vendors.nomad.models_words import (
    Annotation,
    AnnotationDraft,
    ExportSubtitle,
    SubtitleFormat,
    TranscriptCue,
    TranscriptionWord,
    TranscriptLine,
)
from polyreel.vendors.nomad.resource import PAGE, WIRE, Resource, fill_path


class Annotations(Resource):
    """Notes on moments of an asset."""

    @endpoint("POST", "/asset/{assetId}/annotation", page=PAGE, section="Annotations")
    async def create_annotation(self, asset_id: str, draft: AnnotationDraft) -> Annotation:
        """Create a new annotation."""
        at = fill_path("/asset/{asset_id}/annotation", asset_id=asset_id)
        return await self._ask(Annotation, "create annotation", "POST", at, json=draft.as_wire())

    @endpoint("GET", "/asset/{assetId}/annotation", page=PAGE, section="Annotations")
    async def list_annotations(self, asset_id: str) -> tuple[Annotation, ...]:
        """Get all annotations for an asset."""
        at = fill_path("/asset/{asset_id}/annotation", asset_id=asset_id)
        return await self._fetch_rows(Annotation, "list annotations", "GET", at)

    @endpoint("PUT", "/asset/{assetId}/annotation/{id}", page=PAGE, section="Annotations")
    async def update_annotation(self, asset_id: str, annotation_id: str, draft: AnnotationDraft) -> Annotation:
        """Put the draft in the annotation's place."""
        at = fill_path("/asset/{asset_id}/annotation/{annotation_id}", asset_id=asset_id, annotation_id=annotation_id)
        body = {"id": annotation_id, **draft.as_wire()}
        kept = {**body, "properties": draft.properties}
        return await self._ask_for_changed(Annotation, kept, "update annotation", "PUT", at, json=body)

    @endpoint("DELETE", "/asset/{assetId}/annotation/{id}", page=PAGE, section="Annotations")
    async def delete_annotation(self, asset_id: str, annotation_id: str) -> None:
        """Delete an annotation."""
        at = fill_path("/asset/{asset_id}/annotation/{annotation_id}", asset_id=asset_id, annotation_id=annotation_id)
        await self._require_success("delete annotation", "DELETE", at)

    @endpoint("POST", "/asset/{assetId}/annotation/import", page=PAGE, section="Annotations")
    async def import_annotations(self, asset_id: str, drafts: Sequence[AnnotationDraft]) -> None:
        """Bulk import multiple annotations."""
        at = fill_path("/asset/{asset_id}/annotation/import", asset_id=asset_id)
        await self._require_success("import annotations", "POST", at, json=[draft.as_wire() for draft in drafts])


class Transcripts(Resource):
    """Words and subtitles."""

    @endpoint("POST", "/asset/{assetId}/transcript/{transcriptId}", page=PAGE, section="Updating Transcription")
    async def update_transcript(self, asset_id: str, transcript_id: str, lines: Sequence[TranscriptLine]) -> None:
        """Update word-level transcription data, as the page spells it."""
        at = fill_path("/asset/{asset_id}/transcript/{transcript_id}", asset_id=asset_id, transcript_id=transcript_id)
        # The whole of it each time: what was put in twice is there once.
        await self._require_success(
            "update transcript", "POST", at, json=[line.as_wire() for line in lines], repeatable=True
        )

    @endpoint("POST", "/admin/asset/{assetId}/transcribe/{transcriptId}", page=WIRE, section="Asset management")
    async def transcribe(self, asset_id: str, transcript_id: str, cues: Sequence[TranscriptCue]) -> None:
        """The same, as a published client spells it."""
        at = fill_path(
            "/admin/asset/{asset_id}/transcribe/{transcript_id}", asset_id=asset_id, transcript_id=transcript_id
        )
        await self._require_success("transcribe", "POST", at, json=[cue.as_wire() for cue in cues], repeatable=True)

    @endpoint("GET", "/admin/asset/{id}/transcription-words", page=PAGE, section="Getting Transcription Words")
    async def get_transcription_words(self, asset_id: str) -> tuple[TranscriptionWord, ...]:
        """Word-level transcription with timings and confidence scores."""
        at = fill_path("/admin/asset/{asset_id}/transcription-words", asset_id=asset_id)
        return await self._fetch_rows(TranscriptionWord, "get transcription words", "GET", at)

    @endpoint("POST", "/asset/{id}/subtitle/{relatedAssetId}/export", page=PAGE, section="Exporting Subtitles")
    async def export_subtitle(
        self, asset_id: str, related_asset_id: str, form: SubtitleFormat, *, language_id: str | None = None
    ) -> bytes:
        """The subtitle as a file. `Invalid` when there is nothing to export (400) or not in this form (204)."""
        return await self._export(asset_id, related_asset_id, form.word, language_id)

    async def export_subtitle_by_number(
        self, asset_id: str, related_asset_id: str, form: SubtitleFormat, *, language_id: str | None = None
    ) -> bytes:
        """The same for servers that take the form's number (WIRE.md: 0 DocX, 1 Text, 2 SRT, 3 VTT)."""
        return await self._export(asset_id, related_asset_id, int(form), language_id)

    async def _export(self, asset_id: str, related_id: str, form: str | int, language_id: str | None) -> bytes:
        at = fill_path("/asset/{asset_id}/subtitle/{related_id}/export", asset_id=asset_id, related_id=related_id)
        body = ExportSubtitle(export_format=form, language_id=language_id).as_wire()
        # Exporting changes nothing, so it may be asked for again.
        return await self._send(_read_file, "export subtitle", "POST", at, json=body, repeatable=True)


def _read_file(reply: Reply) -> bytes:
    if reply.status == 204 or not reply.body:
        raise Invalid("This subtitle can't be exported in this form.", facts=reply.facts)
    return reply.body
