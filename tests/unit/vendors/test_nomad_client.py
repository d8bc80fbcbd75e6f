"""The asset manager's client against a small server of its own making, where everything can go wrong at will."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.vendors import errors
from polyreel.vendors.limits import Limits
from polyreel.vendors.nomad.client import NomadClient
from polyreel.vendors.nomad.models_uploads import Part, Slice
from polyreel.vendors.nomad.models_words import SubtitleFormat
from polyreel.vendors.nomad.multipart import PartBody
from polyreel.vendors.nomad.statuses import AssetStatus
from polyreel.vendors.waiting import Patience, StillWorking

Reply = bytes
Answer = Callable[..., Reply]


@dataclass
class Manager:
    """Logins, and one upload in parts of unequal length; told what to spoil."""

    url: str
    answer: Answer
    size: int = 0
    cuts: tuple[int, ...] = ()
    tokens: list[str] = field(default_factory=lambda: ["first"])
    good: set[str] = field(default_factory=lambda: {"first"})
    refusal: int = 401
    stored: dict[int, bytes] = field(default_factory=dict)
    etags: dict[int, str] = field(default_factory=dict)
    confirmed: dict[int, str] = field(default_factory=dict)
    heads: list[dict[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    signature: int = 0
    expire_once: set[int] = field(default_factory=set)
    spoil_once: set[int] = field(default_factory=set)
    plain: dict[str, Reply] = field(default_factory=dict)

    async def __call__(self, seen: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(self.reply(seen))
        await writer.drain()

    def reply(self, seen: Any) -> Reply:
        target = seen.target
        self.log.append(f"{seen.method} {target.split('?')[0]}")
        if target.startswith("/storage/"):
            return self.put(seen, int(re.findall(r"\d+", target)[0]), int(target.split("=")[1]))
        path = target.removeprefix("/api").split("?")[0]
        if path.startswith("/account/"):
            return self.account(path, json.loads(seen.body or b"{}"))
        if seen.headers.get("authorization", "").removeprefix("Bearer ") not in self.good:
            return self.answer(self.refusal, {"title": "token"})
        return self.asset(seen, path)

    def account(self, path: str, body: dict[str, str]) -> Reply:
        if path.endswith("login"):
            if body != {"userName": "ana", "password": "right-password"}:
                return self.answer(404, {"title": "Not Found"})
            return self.answer(200, {"Token": self.tokens[-1], "RefreshToken": "again", "ExpirationSeconds": 60})
        if path.endswith("refresh-token"):
            if body != {"refreshToken": "again"} or len(self.tokens) < 2:
                return self.answer(404, {"title": "Not Found"})
            return self.answer(200, {"token": self.tokens[-1]})
        return self.answer(200)

    def asset(self, seen: Any, path: str) -> Reply:
        if path in self.plain:
            return self.plain[path]
        if path.endswith("/upload/start") or re.fullmatch(r"/admin/asset/upload/u", path):
            return self.answer(200, self.upload())
        if found := re.fullmatch(r"/asset/upload/part/p(\d+)/complete", path):
            self.confirmed[int(found[1])] = json.loads(seen.body)["etag"]
            return self.answer(200)
        if path == "/asset/upload/u/complete":
            return self.answer(200)
        return self.answer(404, {"title": "Not Found"})

    def upload(self) -> dict[str, Any]:
        self.signature += 1
        ends = [*self.cuts, self.size]
        starts = [0, *self.cuts]
        parts = [
            {
                "id": f"p{number}",
                "partNumber": number,
                "url": f"{self.url}/storage/{number}?signature={self.signature}",
                "startingPosition": start,
                "endingPosition": end - 1,
                "isCompleted": number in self.confirmed,
            }
            for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1)
        ]
        return {"id": "u", "assetId": "a", "parts": parts[::-1]}

    def put(self, seen: Any, number: int, signature: int) -> Reply:
        self.heads.append(seen.headers)
        if number in self.expire_once:
            self.expire_once.remove(number)
            return self.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        data = seen.body
        if number in self.spoil_once:
            self.spoil_once.remove(number)
            data = b"other" + data[5:]
        self.stored[number] = data
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        return self.answer(200, b"", ETag=etag)


@pytest.fixture
def manager(peer: Any, make_answer: Answer) -> Manager:
    """The server; its logins give the token `first`."""
    made = Manager(peer.url, make_answer)
    peer.will(made)
    return made


@pytest.fixture
def client(manager: Manager) -> NomadClient:
    """Logs in as ana."""
    return NomadClient.with_login(manager.url, "ana", "right-password")


@pytest.fixture
def file(tmp_path: Path, manager: Manager) -> Path:
    """A file that the server wants in four unequal parts."""
    data = bytes(range(256)) * 4000
    made = tmp_path / "film.mp4"
    made.write_bytes(data)
    manager.size, manager.cuts = len(data), (100_000, 100_001, 700_000)
    return made


def _whole(manager: Manager) -> bytes:
    return b"".join(manager.stored[number] for number in sorted(manager.stored))


# -- logging in


@pytest.mark.parametrize("refusal", [401, 403])
async def test_an_expired_token_is_refreshed_once(client: NomadClient, manager: Manager, refusal: int) -> None:
    """Whether the vendor says 401 or 403; many calls at once need one refresh."""
    manager.refusal = refusal
    manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a"})
    await client.get_asset("a")
    manager.tokens.append("second")
    manager.good = {"second"}
    await asyncio.gather(*(client.get_asset("a") for _ in range(5)))
    assert manager.log.count("POST /api/account/login") == 1
    assert manager.log.count("POST /api/account/refresh-token") == 1


async def test_what_is_refused_after_the_refresh_is_refused(client: NomadClient, manager: Manager) -> None:
    """One refresh, then the vendor's answer."""
    manager.refusal, manager.good = 403, set()
    manager.tokens.append("second")
    with pytest.raises(errors.Forbidden):
        await client.get_asset("a")
    assert manager.log.count("GET /api/admin/asset/a") == 2


