"""Nomad's paths: with and without ``/api`` in front, under ``/admin/asset`` and ``/asset`` alike."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from polyreel.sandbox.box import Vendor
from polyreel.sandbox.nomad import access, assets, batch, notes, outlets, shapes, uploads
from polyreel.sandbox.nomad.access import Endpoint, with_token
from polyreel.sandbox.nomad.work import STEPS

_PUBLIC: list[tuple[str, str, Endpoint]] = [
    ("POST", "/account/login", access.log_in),
    ("POST", "/account/refresh-token", access.refresh_tokens),
    ("GET", "/ads/vmap/{asset_id}", outlets.make_vmap),
    ("GET", "/ads/vast", outlets.make_vast),
    ("GET", "/ads/impression", outlets.record_impression),
    ("GET", "/shared/{share_id}", outlets.serve_share),
]
_PLAIN: list[tuple[str, str, Endpoint]] = [
    ("POST", "/account/logout", access.log_out),
    ("POST", "/asset-queue", outlets.queue_add),
    ("GET", "/asset-queue", outlets.queue_list),
    ("PATCH", "/asset-queue", outlets.queue_change),
    ("DELETE", "/asset-queue", outlets.queue_remove),
]
# Below /admin/asset and /asset.
_ASSET: list[tuple[str, str, Endpoint]] = [
    ("POST", "/upload/start", uploads.start_upload),
    ("POST", "/upload/start-related-asset", uploads.start_related),
    ("POST", "/upload/part/{part_id}/complete", uploads.complete_part),
    ("POST", "/upload/{upload_id}/complete", uploads.complete_upload),
    ("POST", "/upload/{upload_id}/cancel", uploads.cancel_upload),
    ("GET", "/upload/{upload_id}", uploads.get_upload),
    ("GET", "/upload", uploads.list_uploads),
    ("POST", "/register", assets.register_asset),
    ("POST", "/download-archive", outlets.download_archive),
    ("POST", "/local-restore", assets.local_restore),
    ("GET", "/tracking", outlets.record_event),
    ("GET", "", assets.find_asset),
    ("POST", "/{action}", batch.run_batch),
    ("POST", "//{action}", batch.run_batch),
    ("GET", "/{asset_id}", assets.get_asset),
    ("PATCH", "/{asset_id}", assets.patch_asset),
    ("DELETE", "/{asset_id}", assets.delete_asset),
    ("GET", "/{asset_id}/detail", assets.get_detail),
    ("GET", "/{asset_id}/parent-folders", assets.get_parents),
    ("GET", "/{asset_id}/getAssetChildNodes", assets.get_children),
    ("GET", "/{asset_id}/job-history", assets.get_history),
    ("GET", "/{asset_id}/metadata-summary", assets.get_summary),
    ("GET", "/{asset_id}/transcription-words", notes.transcription_words),
    ("GET", "/{asset_id}/resolve-full-url", outlets.resolve_url),
    ("POST", "/{asset_id}/create-folder", assets.create_folder),
    ("POST", "/{asset_id}/create-placeholder", assets.create_placeholder),
    ("POST", "/{asset_id}/language", assets.change_language),
    ("POST", "/{asset_id}/clip", assets.make_clip),
    ("POST", "/{asset_id}/screenshot", assets.take_screenshot),
    ("POST", "/{asset_id}/archive", assets.archive_asset),
    ("POST", "/{asset_id}/restore", assets.restore_asset),
    ("POST", "/{asset_id}/localRestore", assets.local_restore),
    ("POST", "/{asset_id}/share", outlets.share_asset),
    ("POST", "/{asset_id}/generate-image", outlets.generate_image),
    ("GET", "/{asset_id}/annotation", notes.list_annotations),
    ("POST", "/{asset_id}/annotation", notes.create_annotation),
    ("POST", "/{asset_id}/annotation/import", notes.import_annotations),
    ("PUT", "/{asset_id}/annotation/{item_id}", notes.update_annotation),
    ("DELETE", "/{asset_id}/annotation/{item_id}", notes.delete_annotation),
    ("GET", "/{asset_id}/adbreak", notes.list_adbreaks),
    ("POST", "/{asset_id}/adbreak", notes.create_adbreak),
    ("PUT", "/{asset_id}/adbreak/{item_id}", notes.update_adbreak),
    ("DELETE", "/{asset_id}/adbreak/{item_id}", notes.delete_adbreak),
    ("POST", "/{asset_id}/transcript/{item_id}", notes.update_transcript),
    ("POST", "/{asset_id}/transcribe/{item_id}", notes.update_transcript),
    ("POST", "/{asset_id}/subtitle/{related_id}/export", notes.export_subtitle),
    ("POST", "/{asset_id}/assign-person/{face_id}/{person_id}", notes.assign_person),
    ("POST", "/{asset_id}/remove-person/{face_id}", notes.remove_person),
    ("GET", "/{asset_id}/set-cookies/{related_id}", outlets.set_cookies),
    ("GET", "/{asset_id}/{segment_id}/detail", assets.get_segment),
    ("GET", "/{asset_id}/{segment_id}/{screenshot_id}/detail", assets.get_screenshot),
    ("POST", "/{asset_id}/{action}", batch.run_one),
]


def _list_routes() -> list[BaseRoute]:
    guarded = [(method, path, with_token(endpoint)) for method, path, endpoint in _PLAIN]
    guarded += [
        (method, base + path, with_token(endpoint))
        for base in ("/admin/asset", "/asset")
        for method, path, endpoint in _ASSET
    ]
    return [
        Route(prefix + path, endpoint, methods=[method])
        for prefix in ("", "/api")
        for method, path, endpoint in (*_PUBLIC, *guarded)
    ]


def make_vendor() -> Vendor:
    """Nomad's API."""
    return Vendor(name=shapes.NAME, routes=_list_routes(), refuse=shapes.render_refusal, steps=STEPS)
