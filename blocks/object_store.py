"""Credentials for an S3-compatible object store."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, HttpUrl, SecretStr

from blocks.base import AccountCredentials, clean_address
from polyreel.errors import VendorError
from polyreel.objects.bucket import Bucket
from polyreel.objects.connection import Connection, ObjectKeys
from polyreel.vendors.auth import require_key


class ObjectStoreCredentials(AccountCredentials):
    """One bucket of an S3-compatible object store (AWS, MinIO, R2, ...).

    Named by a job's ``source.credentials`` for ``s3://`` addresses, by deliveries and by staging ``to: s3``.
    `get_client` raises `InvalidJob` for keys that can't be any (empty, or with control characters).

        store = await ObjectStoreCredentials.aload("reels")
        bucket = Bucket(store.bucket, store.get_client(), VendorError)
    """

    vendor: ClassVar[str] = "s3"
    _block_type_name = "Object store credentials"
    _block_type_slug = "polyreel-object-store"
    _documentation_url = HttpUrl("https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html")

    access_key_id: str = Field(min_length=1, title="Access key", description="The id of the access key.")
    secret_access_key: SecretStr = Field(title="Secret key", description="The secret that belongs to it.")
    session_token: SecretStr | None = Field(
        default=None, title="Session token", description="Only for temporary keys: the token that came with them."
    )
    bucket: str = Field(min_length=1, title="Bucket", description="The bucket; it must exist.")
    region: str = Field(default="us-east-1", title="Region", description="The region that signatures are made for.")
    base_url: HttpUrl = Field(
        default=HttpUrl("https://s3.amazonaws.com"),
        title="Endpoint",
        description="The store's address, such as https://s3.eu-west-1.amazonaws.com or http://127.0.0.1:9000.",
    )

    def identify_account(self) -> str:
        """Its bucket: whoever writes, it is the same."""
        return self.bucket

    def get_client(self) -> Connection:
        """The way to this bucket, for ``s3://`` addresses in jobs and for deliveries."""
        return Connection(
            ObjectKeys(
                access_key_id=require_key(self.access_key_id),
                secret_access_key=require_key(self.secret_access_key.get_secret_value()),
                bucket=self.bucket,
                endpoint_url=clean_address(self.base_url),
                region=self.region,
                session_token=self._read_token(),
            )
        )

    def _read_token(self) -> str | None:
        return require_key(self.session_token.get_secret_value()) if self.session_token else None

    async def check(self) -> tuple[str, ...]:
        """Lists one object. Raises `VendorError`: a bucket that is missing, or keys that may not list it."""
        first = await Bucket(self.bucket, self.get_client(), VendorError).find_any_key()
        return (f"may list {self.bucket}", f"its first object is {first}" if first else "it is empty")