async def test_an_expired_refresh_token_leads_to_a_new_login(client: NomadClient, manager: Manager) -> None:
    """404 for the refresh, and the password still works."""
    manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a"})
    await client.login()
    manager.good = {"third"}
    manager.tokens[:] = ["third"]
    assert (await client.get_asset("a")).id == "a"
    assert manager.log.count("POST /api/account/login") == 2


async def test_a_wrong_password_is_unauthorized(manager: Manager) -> None:
    """404 at the vendor."""
    async with NomadClient.with_login(manager.url, "ana", "wrong-password") as client:
        with pytest.raises(errors.Unauthorized):
            await client.login()


async def test_an_api_key_is_not_renewed_and_has_no_session(manager: Manager) -> None:
    """There is nothing to log in or out of."""
    async with NomadClient.with_api_key(manager.url, "the-key") as client:
        with pytest.raises(errors.Unauthorized):
            await client.get_asset("a")
        with pytest.raises(InvalidJob, match="API key"):
            await client.logout()
    assert manager.log == ["GET /api/admin/asset/a"]


def test_empty_credentials_are_found_at_once() -> None:
    """Before any call."""
    with pytest.raises(InvalidJob):
        NomadClient.with_login("http://127.0.0.1:9", "", "x")
    with pytest.raises(InvalidJob):
        NomadClient.with_api_key("http://127.0.0.1:9", " ")


async def test_an_id_can_not_lead_elsewhere(client: NomadClient, manager: Manager) -> None:
    """It is quoted, and an empty one is refused."""
    with pytest.raises(errors.NotFound):
        await client.get_asset("../queue?x=1#y")
    assert manager.log[-1] == "GET /api/admin/asset/..%2Fqueue%3Fx%3D1%23y"
    for nothing in ("", " ", ".."):
        with pytest.raises(InvalidJob):
            await client.get_asset(nothing)


# -- uploads


async def test_the_server_s_parts_arrive_whole_and_in_order(client: NomadClient, manager: Manager, file: Path) -> None:
    """Unequal parts, side by side, each by its own handle; ETags go back with their quotes."""
    done = await client.upload(file)
    assert _whole(manager) == file.read_bytes()
    assert done.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert set(manager.confirmed) == {1, 2, 3, 4}
    assert all(etag.startswith('"') and etag.endswith('"') for etag in manager.confirmed.values())
    assert manager.log[-1] == "POST /api/asset/upload/u/complete"


async def test_parts_carry_a_length_and_no_credentials(client: NomadClient, manager: Manager, file: Path) -> None:
    """Though the storage shares the vendor's origin here."""
    await client.upload(file)
    assert len(manager.heads) == 4
    for head in manager.heads:
        assert "authorization" not in head
        assert "content-type" not in head
        assert int(head["content-length"]) > 0
        assert "transfer-encoding" not in head


