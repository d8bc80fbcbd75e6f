"""What hangs on an asset is never put in the asset's place, whatever a server means by ``existingAssetId``."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import ValidationError

from polyreel.vendors import errors
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models_uploads import StartRelatedUpload

REQUEST = StartRelatedUpload(
    parent_asset_id="film", content_length=1, relative_path="a.srt", new_related_asset_metadata_type="Subtitle"
)


class Server:
    """Takes related uploads as its makers meant it, and notes what it was asked for."""

    def __init__(self, *, refusal: str = "", status: int = 400, replaces: bool = False) -> None:
        self.refusal, self.status, self.replaces = refusal, status, replaces
        self.bodies: list[dict[str, Any]] = []
        self.cancelled: list[str] = []

    async def __call__(self, seen: Any, writer: asyncio.StreamWriter) -> None:
        status, body = self._answer(seen)
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        await writer.drain()

    def _answer(self, seen: Any) -> tuple[int, Any]:
        if "login" in seen.target:
            return 200, {"token": "first"}
        if seen.target.endswith("/start-related-asset"):
            self.bodies.append(json.loads(seen.body))
            is_refused = self.refusal and "existingAssetId" not in self.bodies[-1]
            return (self.status, {"title": self.refusal}) if is_refused else (200, {"id": "u", "assetId": "film"})
        if seen.target.endswith("/cancel"):
            self.cancelled.append(seen.target)
            return 200, {}
        replaced = self.replaces and "existingAssetId" in self.bodies[-1]
        return 200, {"id": "film", "assetStatus": "Replacing" if replaced else "Available"}


async def test_the_owner_is_named_as_the_page_names_it_and_in_no_other_way(client: NomadClient, peer: Any) -> None:
    server = Server()
    peer.will(server)
    assert (await client.start_related_upload(REQUEST)).id == "u"
    (body,) = server.bodies
    assert body["parentAssetId"] == "film"
    assert "existingAssetId" not in body


async def test_a_server_that_asks_for_the_published_clients_name_gets_it(client: NomadClient, peer: Any) -> None:
    """Its own words say so: only then is it the owner there."""
    server = Server(refusal="The ExistingAssetId field is required.")
    peer.will(server)
    assert (await client.start_related_upload(REQUEST)).id == "u"
    assert [body.get("existingAssetId") for body in server.bodies] == [None, "film"]
    assert not server.cancelled


async def test_a_server_that_replaces_the_film_is_stopped_before_a_byte_is_sent(client: NomadClient, peer: Any) -> None:
    server = Server(refusal="existingAssetId is required", replaces=True)
    peer.will(server)
    with pytest.raises(errors.Malformed, match="replace the asset itself"):
        await client.start_related_upload(REQUEST)
    assert server.cancelled == ["/api/asset/upload/u/cancel"]


@pytest.mark.parametrize(("refusal", "status"), [("languageId is unknown", 400), ("existingAssetId", 404)])
async def test_any_other_refusal_is_told_and_nothing_more_is_tried(
    client: NomadClient, peer: Any, refusal: str, status: int
) -> None:
    server = Server(refusal=refusal, status=status)
    peer.will(server)
    with pytest.raises(errors.Refused):
        await client.start_related_upload(REQUEST)
    assert len(server.bodies) == 1


def test_the_owner_is_no_related_asset_of_its_own() -> None:
    with pytest.raises(ValidationError, match="owner"):
        StartRelatedUpload(parent_asset_id="a", related_asset_id="a", content_length=1, relative_path="a.srt")
