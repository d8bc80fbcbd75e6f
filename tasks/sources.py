"""The way to what a job names: saved credentials for its ``s3://`` addresses, where it names some."""

from __future__ import annotations

from polyreel.job import Job
from polyreel.objects.connection import Connection


async def connection_of(job: Job) -> Connection | None:
    """The connection that a job's sources ask for; None for the environment's. Raises `InvalidJob`."""
    if job.source.credentials is None:
        return None
    # Here, and not above: they bring every vendor's client along, a second that most runs would wait for nothing.
    from blocks import credentials
    from blocks.object_store import ObjectStoreCredentials

    block = await credentials.load(ObjectStoreCredentials.vendor, job.source.credentials)
    assert isinstance(block, ObjectStoreCredentials)  # noqa: S101 - it was asked for by its own kind
    return block.connection()