async def test_the_account_s_limits_do_not_hold_up_a_part(manager: Manager, file: Path) -> None:
    """It goes to a storage: even with no call's place left."""
    client = NomadClient.with_login(manager.url, "ana", "right-password", limits=Limits(at_once=1))
    async with client, client.transport.gate.passage():
        part = Part(id="p1", url=f"{manager.url}/storage/1?signature=1", part_number=1)
        assert await client.upload_part(part, PartBody(Slice(part=part, start=0, length=5), file))


async def test_a_part_s_expired_address_is_asked_for_again(client: NomadClient, manager: Manager, file: Path) -> None:
    """And only that part goes out again."""
    manager.expire_once = {2, 3}
    await client.upload(file)
    assert _whole(manager) == file.read_bytes()
    assert len(manager.heads) == 6
    assert "GET /api/admin/asset/upload/u" in manager.log


async def test_a_part_that_arrived_with_other_bytes_goes_out_again(
    client: NomadClient, manager: Manager, file: Path
) -> None:
    """The ETag tells: it is confirmed only when it is ours."""
    manager.spoil_once = {3}
    await client.upload(file)
    assert _whole(manager) == file.read_bytes()
    assert manager.confirmed[3].strip('"') == hashlib.md5(manager.stored[3]).hexdigest()


async def test_only_the_missing_parts_are_resumed(client: NomadClient, manager: Manager, file: Path) -> None:
    """From the upload's id alone; progress begins where it stopped."""
    manager.confirmed = {1: '"x"', 4: '"y"'}
    told: list[tuple[int, int]] = []
    await client.resume_upload("u", file, tell=lambda done, total: told.append((done, total)))
    assert set(manager.stored) == {2, 3}
    assert told[-1] == (manager.size, manager.size)


async def test_parts_that_leave_a_gap_are_not_sent(client: NomadClient, manager: Manager, file: Path) -> None:
    """Nobody could say what was uploaded."""
    manager.size += 1
    with pytest.raises(errors.Malformed, match="bytes"):
        await client.upload(file)
    assert manager.stored == {}


async def test_a_file_that_changes_while_it_is_uploaded_is_not_completed(
    client: NomadClient, manager: Manager, file: Path
) -> None:
    """Its parts would be of two files."""

    def change(done: int, total: int) -> None:
        if done < total:
            file.write_bytes(file.read_bytes()[::-1])

    with pytest.raises(errors.Damaged):
        await client.upload(file, tell=change)
    assert "POST /api/asset/upload/u/complete" not in manager.log


async def test_a_failed_upload_says_how_to_go_on(client: NomadClient, manager: Manager, file: Path) -> None:
    """Its id stands in the remedy; the cause keeps its type."""
    manager.plain["/asset/upload/u/complete"] = manager.answer(400, {"detail": "a part is missing"})
    with pytest.raises(errors.Invalid) as caught:
        await client.upload(file)
    assert "Upload u stays open" in caught.value.remedy


async def test_a_file_that_is_not_there_is_found_before_anything_is_sent(client: NomadClient, tmp_path: Path) -> None:
    """A person's mistake, not the vendor's."""
    with pytest.raises(InvalidJob):
        await client.upload(tmp_path / "absent.mp4")


# -- waiting, and answers that are none


async def test_waiting_goes_on_through_statuses_nobody_documented(client: NomadClient, peer: Any) -> None:
    """And ends when the asset is usable."""
    statuses = [21, "Registering", 99, "Daydreaming", "restored"]

    async def script(seen: Any, writer: asyncio.StreamWriter) -> None:
        body = {"token": "first"} if "login" in seen.target else {"id": "a", "assetStatus": statuses.pop(0)}
        data = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(data) + data)
        await writer.drain()

    peer.will(script)
    assert (await client.wait_until_usable("a")).status is AssetStatus.RESTORED


@pytest.mark.parametrize("status", ["Error", "Archived", "Deleting"])
async def test_waiting_ends_where_nothing_will_come(client: NomadClient, manager: Manager, status: str) -> None:
    """With the vendor's word."""
    manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a", "status": status, "errorMessage": "no codec"})
    with pytest.raises(errors.JobFailed) as caught:
        await client.wait_until_usable("a")
    assert caught.value.vendor_code == status
    assert "no codec" in str(caught.value)


async def test_waiting_is_not_for_ever(client: NomadClient, manager: Manager) -> None:
    """Nothing is lost: look again later."""
    manager.plain["/admin/asset/a"] = manager.answer(200, {"id": "a", "status": "Creating"})
    with pytest.raises(StillWorking):
        await client.wait_until_usable("a", Patience(first=1, total=0))


