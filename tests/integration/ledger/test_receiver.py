"""The receiver: a genuine callback pokes its account's watcher; any other is counted, and costs nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deployments.server.callbacks import LARGEST_BODY, MOST_LINES, make_application, make_protocol
from polyreel.errors import InvalidJob, LedgerError
from polyreel.ledger import steps
from polyreel.ledger.entry import Receipt, State, Subject
from polyreel.ledger.receiver import Receiver, Verdict, callback_address, check_public_address
from polyreel.ledger.rows import Filter, Rows
from polyreel.ledger.testing import MemoryRows
from polyreel.vendors.callbacks import CallbackVerifier

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
ACCOUNT = "https://api.panjaya.ai#3f2a90bc11de"
READY = {"event": "version_ready", "asset_id": "asset-1", "version_id": "version-1", "locale": "fr-FR"}


def buy(rows: Rows, key: str, vendor_id: str, provider: str = "panjaya", account: str = ACCOUNT) -> None:
    rows.change(
        key, steps.record_receipt(key, Subject(kind="dub", provider=provider, account=account), Receipt(id=vendor_id))
    )


def signed(body: bytes, key: ec.EllipticCurvePrivateKey = KEY) -> dict[str, str]:
    return {"X-Signature": base64.b64encode(key.sign(body, ec.ECDSA(hashes.SHA256()))).decode()}


@pytest.fixture
def receiver(rows: Rows) -> Receiver:
    return Receiver(rows, CallbackVerifier(PUBLIC, "hush"), clock=lambda: 0.0)


def was_poked(rows: Rows, account: str = ACCOUNT) -> bool:
    return account in rows.find_pokes(frozenset({account}))


async def test_a_genuine_callback_pokes_its_account(receiver: Receiver, rows: Rows) -> None:
    buy(rows, "k", "version-1")
    body = json.dumps(READY).encode()
    assert await receiver.receive("panjaya", body, signed(body)) is Verdict.HINT
    assert was_poked(rows)
    row = rows.get("k")
    assert row is not None
    assert row.state is State.SUBMITTED  # what a callback says is not believed: the watcher looks
    assert receiver.counts == {("panjaya", Verdict.HINT): 1}


async def test_a_callback_of_an_asset_is_of_all_its_languages(receiver: Receiver, rows: Rows) -> None:
    rows.change(
        "asset",
        steps.record_receipt(
            "asset",
            Subject(kind="asset", provider="panjaya", account=ACCOUNT),
            Receipt(id="asset-1", state=State.COLLECTED),
        ),
    )
    subject = Subject(kind="dub", provider="panjaya", account=ACCOUNT)
    rows.change("dub", steps.record_receipt("dub", subject, Receipt(id="version-2", details={"asset_id": "asset-1"})))
    body = json.dumps({"event": "asset_failed", "asset_id": "asset-1"}).encode()
    assert await receiver.receive("panjaya", body, signed(body)) is Verdict.HINT
    row = rows.get("dub")
    assert row is not None
    assert row.due_at > 0


async def test_the_same_words_again_say_nothing_new_for_a_minute(rows: Rows) -> None:
    buy(rows, "k", "version-1")
    now = 0.0
    receiver = Receiver(rows, CallbackVerifier(PUBLIC), clock=lambda: now)
    body = json.dumps(READY).encode()
    verdicts = [await receiver.receive("panjaya", body, signed(body)) for _ in range(3)]
    now = 61.0
    verdicts.append(await receiver.receive("panjaya", body, signed(body)))
    assert verdicts == [Verdict.HINT, Verdict.DOUBLED, Verdict.DOUBLED, Verdict.HINT]


async def test_what_is_over_is_stale_and_what_nobody_bought_is_foreign(receiver: Receiver, rows: Rows) -> None:
    buy(rows, "k", "version-1")
    rows.change("k", steps.advance_row(State.COLLECTED))
    body = json.dumps(READY).encode()
    assert await receiver.receive("panjaya", body, signed(body)) is Verdict.STALE
    body = json.dumps({**READY, "asset_id": "theirs", "version_id": "theirs"}).encode()
    assert await receiver.receive("panjaya", body, signed(body)) is Verdict.FOREIGN
    assert not was_poked(rows)


def _changed(body: bytes) -> tuple[bytes, dict[str, str]]:
    return body.replace(b"version-1", b"version-2"), signed(body)


FORGERIES: dict[str, Callable[[bytes], tuple[bytes, dict[str, str]]]] = {
    "unsigned": lambda body: (body, {}),
    "another key": lambda body: (body, signed(body, ec.generate_private_key(ec.SECP256R1()))),
    "changed": _changed,
    "another algorithm": lambda body: (body, {**signed(body), "X-Signature-Algorithm": "none"}),
    "nonsense": lambda body: (b"{", signed(b"{")),
    "a token instead": lambda body: (body, {"x-streams-token": "hush"}),
    "too long a signature": lambda body: (body, {"X-Signature": "a" * 100_000}),
}


@pytest.mark.parametrize("how", FORGERIES)
async def test_a_forged_one_is_counted_and_harmless(receiver: Receiver, rows: Rows, how: str) -> None:
    buy(rows, "k", "version-1")
    body, headers = FORGERIES[how](json.dumps(READY).encode())
    assert await receiver.receive("panjaya", body, headers) is Verdict.FORGED
    assert not was_poked(rows)
    assert receiver.counts == {("panjaya", Verdict.FORGED): 1}


async def test_tpstreams_is_known_by_its_token_and_asks_for_one(rows: Rows) -> None:
    account = "https://app.tpstreams.com#0a"
    buy(rows, "k", "Aqx3", "tpstreams", account)
    body = json.dumps({"id": "Aqx3", "title": "a"}).encode()
    receiver = Receiver(rows, CallbackVerifier(PUBLIC, "hush"))
    assert await receiver.receive("tpstreams", body, {"x-streams-token": "hash"}) is Verdict.FORGED
    assert await receiver.receive("tpstreams", body, {"X-Streams-Token": "hush"}) is Verdict.HINT
    assert was_poked(rows, account)
    without = Receiver(rows, CallbackVerifier(PUBLIC))
    assert await without.receive("tpstreams", body, {"x-streams-token": ""}) is Verdict.FORGED


async def test_one_vendor_can_not_speak_of_anothers_jobs(receiver: Receiver, rows: Rows) -> None:
    buy(rows, "k", "Aqx3", "panjaya")
    body = json.dumps({"id": "Aqx3", "title": "a"}).encode()
    assert await receiver.receive("tpstreams", body, {"x-streams-token": "hush"}) is Verdict.FOREIGN
    assert not was_poked(rows)


class Away(MemoryRows):
    """A ledger that does not answer."""

    def select(self, wanted: Filter) -> Any:
        raise LedgerError("away")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/panjaya", json.dumps(READY).encode(), 202), ("/behind/a/proxy/panjaya/", json.dumps(READY).encode(), 202),
        ("/dubformer", b"{}", 404), ("/", b"", 404), ("/panjaya", b"x" * (LARGEST_BODY + 1), 413),
        ("/panjaya", b"", 403),
    ],
    ids=range(6),
)  # fmt: skip
async def test_over_http_each_gets_its_answer(path: str, body: bytes, status: int) -> None:
    rows = MemoryRows()
    buy(rows, "k", "version-1")
    app = make_application(Receiver(rows, CallbackVerifier(PUBLIC)))
    headers = signed(body) if body else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://callbacks") as client:
        assert (await client.post(path, content=body, headers=headers)).status_code == status
        assert (await client.get(path)).status_code in (404, 405)


async def test_while_the_ledger_is_away_a_callback_may_come_again() -> None:
    app = make_application(Receiver(Away(), CallbackVerifier(PUBLIC)))
    body = json.dumps(READY).encode()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://callbacks") as client:
        for _ in range(2):
            assert (await client.post("/panjaya", content=body, headers=signed(body))).status_code == 503


async def test_strangers_that_say_half_a_request_are_cut_off_and_keep_nobody_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rows = MemoryRows()
    buy(rows, "k", "version-1")
    app = make_application(Receiver(rows, CallbackVerifier(PUBLIC)))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", http=make_protocol(head_seconds=0.2)))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    port = listening.getsockname()[1]
    head = b"POST /panjaya HTTP/1.1\r\nHost: x\r\n"
    for said in (b"", head, head + b"Content-Length: 2\r\n\r\n{}" + head):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        heard = await asyncio.wait_for(reader.read(), timeout=5)
        assert heard.count(b"403") == said.count(b"{}")
        writer.close()
    # One that hangs up in the middle of its body leaves no traceback in the log.
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"Content-Length: 99\r\n\r\n{")
    await writer.drain()
    writer.close()
    body = json.dumps(READY).encode()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert (await client.post("/panjaya", content=body, headers=signed(body))).status_code == 202
    server.should_exit = True
    await serving
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_flood_of_forged_ones_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    app = make_application(Receiver(MemoryRows(), CallbackVerifier(PUBLIC)))
    caplog.set_level(logging.INFO, "polyreel.callbacks")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://callbacks") as client:
        for _ in range(2 * MOST_LINES + 1):
            await client.post("/panjaya", content=b"{}")
    lines = [record.getMessage() for record in caplog.records if record.name == "polyreel.callbacks"]
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "a callback of panjaya: forged (200 so far)"


def test_a_vendor_is_told_the_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYREEL_CALLBACKS_URL", raising=False)
    assert callback_address("panjaya") is None
    monkeypatch.setenv("POLYREEL_CALLBACKS_URL", check_public_address("https://polyreel.example.com/callbacks/"))
    assert callback_address("panjaya") == "https://polyreel.example.com/callbacks/panjaya"
    assert callback_address("dubformer") is None  # it never calls back


@pytest.mark.parametrize(
    "url", ["", "polyreel.example.com", "ftp://a.b/c", "https://", "https://a:b@c.d/", "https://a/?b=c", "http://[x"]
)
def test_an_address_that_no_vendor_can_call_is_refused(url: str) -> None:
    with pytest.raises(InvalidJob, match="no address that a vendor can call"):
        check_public_address(url)
