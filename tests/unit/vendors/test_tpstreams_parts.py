"""TPStreams' tokens, webhooks, checks and words."""

from __future__ import annotations

import asyncio
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.vendors import errors
from polyreel.vendors.tpstreams import checks
from polyreel.vendors.tpstreams.client import TPStreamsClient
from polyreel.vendors.tpstreams.models import Asset, CreateVideo, Status, TrimState, TrimStatus, UploadSession
from polyreel.vendors.tpstreams.resource import read_error
from polyreel.vendors.tpstreams.session import Account
from polyreel.vendors.tpstreams.tokens import FileTokens
from polyreel.vendors.tpstreams.webhooks import verify_webhook

ANA = Account("ana", "her-password", "org1")
BODY = json.dumps({"id": "abc", "title": "Reel", "video": {"status": "completed"}}).encode()


def test_a_kept_token_is_read_by_a_later_process_and_by_its_owner_only(tmp_path: Path) -> None:
    """One file per account, readable by nobody else."""
    FileTokens(tmp_path / "tokens").save_token("account", "t0ken")
    assert FileTokens(tmp_path / "tokens").load_token("account") == "t0ken"
    assert FileTokens(tmp_path / "tokens").load_token("another") == ""
    (file,) = (tmp_path / "tokens").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "tokens").stat().st_mode & 0o077 == 0
    FileTokens(tmp_path / "tokens").save_token("account", "")
    assert list((tmp_path / "tokens").iterdir()) == []


def test_a_damaged_token_file_is_as_good_as_none(tmp_path: Path) -> None:
    """The next call logs in again."""
    tokens = FileTokens(tmp_path)
    tokens.save_token("account", "t0ken")
    (file,) = tmp_path.iterdir()
    for damage in ("", "[]", '{"token": 5}', "\x00"):
        file.write_text(damage)
        assert tokens.load_token("account") == ""


async def test_a_second_run_does_not_log_in(peer: Any, make_answer: Any, tmp_path: Path) -> None:
    """The token of the first run's login opens the second run's call."""
    page = {"count": 0, "next": None, "previous": None, "results": []}
    peer.will(make_answer(200, {"token": "t1"}), make_answer(200, page))
    for _ in range(2):
        async with TPStreamsClient(ANA, tokens=FileTokens(tmp_path), base_url=peer.url) as client:
            assert [asset async for asset in client.list_assets()] == []
    assert [seen.target.split("?")[0] for seen in peer.seen] == [
        "/api/auth/login/",
        "/api/v1/org1/assets/",
        "/api/v1/org1/assets/",
    ]
    assert peer.seen[-1].headers["authorization"] == "Token t1"


async def test_a_wrong_password_does_not_go_in_by_the_right_ones_token(
    peer: Any, make_answer: Any, tmp_path: Path
) -> None:
    """The kept token belongs to the password that got it: the vendor is asked, and says no."""
    page = {"count": 0, "next": None, "previous": None, "results": []}
    wrong = make_answer(400, {"non_field_errors": ["Unable to log in with provided credentials."]})
    peer.will(make_answer(200, {"token": "t1"}), make_answer(200, page), wrong)
    async with TPStreamsClient(ANA, tokens=FileTokens(tmp_path), base_url=peer.url) as client:
        assert [asset async for asset in client.list_assets()] == []
    mistyped = Account("ana", "her-passwort", "org1")
    async with TPStreamsClient(mistyped, tokens=FileTokens(tmp_path), base_url=peer.url) as client:
        with pytest.raises(errors.Unauthorized):
            await client.get_asset("a")


async def test_a_refused_token_costs_one_login_and_is_replaced(peer: Any, make_answer: Any, tmp_path: Path) -> None:
    """401, login, once more; the new token is kept."""
    invalid = make_answer(401, {"detail": "Invalid token."})
    peer.will(invalid, make_answer(200, {"token": "t2"}), make_answer(200, {"id": "a"}))
    tokens = FileTokens(tmp_path)
    async with TPStreamsClient(ANA, tokens=tokens, base_url=peer.url) as client:
        tokens.save_token(client.auth.key, "t1")
        assert (await client.get_asset("a")).id == "a"
        assert tokens.load_token(client.auth.key) == "t2"


