"""One bucket over real sockets: what comes back, what is refused, and with which words."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import FetchError, InvalidJob
from polyreel.objects.address import object_address, prefix_address
from polyreel.objects.bucket import MOST_PIECES, PIECE, Bucket, choose_piece
from polyreel.objects.connection import Connection, ObjectKeys, Patience
from polyreel.objects.problems import Changed, Taken

QUICK = Patience(connect_seconds=2, stall_seconds=5, attempts=2, backoff_seconds=0.01, longest_wait_seconds=0.01)


@pytest.fixture
def ours(bucket: Any) -> Bucket:
    return Bucket(bucket.name, Connection(patience=QUICK), FetchError)


class TestAddresses:
    def test_a_key_is_taken_letter_by_letter(self) -> None:
        """Nothing in it is escaped, cut off or resolved."""
        found = object_address("s3://films/a b/ü%20?#+.mp4")
        assert (found.bucket, found.key, found.name) == ("films", "a b/ü%20?#+.mp4", "ü%20?#+.mp4")

    @pytest.mark.parametrize(
        "place",
        [
            "s3://films",
            "s3://films/",
            "s3://films/a/",
            "s3:///key",
            "s3://evil.com:80/key",
            "s3://user@films/key",
            "s3://FILMS/key",
            "s3://films/a/../b",
            "s3://films/a//b",
            "s3://films/./b",
            "s3://a..b/c",
            "s3:films/key",
            "s3://films/" + "k" * 1025,
        ],
    )
    def test_what_is_no_object_is_refused(self, place: str) -> None:
        with pytest.raises(InvalidJob, match="not the address of an object"):
            object_address(place)

    def test_what_lies_below_a_prefix_stays_below_it(self) -> None:
        prefix = prefix_address("s3://films/a/")
        assert str(prefix.join_path("b/c")) == "s3://films/a/b/c"
        with pytest.raises(InvalidJob):
            prefix.join_path("../b")


class TestReading:
    async def test_a_large_object_comes_in_order_in_pieces(self, bucket: Any, ours: Bucket) -> None:
        content = bytes(range(256)) * (2 * PIECE // 256) + b"the end"
        bucket.put("film.mp4", content)
        facts = await ours.require_facts("film.mp4")
        got = bytearray()
        async with aclosing(ours.read_pieces(facts, 5)) as pieces:
            async for piece in pieces:
                got += piece
        assert bytes(got) == content[5:]

    async def test_an_object_that_changed_is_noticed(self, bucket: Any, ours: Bucket) -> None:
        bucket.put("film.mp4", b"one")
        facts = await ours.require_facts("film.mp4")
        bucket.put("film.mp4", b"two")
        with pytest.raises(Changed):
            await ours.read_piece(facts.key, 0, 3, facts.etag)

    async def test_what_is_right_below_a_prefix_is_listed(self, bucket: Any, ours: Bucket) -> None:
        for key in ("in/a.yaml", "in/b.yaml", "in/done/c.yaml", "else.yaml"):
            bucket.put(key, b"x")
        assert [each.key for each in await ours.list_below("in/")] == ["in/a.yaml", "in/b.yaml"]

    async def test_a_small_object_that_is_too_large_is_none(self, bucket: Any, ours: Bucket) -> None:
        bucket.put("record.json", b"123456")
        assert await ours.read("record.json", most=5) is None
        assert await ours.read("record.json") == b"123456"
        assert await ours.read("nothing.json") is None


class TestWriting:
    async def test_of_many_that_create_one_succeeds(self, bucket: Any, ours: Bucket) -> None:
        async def one(number: int) -> bool:
            try:
                await ours.create("claim", str(number).encode())
            except Taken:
                return False
            return True

        won = await asyncio.gather(*map(one, range(8)))
        assert sum(won) == 1
        assert bucket.get("claim") == str(won.index(True)).encode()

    async def test_a_large_file_goes_up_in_parts(self, bucket: Any, ours: Bucket, tmp_path: Path) -> None:
        file = tmp_path / "film.mp4"
        file.write_bytes(b"f" * (2 * PIECE + 1))
        await ours.put_file("film.mp4", file)
        assert bucket.get("film.mp4") == file.read_bytes()
        assert bucket.s3.methods("film.mp4").count("PUT") == 3

    async def test_a_file_for_too_many_parts_goes_up_in_larger_ones(
        self, bucket: Any, ours: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """S3 takes 10,000 parts, which is 78 GiB in the usual ones: the upload would end there, in vain."""
        monkeypatch.setattr("polyreel.objects.bucket.MOST_PIECES", 2)
        file = tmp_path / "film.mp4"
        file.write_bytes(b"f" * (3 * PIECE))
        await ours.put_file("film.mp4", file)
        assert bucket.get("film.mp4") == file.read_bytes()
        assert bucket.s3.methods("film.mp4").count("PUT") == 2

    def test_the_usual_pieces_are_kept_as_long_as_they_do(self) -> None:
        assert choose_piece(70 << 30) == PIECE
        assert (100 << 30) / choose_piece(100 << 30) <= MOST_PIECES

    async def test_copies_and_deletes(self, bucket: Any, ours: Bucket) -> None:
        bucket.put("a", b"x")
        await ours.copy("a", "b/a")
        await ours.delete("a")
        await ours.delete("a")
        assert bucket.keys() == ["b/a"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "said", "code", "words"),
        [
            ("403 Forbidden", "AccessDenied", "access_denied", "does not allow this"),
            ("403 Forbidden", "SignatureDoesNotMatch", "access_denied", "not the one of this access key"),
            ("400 Bad Request", "ExpiredToken", "access_denied", "have expired"),
            ("301 Moved Permanently", "PermanentRedirect", "wrong_region", "in another region"),
            ("503 Slow Down", "SlowDown", "object_store_failed", "answered 503 SlowDown"),
            ("404 Not Found", "NoSuchBucket", "no_such_bucket", "no such bucket"),
            ("404 Not Found", "NoSuchKey", "no_such_object", "no such object"),
        ],
    )
    async def test_each_is_said_in_our_words(
        self, ours: Bucket, s3: Any, secret: str, status: str, said: str, code: str, words: str
    ) -> None:
        s3.answer = lambda asked: (status, said)
        with pytest.raises(FetchError, match=words) as found:
            await ours.require_facts("a/film.mp4")
        assert found.value.code == code
        assert str(ours.name) in found.value.where
        assert found.value.remedy
        assert secret[:4] not in repr(found.value.__dict__)  # the store's own words go no further

    async def test_an_unknown_key_of_ours(self, ours: Bucket, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYELSE")
        with pytest.raises(FetchError, match="does not know this access key"):
            await Bucket(bucket.name, Connection(patience=QUICK), FetchError).require_facts("a")

    async def test_the_wrong_region(self, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        with pytest.raises(FetchError, match="in another region"):
            await Bucket(bucket.name, Connection(patience=QUICK), FetchError).require_facts("a")

    async def test_no_credentials(self, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with pytest.raises(FetchError, match="no credentials") as found:
            Bucket(bucket.name, Connection(patience=QUICK), FetchError)
        assert found.value.code == "no_credentials"

    async def test_nobody_there(self, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(FetchError, match="can't be reached") as found:
            await Bucket(bucket.name, Connection(patience=QUICK), FetchError).require_facts("a")
        assert found.value.code == "object_store_unreachable"

    async def test_an_unencrypted_way_across_a_network_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio.example:9000")
        with pytest.raises(InvalidJob, match="not encrypted"):
            Bucket("films", Connection(), FetchError)

    async def test_a_byte_is_asked_for_where_head_gives_no_reason(self, ours: Bucket, s3: Any) -> None:
        s3.answer = lambda asked: ("404 Not Found", "NoSuchBucket")
        with pytest.raises(FetchError, match="no such bucket"):
            await ours.require_facts("a")
        assert s3.methods() == ["HEAD", "GET"]


class TestKeys:
    async def test_saved_keys_go_before_the_environment(
        self, bucket: Any, s3: Any, secret: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And nothing of the environment's goes with them: not its endpoint, and not its session token."""
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYELSE")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody-else")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
        bucket.put("a", b"x")
        keys = ObjectKeys("POLYREELTESTKEY", secret, bucket=bucket.name, endpoint_url=s3.url)
        assert (await Bucket(bucket.name, Connection(keys, QUICK), FetchError).require_facts("a")).bytes == 1
        assert "x_amz_security_token" not in s3.asked[-1].headers
        assert secret not in repr(keys)

    async def test_they_are_for_their_own_bucket(self, bucket: Any, s3: Any, secret: str) -> None:
        keys = ObjectKeys("POLYREELTESTKEY", secret, bucket="others", endpoint_url=s3.url)
        with pytest.raises(FetchError, match="for the bucket others"):
            Bucket(bucket.name, Connection(keys, QUICK), FetchError)
        assert not s3.asked
