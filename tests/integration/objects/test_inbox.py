"""An inbox on a prefix: each job file is taken once, whoever looks, and put aside with its outcome."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import InvalidJob, StoreError
from polyreel.intake.inbox.choice import open_inbox
from polyreel.intake.inbox.objects import ObjectInbox

JOB = {
    "name": "welcome",
    "source": {"media": "films/welcome.mp4", "locale": "en-US", "background": "https://example.com/m.wav"},
    "targets": [{"locale": "es-ES", "subtitles": "welcome.es-ES.srt"}],
    "delivery": [{"to": "folder", "path": "/srv/out"}],
}


def job_file(**changes: Any) -> bytes:
    return json.dumps(JOB | changes).encode()


@pytest.fixture
def inbox(bucket: Any) -> Any:
    return open_inbox(bucket.url("reels/in/"))


async def test_two_schedulers_never_take_the_same_file(bucket: Any) -> None:
    """Twelve files, two servers' schedulers, each with two that look at the same time."""
    for number in range(12):
        bucket.put(f"reels/in/job-{number}.yaml", job_file(name=f"job-{number}"))
    looking = [(open_inbox(bucket.url("reels/in")), owner) for owner in ("aaaa", "aaaa", "bbbb", "bbbb")]
    taken = await asyncio.gather(*(each.claim_files(owner) for each, owner in looking))
    assert sum(taken) == 12
    of_a, of_b = [await each.list_claims(owner) for each, owner in looking[1:3]]
    assert Counter(claim.name for claim in (*of_a, *of_b)) == {f"job-{number}.yaml": 1 for number in range(12)}


async def test_paths_in_a_job_are_seen_from_its_prefix(bucket: Any, inbox: Any) -> None:
    bucket.put("reels/in/welcome.json", job_file())
    assert await inbox.claim_files("aaaa") == 1
    (claim,) = await inbox.list_claims("aaaa")
    job = await claim.read_job()
    assert job.source.media == bucket.url("reels/in/films/welcome.mp4")
    assert job.source.background == "https://example.com/m.wav"
    assert job.targets[0].subtitles == bucket.url("reels/in/welcome.es-ES.srt")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (job_file(source={"media": "../../else.mp4", "locale": "en-US"}), "not the address of an object"),
        (job_file(delivery=[{"to": "folder", "path": "out"}]), "no folder that 'out' could be in"),
        (b"name: [", "not valid YAML"),
        (b"\xff\xfe\xff", "not UTF-8"),
        (b"#" * ((1 << 20) + 1), "too large for a job file"),
    ],
)
async def test_a_job_that_is_none_says_why(bucket: Any, inbox: Any, content: bytes, words: str) -> None:
    bucket.put("reels/in/welcome.yaml", content)
    await inbox.claim_files("aaaa")
    (claim,) = await inbox.list_claims("aaaa")
    with pytest.raises(InvalidJob, match=words):
        await claim.read_job()
    await claim.put_aside({"status": "failed"})
    assert bucket.get("reels/in/done/welcome.yaml") == content


async def test_what_is_no_job_file_is_left_alone(bucket: Any, inbox: Any) -> None:
    for name in (".welcome.yaml", "~welcome.yaml", "welcome.mp4", "done/old.yaml", "deeper/new.yaml"):
        bucket.put(f"reels/in/{name}", job_file())
    assert await inbox.claim_files("aaaa") == 0
    assert await inbox.list_claims("aaaa") == []


async def test_a_done_job_is_put_aside_with_its_outcome(bucket: Any, inbox: Any) -> None:
    bucket.put("reels/in/welcome.yaml", job_file())
    await inbox.claim_files("aaaa")
    (claim,) = await inbox.list_claims("aaaa")
    await claim.remember_run("run-1")
    assert await claim.put_aside({"run": "run-1", "status": "completed"}) == bucket.url(
        "reels/in/done/welcome.outcome.json"
    )
    assert bucket.keys() == ["reels/in/done/welcome.outcome.json", "reels/in/done/welcome.yaml"]
    assert json.loads(bucket.get("reels/in/done/welcome.outcome.json"))["run"] == "run-1"


