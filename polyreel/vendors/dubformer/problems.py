"""Dubformer's refusals and failures in our words (page section "Errors")."""

from __future__ import annotations

from typing import Any

from polyreel.vendors.calls import ErrorBody, read_error_body
from polyreel.vendors.dubformer.models import Project
from polyreel.vendors.errors import CallError, Invalid, JobFailed, PaymentRequired, Unauthorized


class VideoInfoError(Invalid):
    """Dubformer can't make sense of the video at the address it was given."""

    default_code = "unsupported_media"
    default_remedy = "Check that the address is public and leads to a video file, or a YouTube video."


_KINDS: dict[str, type[CallError]] = {
    "ValidationError": Invalid,
    "PaymentRequiredError": PaymentRequired,
    "UnauthorizedError": Unauthorized,
    "VideoInfoError": VideoInfoError,
}


def read_error(status: int, body: Any) -> ErrorBody:
    """Read ``{"error": ..., "message": ...}``. A server error stays one, whatever it calls itself."""
    said = read_error_body(status, body)
    return ErrorBody(said.message, said.code, _KINDS.get(said.code) if status < 500 else None)


def project_failed(project_id: str, project: Project) -> JobFailed:
    """The error of a project whose status is `error`."""
    return JobFailed(
        f"Dubformer failed at project {project_id}: {project.error_message or 'it does not say why'}",
        vendor="dubformer",
        job_id=project_id,
        vendor_code="error",
        remedy="Look at the project at Dubformer. Its minutes were charged.",
    )
