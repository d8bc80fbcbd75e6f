"""A prefix of an object store where job files are left to be done.

    PREFIX/welcome.yaml                    left by a person or a program; objects are never half-written
    PREFIX/running/welcome~0a1b2c.claim    taken: by whom, what the file said, and the run it became
    PREFIX/done/welcome.yaml               done, with welcome.outcome.json beside it

Taking is creating the claim, which the object store lets only one of any number of takers do. A claim's name comes from
the file's name and content, so that a file which is replaced meanwhile is a new job. Everything else may be done again:
a taker that dies between any two steps leaves objects from which its next round goes on. Paths in a job are taken from
the prefix.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import Any

from polyreel.errors import InvalidJob, StoreError
from polyreel.intake.inbox.port import is_job_name
from polyreel.intake.jobfile import make_paths_addresses, parse_job
from polyreel.intake.text import MAX_BYTES
from polyreel.job import Job
from polyreel.objects.address import prefix_address
from polyreel.objects.bucket import Bucket, ObjectFacts
from polyreel.objects.connection import Connection
from polyreel.objects.problems import Taken

_RUNNING, _DONE, _CLAIM = "running", "done", ".claim"
_FACTS = {"owner": str, "id": str, "name": str, "etag": str, "bytes": int}


class ObjectInbox:
    """An inbox in a bucket, reached as the environment says."""

    def __init__(self, place: str) -> None:
        self.address = prefix_address(place)
        self.bucket = Bucket(self.address.bucket, Connection(), StoreError)

    def make_key(self, *parts: str) -> str:
        """The key of something in the inbox."""
        return self.address.join_path("/".join(parts)).key

    @asynccontextmanager
    async def hold_alone(self, owner: str) -> AsyncIterator[None]:
        """Nothing to hold: whatever two schedulers do here at the same time, they may."""
        yield

    async def claim_files(self, owner: str) -> int:
        """Take every job file, for ``owner``; how many."""
        found = await self.bucket.list_below(self._make_prefix())
        return sum([await self._take(each, owner) for each in found if is_job_name(PurePosixPath(each.key).name)])

    async def list_claims(self, owner: str) -> list[ObjectClaim]:
        """Job files that ``owner`` has taken and that are not done."""
        found = await self.bucket.list_below(self._make_prefix(_RUNNING))
        claims = [await self._read_claim(each.key) for each in found if each.key.endswith(_CLAIM)]
        return [each for each in claims if each and each.facts["owner"] == owner]

    def _make_prefix(self, folder: str = "") -> str:
        return "".join(f"{part}/" for part in (self.address.key, folder) if part)

    async def _take(self, left: ObjectFacts, owner: str) -> bool:
        name = PurePosixPath(left.key).name
        digest = hashlib.sha256(left.etag.encode()).hexdigest()[:12]
        key = self.make_key(_RUNNING, f"{PurePosixPath(name).stem}~{digest}{_CLAIM}")
        content = await self.bucket.read(left.key, most=MAX_BYTES)
        facts = {"owner": owner, "id": uuid.uuid4().hex[:12], "name": name, "etag": left.etag, "bytes": left.bytes}
        if content is not None:
            # The claim carries the job: the object may be replaced before the run begins.
            facts["content"] = base64.b64encode(content).decode()
        try:
            await self.bucket.create(key, json.dumps(facts).encode())
        except Taken:
            return False
        if await self._is_still(left):
            return True
        # Somebody had finished with it, or replaced it, before our claim was there.
        await self.bucket.delete(key)
        return False

    async def _is_still(self, left: ObjectFacts) -> bool:
        now = await self.bucket.find_facts(left.key)
        return now is not None and now.etag == left.etag

    async def _read_claim(self, key: str) -> ObjectClaim | None:
        try:
            facts = json.loads(await self.bucket.read(key) or b"null")
        except (ValueError, RecursionError):
            return None
        return ObjectClaim(self, key, facts) if _is_a_claim(facts) else None


def _is_a_claim(facts: Any) -> bool:
    """Whether this is what `_take` writes: whoever may write to the prefix can leave anything there."""
    return isinstance(facts, dict) and all(isinstance(facts.get(name), kind) for name, kind in _FACTS.items())


class ObjectClaim:
    """A job file that was taken from a prefix."""

    def __init__(self, inbox: ObjectInbox, key: str, facts: dict[str, Any]) -> None:
        self.inbox, self._key, self.facts = inbox, key, facts

    @property
    def name(self) -> str:
        """The file's own name, as it was left in the inbox."""
        return str(self.facts["name"])

    @property
    def key(self) -> str:
        """What makes this claim one: the same for every attempt to start it."""
        return f"inbox-{self.facts['id']}"

    async def read_job(self) -> Job:
        """The job in it, its paths seen from the prefix. Raises `InvalidJob`."""
        where = str(self.inbox.address.join_path(self.name))
        content = self._read_content()
        if content is None:
            size = int(self.facts["bytes"])
            raise InvalidJob(
                f"is {size:,} bytes, too large for a job file (at most {MAX_BYTES:,})",
                where=where,
                remedy="Leave the job file alone in the inbox, and media elsewhere.",
            )
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidJob("is not UTF-8 text", where=where, remedy="Save it as UTF-8.") from None
        return make_paths_addresses(parse_job(text, where), lambda place: str(self.inbox.address.join_path(place)))

    async def remember_run(self, run: str) -> None:
        """Remember the run that it became."""
        if self.facts.get("run") != run:
            self.facts["run"] = run
            await self.inbox.bucket.put(self._key, json.dumps(self.facts).encode())

    async def put_aside(self, outcome: dict[str, Any]) -> str:
        """Put the job file aside with its outcome beside it; the claim goes last. Says where the outcome is."""
        said = json.dumps(outcome, indent=2, ensure_ascii=False).encode()
        stem = await self._free_stem(said)
        beside = self.inbox.make_key(_DONE, f"{stem}.outcome.json")
        await self.inbox.bucket.put(beside, said)
        await self._move_file(self.inbox.make_key(_DONE, f"{stem}{PurePosixPath(self.name).suffix}"))
        await self.inbox.bucket.delete(self._key)
        return f"s3://{self.inbox.bucket.name}/{beside}"

    async def _free_stem(self, said: bytes) -> str:
        """The file's own, unless an earlier job of the same name is there: one that ended otherwise."""
        stem = PurePosixPath(self.name).stem
        there = await self.inbox.bucket.read(self.inbox.make_key(_DONE, f"{stem}.outcome.json"))
        return stem if there in (None, said) else f"{stem}~{self.facts['id']}"

    async def _move_file(self, to: str) -> None:
        left = self.inbox.make_key(self.name)
        now = await self.inbox.bucket.find_facts(left)
        if now is not None and now.etag == self.facts["etag"]:
            await self.inbox.bucket.copy(left, to)
            await self.inbox.bucket.delete(left)
        elif (content := self._read_content()) is not None:
            await self.inbox.bucket.put(to, content)  # It was replaced meanwhile: that is a job of its own.

    def _read_content(self) -> bytes | None:
        held = self.facts.get("content")
        return None if held is None else base64.b64decode(held)