async def test_the_next_job_of_the_same_name_has_its_own_outcome(bucket: Any, inbox: Any) -> None:
    for run in ("run-1", "run-2"):
        bucket.put("reels/in/welcome.yaml", job_file())
        await inbox.claim_files("aaaa")
        (claim,) = await inbox.list_claims("aaaa")
        await claim.put_aside({"run": run})
    outcomes = [json.loads(bucket.get(key))["run"] for key in bucket.keys("reels/in/done/") if key.endswith(".json")]
    assert sorted(outcomes) == ["run-1", "run-2"]


async def test_a_file_that_is_replaced_while_its_job_runs_is_a_new_job(bucket: Any, inbox: Any) -> None:
    bucket.put("reels/in/welcome.yaml", job_file())
    await inbox.claim_files("aaaa")
    (first,) = await inbox.list_claims("aaaa")
    bucket.put("reels/in/welcome.yaml", job_file(trim={"start": 1}))
    await first.put_aside({"run": "run-1"})
    assert json.loads(bucket.get("reels/in/done/welcome.yaml")) == JOB
    assert await inbox.claim_files("aaaa") == 1
    (second,) = await inbox.list_claims("aaaa")
    assert (await second.read_job()).trim is not None
    assert second.key != first.key


async def test_a_taker_that_died_anywhere_is_gone_on_after(bucket: Any, inbox: Any, s3: Any) -> None:
    """A closing that is cut off after each of its steps, and done again, ends the same."""
    for step in range(5):
        bucket.put("reels/in/welcome.yaml", job_file(name=f"job-{step}"))
        await inbox.claim_files("aaaa")
        (claim,) = await inbox.list_claims("aaaa")
        left = [step]

        def cut(asked: Any, left: list[int] = left) -> Any:
            if asked.method in ("GET", "HEAD"):
                return None
            left[0] -= 1
            return ("403 Forbidden", "AccessDenied") if left[0] < 0 else None

        s3.answer = cut
        try:
            await claim.put_aside({"run": f"run-{step}"})
        except StoreError:
            s3.reset()
            assert await inbox.claim_files("aaaa") == 0
            (claim,) = await inbox.list_claims("aaaa")
            await claim.put_aside({"run": f"run-{step}"})
        s3.reset()
        assert await inbox.list_claims("aaaa") == []
        assert "reels/in/welcome.yaml" not in set(bucket.keys())
    outcomes = [json.loads(bucket.get(key))["run"] for key in bucket.keys("reels/in/done/") if key.endswith(".json")]
    assert sorted(outcomes) == [f"run-{step}" for step in range(5)]


async def test_a_claim_on_what_is_done_already_is_given_back(
    bucket: Any, inbox: Any, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One scheduler has read the file; the other finishes the job; then the first one makes its claim."""
    bucket.put("reels/in/welcome.yaml", job_file())
    slow = ObjectInbox(bucket.url("reels/in"))
    read = slow.bucket.read

    async def then_somebody_finishes(key: str, **rest: Any) -> Any:
        content = await read(key, **rest)
        await inbox.claim_files("bbbb")
        (claim,) = await inbox.list_claims("bbbb")
        await claim.put_aside({"run": "run-1"})
        return content

    monkeypatch.setattr(slow.bucket, "read", then_somebody_finishes)
    assert await slow.claim_files("aaaa") == 0
    assert await inbox.list_claims("aaaa") == []
    assert bucket.keys("reels/in/running/") == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"owner": "aaaa"}', b"[" * 100_000])
async def test_what_only_looks_like_a_claim_keeps_no_job_back(bucket: Any, inbox: Any, content: bytes) -> None:
    bucket.put("reels/in/welcome.yaml", job_file())
    await inbox.claim_files("aaaa")
    bucket.put("reels/in/running/else~000000000000.claim", content)
    assert [claim.name for claim in await inbox.list_claims("aaaa")] == ["welcome.yaml"]


async def test_an_inbox_that_cannot_be_read_says_why(s3: Any) -> None:
    with pytest.raises(StoreError, match="no such bucket"):
        await open_inbox("s3://no-such-bucket-here/in").claim_files("aaaa")


async def test_a_folder_is_the_other_kind(tmp_path: Path) -> None:
    """Behind the same port."""
    there = open_inbox(str(tmp_path / "in"))
    async with there.hold_alone("aaaa"):
        assert await there.claim_files("aaaa") == 0
        assert list(await there.list_claims("aaaa")) == []