async def test_calls_that_are_refused_together_cost_one_login(peer: Any, make_answer: Any, tmp_path: Path) -> None:
    """An organisation has twenty tokens, and each login makes one."""
    page, both = {"count": 0, "next": None, "previous": None, "results": []}, asyncio.Barrier(2)

    async def vendor(seen: Any, writer: asyncio.StreamWriter) -> None:
        if seen.headers.get("authorization") == "Token old":
            await both.wait()
            writer.write(make_answer(401, {"detail": "Invalid token."}))
        else:
            writer.write(make_answer(200, {"token": "new"} if "login" in seen.target else page))
        await writer.drain()

    async def listed(client: TPStreamsClient) -> list[Asset]:
        return [asset async for asset in client.list_assets()]

    peer.will(vendor)
    async with TPStreamsClient(ANA, token="old", base_url=peer.url) as client:
        assert await asyncio.gather(listed(client), listed(client)) == [[], []]
    assert sum("login" in seen.target for seen in peer.seen) == 1


async def test_a_missing_right_is_no_reason_to_log_in(peer: Any, make_answer: Any) -> None:
    """403, such as for deleting an automatic subtitle, is about rights."""
    peer.will(make_answer(403, {"detail": "You do not have permission to perform this action."}))
    async with TPStreamsClient(ANA, token="t1", base_url=peer.url) as client:
        with pytest.raises(errors.Forbidden):
            await client.delete_subtitle("a", "5")
    assert len(peer.seen) == 1


async def test_a_next_link_to_another_origin_sees_no_token(peer: Any, stranger: Any, make_answer: Any) -> None:
    """Lists are followed; credentials are not carried along."""
    peer.will(make_answer(200, {"count": 2, "next": f"{stranger.url}/page2", "results": [{"id": "a"}]}))
    stranger.will(make_answer(200, {"count": 2, "next": None, "results": [{"id": "b"}]}))
    async with TPStreamsClient(ANA, token="t1", base_url=peer.url) as client:
        assert [asset.id async for asset in client.list_assets()] == ["a", "b"]
    assert "authorization" in peer.seen[0].headers
    assert "authorization" not in stranger.seen[0].headers


async def test_a_login_whose_answer_was_lost_is_not_repeated(peer: Any, make_answer: Any) -> None:
    """Each makes one of twenty tokens."""
    peer.will(make_answer(503, b""))
    async with TPStreamsClient(ANA, base_url=peer.url) as client:
        with pytest.raises(errors.ServerError):
            await client.login()
    assert len(peer.seen) == 1


def test_an_account_shows_no_password_and_wants_some_way_in() -> None:
    """A token, or user name and password."""
    assert "her-password" not in repr(ANA)
    with pytest.raises(InvalidJob):
        TPStreamsClient(Account("ana", "", "org1"))


async def test_paths_end_in_a_slash(peer: Any, make_answer: Any) -> None:
    """Without it, a POST is a 404."""
    peer.will(make_answer(200, {"id": "a", "detail": "ok", "message": "ok"}))
    async with TPStreamsClient(ANA, token="t1", base_url=peer.url) as client:
        await client.upload_video(CreateVideo.from_url("https://example.com/a.mp4"))
        await client.get_asset("a", expiry=300)
        await client.move_asset_to_root("a")
        await client.generate_subtitle("a")
        await client.revert_trim("a")
    assert [seen.target for seen in peer.seen] == [
        "/api/v1/org1/assets/videos/",
        "/api/v1/org1/assets/a/?expiry=300",
        "/api/v1/org1/assets/a/move/",
        "/api/v1/org1/assets/a/generate_subtitle/",
        "/api/v1/org1/assets/a/trim/revert/",
    ]
    assert peer.seen[2].body == b""


# -- webhooks


def test_a_delivery_with_the_secret_is_believed_as_a_hint() -> None:
    """In any case of the header."""
    assert verify_webhook(BODY, {"X-Streams-Token": "s3cret"}, "s3cret").ready


@pytest.mark.parametrize(
    ("headers", "secret", "body"),
    [
        ({}, "s3cret", BODY),
        ({"x-streams-token": "other"}, "s3cret", BODY),
        ({"x-streams-token": ""}, "", BODY),
        ({"x-streams-token": "s3crét"}, "s3cret", BODY),
        ({"x-streams-token": "s3cret"}, "s3cret", b"[]"),
        ({"x-streams-token": "s3cret"}, "s3cret", b"\xff"),
        ({"x-streams-token": "s3cret"}, "s3cret", b'{"id": "' + b"x" * (1 << 20) + b'"}'),
    ],
)
def test_a_forged_delivery_is_refused(headers: dict[str, str], secret: str, body: bytes) -> None:
    """No secret, another, none configured, or no asset in it; the secret stands in no error."""
    with pytest.raises(errors.ForgedCallback) as caught:
        verify_webhook(body, headers, secret)
    assert "s3cret" not in str(caught.value)