@pytest.mark.parametrize("body", [b"<html>", b'{"name": "no id"}', b"[1]", b"null"])
async def test_a_malformed_answer_is_said_to_be_one(client: NomadClient, manager: Manager, body: bytes) -> None:
    """Whatever it is."""
    manager.plain["/admin/asset/a"] = manager.answer(200, body)
    with pytest.raises(errors.Malformed):
        await client.get_asset("a")


async def test_a_list_that_is_none_is_malformed_and_an_empty_answer_is_empty(
    client: NomadClient, manager: Manager
) -> None:
    """A silent loss would look like *no annotations*."""
    manager.plain["/asset/a/annotation"] = manager.answer(200, {"message": "try later"})
    with pytest.raises(errors.Malformed):
        await client.list_annotations("a")
    manager.plain["/asset/a/annotation"] = manager.answer(200, b"")
    assert await client.list_annotations("a") == ()


async def test_a_subtitle_form_that_is_not_supported_is_invalid(client: NomadClient, manager: Manager) -> None:
    """204 at the vendor; nothing to export is 400."""
    at = "/asset/a/subtitle/s/export"
    for status in (204, 400):
        manager.plain[at] = manager.answer(status, b"")
        with pytest.raises(errors.Invalid):
            await client.export_subtitle("a", "s", SubtitleFormat.DOCX)


@pytest.mark.parametrize(
    "body",
    [
        {"cookies": {"CloudFront-Policy": "p1"}, "url": "u"},
        {"Cookies": [{"Name": "CloudFront-Policy", "Value": "p1"}]},
        {"cookies": ["CloudFront-Policy=p1; Path=/; Secure"]},
        {"CloudFront-Policy": "p1", "expires": "soon"},
        ["CloudFront-Policy=p1"],
    ],
)
async def test_streaming_cookies_are_read_from_header_and_body(
    client: NomadClient, manager: Manager, body: object
) -> None:
    """In every form seen; the header's win."""
    at = "/admin/asset/a/set-cookies/r"
    manager.plain[at] = manager.answer(200, body, Set_Cookie="CloudFront-Signature=s1; Path=/; HttpOnly")
    cookies = await client.get_streaming_cookies("a", "r")
    assert cookies.cookies == {"CloudFront-Policy": "p1", "CloudFront-Signature": "s1"}
    assert "p1" not in repr(cookies)


@pytest.mark.parametrize(
    "body", [b'"https://cdn/x?sig=1"', b"https://cdn/x?sig=1", b'{"fullUrl":"https://cdn/x?sig=1"}']
)
async def test_a_resolved_address_is_read_from_text_and_json(
    client: NomadClient, manager: Manager, body: bytes
) -> None:
    """The page doesn't say which."""
    manager.plain["/admin/asset/a/resolve-full-url"] = manager.answer(200, body)
    assert await client.resolve_full_url("a", "x") == "https://cdn/x?sig=1"


async def test_ads_are_asked_for_without_credentials(client: NomadClient, manager: Manager) -> None:
    """They are public; what is no XML is malformed."""
    manager.good = {""}
    manager.plain["/ads/vmap/a"] = manager.answer(200, b"\xef\xbb\xbf<?xml version='1.0'?><vmap:VMAP/>")
    assert "VMAP" in await client.get_vmap("a")
    manager.plain["/ads/vmap/a"] = manager.answer(200, b"not found")
    with pytest.raises(errors.Malformed):
        await client.get_vmap("a")


async def test_the_bytes_kept_are_held_against_the_bytes_sent(
    client: NomadClient, manager: Manager, file: Path
) -> None:
    """A multipart ETag proves them, another contradicts them, one of another kind says nothing."""
    done = await client.upload(file)

    def kept(**facts: object) -> None:
        manager.plain["/admin/asset/a/detail"] = manager.answer(200, {"id": "a", **facts})

    kept(contentLength=done.bytes, eTag=f'"{done.etag}"')
    assert await client.check_uploaded(done) is True
    kept(contentLength=done.bytes, eTag="opaque")
    assert await client.check_uploaded(done) is False
    for wrong in ({"contentLength": done.bytes + 1}, {"eTag": f"{'0' * 32}-4"}):
        kept(**wrong)
        with pytest.raises(errors.Damaged):
            await client.check_uploaded(done)
