"""The way to what a job names: saved credentials for its ``s3://`` addresses, where it names some."""

from __future__ import annotations

from blocks import credentials
from blocks.object_store import ObjectStoreCredentials
from polyreel.job import Job
from polyreel.objects.connection import Connection


async def connection_of(job: Job) -> Connection | None:
    """The connection that a job's sources ask for; None for the environment's. Raises `InvalidJob`."""
    if job.source.credentials is None:
        return None
    block = await credentials.load(ObjectStoreCredentials.vendor, job.source.credentials)
    assert isinstance(block, ObjectStoreCredentials)  # noqa: S101 - it was asked for by its own kind
    return block.connection()