# -- words


@pytest.mark.parametrize("word", ["Not Started", "not started", "NOT_STARTED", "notStarted"])
def test_statuses_are_read_in_any_case(word: str) -> None:
    """As they are seen on the wire."""
    assert Asset.model_validate({"id": "a", "video": {"status": word}}).status is Status.NOT_STARTED


def test_an_unknown_status_is_neither_ready_nor_failed() -> None:
    """Nor is a folder, which has none."""
    for told in ({"id": "a", "video": {"status": "Resting"}}, {"id": "a", "video": None}):
        asset = Asset.model_validate(told)
        assert asset.status is Status.UNKNOWN
        assert not asset.ready


def test_a_trim_is_judged_by_its_words_not_its_number() -> None:
    """Only 1, Pending, is documented."""
    assert TrimStatus.model_validate({"id": 58, "status": 7, "status_display": "completed"}).state.succeeded
    assert TrimStatus.model_validate({"id": 58, "status": 1, "status_display": "Failed"}).state.failed
    assert TrimStatus.model_validate({"id": 58, "status": 1}).state is TrimState.UNKNOWN


@pytest.mark.parametrize(
    "told",
    [
        {"id": "s", "url": "https://s3/b", "fields": {"key": "k"}, "asset": {"id": "a"}},
        {"asset_id": "a", "upload": {"url": "https://s3/b", "fields": {"key": "k"}}},
        {"asset_id": "a", "upload_url": "https://s3/b", "upload_fields": {"key": "k"}},
    ],
)
def test_an_upload_s_form_is_found_where_it_stands(told: dict[str, Any]) -> None:
    """On top, or in an object of its own; it does not show."""
    session = UploadSession.model_validate(told)
    assert (session.asset_id, session.url, session.fields) == ("a", "https://s3/b", {"key": "k"})
    assert "s3/b" not in repr(session)


def test_the_vendor_s_ways_to_say_no_are_read() -> None:
    """A detail, fields, a bulk item, plain text."""
    assert read_error(401, {"detail": "Invalid token."}).message == "Invalid token."
    assert read_error(400, {"inputs": ["This field is required."]}).message == "inputs: This field is required."
    bulk = read_error(400, {"item_index": 3, "inputs": ["Enter a valid URL."]})
    assert (bulk.message, bulk.code) == ("Item 3: inputs: Enter a valid URL.", "item 3")
    assert "organisation" in read_error(404, None).message


@pytest.mark.parametrize("head", [b"WEBVTT", b"\xef\xbb\xbfWEBVTT\r\n", b"WEBVTT - a title\n\n", b"WEBVTT\tx\r"])
def test_webvtt_is_known_by_its_first_line(head: bytes) -> None:
    """As the W3C has it."""
    assert checks.require_webvtt(head, "x.vtt") == head


@pytest.mark.parametrize("head", [b"", b"webvtt\n", b"WEBVTTX\n", b" WEBVTT\n", b"1\n00:00:00,000 --> x"])
def test_what_only_looks_like_webvtt_is_not(head: bytes) -> None:
    """With the line, and what to do."""
    with pytest.raises(InvalidJob) as caught:
        checks.require_webvtt(head, "x.vtt")
    assert "subtitles convert" in caught.value.remedy


def test_locales_become_two_letters() -> None:
    """And what has none is unsupported, which pickles like every error."""
    assert [checks.language_code(tag) for tag in ("fr-FR", "pt-BR", "zh-Hans-CN", "de")] == ["fr", "pt", "zh", "de"]
    with pytest.raises(errors.UnsupportedLocale) as caught:
        checks.language_code("fil-PH")
    assert pickle.loads(pickle.dumps(caught.value)).locale == "fil-PH"


def test_a_file_above_the_form_s_limit_is_too_large(tmp_path: Path) -> None:
    """A sparse file of 5 GiB and a byte."""
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(5 * 1024**3 + 1)
    with pytest.raises(errors.TooLarge):
        checks.require_upload_size(large)
    with pytest.raises(InvalidJob):
        checks.require_upload_size(tmp_path / "absent.mp4")
