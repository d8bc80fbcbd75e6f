"""Panjaya's refusals and failures in our words (panjaya.md "Asset processing failures"; WIRE.md "Panjaya")."""

from __future__ import annotations

from typing import Any

from polyreel.vendors.calls import ErrorBody, read_error_body
from polyreel.vendors.errors import AccountLimit, JobFailed
from polyreel.vendors.panjaya.models import Asset, AssetErrorCode, Failure, Version

_REMEDIES = {
    AssetErrorCode.INVALID_INPUT: "Check the job's options against the media.",
    AssetErrorCode.UNSUPPORTED_MEDIA: "Give a file with a video track, for example H.264 in MP4.",
    AssetErrorCode.EMPTY_TRANSCRIPT: "Check that somebody speaks in the part of the reel that the job takes.",
    AssetErrorCode.MISSING_AUDIO_TRACK: "Give a reel with a sound track.",
    AssetErrorCode.VIDEO_DURATION_LIMIT_REACHED: "Trim the reel, or ask Panjaya to raise the account's limit.",
    AssetErrorCode.VIDEO_SIZE_LIMIT_REACHED: "Compress or trim the reel.",
    AssetErrorCode.TIME_OUT_OF_RANGE: "Let the trim's ends lie within the reel.",
    AssetErrorCode.UNKNOWN: "Look at the asset in Panjaya's studio.",
}


def read_error(status: int, body: Any) -> ErrorBody:
    """Read ``{"detail": ...}``; 403 means a limit of the account (WIRE.md)."""
    said = read_error_body(status, body)
    return ErrorBody(said.message, said.code, AccountLimit) if status == 403 else said


def asset_failed(asset: Asset) -> JobFailed:
    """The error of an asset that is `Failed`; its `code` is the vendor's documented word."""
    return _job_failed("asset", asset.asset_id, asset.error)


def version_failed(version: Version) -> JobFailed:
    """The error of a version that is `Failed`."""
    return _job_failed("version", version.version_id, version.error)


def not_generated(version: Version) -> JobFailed:
    """The error of asking for a result that is not there."""
    return JobFailed(
        f"Panjaya's version {version.version_id} has no result; it is {version.status.value}.",
        vendor="panjaya",
        job_id=version.version_id,
        remedy="Generate it in Panjaya's studio." if version.studio_url else "Wait until it is Completed.",
    )


def _job_failed(what: str, job_id: str, failure: Failure | None) -> JobFailed:
    failure = failure or Failure()
    said = failure.message or failure.code or "it does not say why"
    known = failure.kind is not AssetErrorCode.UNKNOWN
    return JobFailed(
        f"Panjaya failed at {what} {job_id}: {said}",
        vendor="panjaya",
        job_id=job_id,
        vendor_code=failure.code,
        code=failure.kind.value if known else None,
        remedy=_REMEDIES[failure.kind],
    )
