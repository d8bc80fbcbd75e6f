"""Dubformer behind the dubbing port: one project per language, made once under the submission key.

It fetches the reel by URL: a public source as it is, anything else from where it is staged. A target script can't be
given with a project; it is put in afterwards as a re-translation, which Dubformer does not charge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from polyreel.dubbing.charges import minutes_begun
from polyreel.dubbing.dubformer_lines import cast_speaker, make_lines
from polyreel.dubbing.dubformer_offer import require_offered
from polyreel.dubbing.port import Dubbed, DubRequest, Means, Mix, Progress, Receipt, Request
from polyreel.dubbing.staging import STAGED
from polyreel.dubbing.submission import describe_purchase, key_of_dub, key_of_revision, script_key, submit_once
from polyreel.dubbing.vendor_results import Result, as_dubbed, load_dubbed, save_dubbed
from polyreel.dubbing.waiting import wait_until_ready
from polyreel.errors import InvalidJob, MediaError
from polyreel.job import DubformerDubbing
from polyreel.ledger.entry import Entry, Finding, Found, NotThere, State
from polyreel.ledger.entry import Receipt as Bought
from polyreel.ledger.once import before_purchase
from polyreel.ledger.rows import Filter
from polyreel.ledger.watch import Sighting
from polyreel.outcome import StoredFile
from polyreel.store.local import path_of
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Cue, Track
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.dubformer.models import (
    CastSpeaker,
    CreateProject,
    MixingMode,
    Project,
    ProjectStatus,
    Retranslate,
    SpokenLine,
    Submitted,
)
from polyreel.vendors.dubformer.problems import project_failed
from polyreel.vendors.errors import CallError, Invalid, JobFailed, NotFound

_MODES: dict[Mix, MixingMode] = {
    "dub": MixingMode.WITHOUT_ORIGINAL_VOICE,
    "voiceover": MixingMode.WITH_ORIGINAL_TRACK,
    "speech_only": MixingMode.VOICEOVER_ONLY,
}
Look = Callable[[], Awaitable[Bought | None]]
_OWN_SCRIPT = "~script"
"""What the ledger's key of a re-translation ends in, after its project's key."""


class DubformerDubber:
    """Dubs at Dubformer. Every step may be repeated: what was bought is in the ledger."""

    provider = "dubformer"

    def __init__(self, options: DubformerDubbing, means: Means) -> None:
        self._options = options
        self._means = means
        self._client: DubformerClient = means.client

    # -- buying

    async def submit(self, request: DubRequest) -> Receipt:
        """Buy this language, once. Raises `VendorError`, and `UnresolvedCall` where only a person can tell."""
        receipt, _ = await submit_once(request, self.provider, self._means, self._buy)
        return receipt

    async def _buy(self, request: DubRequest, key: str) -> Entry:
        asked = Request(source=request.source_locale, target=request.locale, voices=request.voices)
        with before_purchase():
            source, target = await require_offered(self._client, asked)
        # What a person has settled away is ordered under another key: to the first one, that project is the answer.
        lost = await self._list_settled_away(key)
        orders = [key, *(f"{key}~{number + 1}" for number in range(len(lost)))]
        order, ends = orders[-1], tuple(f" {_name_end(each)}" for each in orders)
        # With the key's end, which tells this order from an earlier one of the same reel.
        name = f"{request.title} {request.locale}{ends[-1]}"

        async def find_listed() -> Bought | None:
            # A staged reel has another signed address each time, so the same key can't always be sent again: the name's
            # end says whose it is. Its beginning is the job's, which somebody may have renamed since. Earlier versions
            # have named orders after the first one otherwise: what is not settled away is what was asked for.
            known = {row.vendor_id for row in lost}
            listed = await self._client.get_projects()
            mine = [each for each in listed if (each.name or "").endswith(ends) and each.project_id not in known]
            return Bought(id=mine[0].project_id, minutes=mine[0].cost_minutes) if mine else None

        async def call() -> Bought:
            with before_purchase():
                address = await self._find_address(request)
            wanted = CreateProject(
                name=name,
                source_lang=source,
                target_lang=target,
                source_video_url=address,
                mixing_mode=_MODES[request.mix],
                # Sent only where they are wanted: not every plan takes them.
                use_emotional_transfer=self._options.emotional_transfer or None,
                use_soundalike_voices=self._options.soundalike_voices or None,
                source_script_content=await asyncio.to_thread(_write_srt, request.source_script),
                glossary_content=await asyncio.to_thread(_read_text, request.terms),
            )
            try:
                return _read_bought(await self._client.create_project(wanted, idempotency_key=order))
            except Invalid as refusal:
                return await self._look_after(refusal, key, find_listed)

        async def find(_entry: Entry) -> Finding:
            listed = await find_listed()
            return Found(listed) if listed else NotThere()

        staged = {} if request.media_url else {STAGED: request.reel.sha256}
        about = {
            "what": request.title,
            "locale": request.locale,
            "minutes": minutes_begun(request.seconds),
            "details": self._means.subject.details | describe_purchase(request) | staged,
        }
        return await self._means.at_hand().once(key, call, find, subject=self._means.subject.model_copy(update=about))

    async def _list_settled_away(self, key: str) -> list[Entry]:
        """What earlier purchases under this key were, before a person said that it may be bought again."""
        wanted = Filter(
            kind="dub", account=self._means.subject.account, states=frozenset({State.FAILED, State.FORGOTTEN})
        )
        rows = await self._means.at_hand().select(wanted)
        return [row for row in rows if row.key == f"{key}~{row.vendor_id}"]

    async def _look_after(self, refusal: Invalid, key: str, find_listed: Look) -> Bought:
        """What was bought under the same key, as a ledger that was lost had it; else the refusal is raised.

        A key that was used with another body is refused, too: another signed address, or a job of another name. So it
        is no proof that nothing was bought where an earlier call went out, or where nobody could look.
        """
        try:
            if listed := await find_listed():
                return listed
            is_first = await self._means.at_hand().is_first_attempt(key)
        except CallError:
            is_first = False
        raise (refusal if is_first else refusal.with_attempts(refusal.facts.attempts, doubtful=True)) from None

    async def _find_address(self, request: DubRequest) -> str:
        if request.media_url:
            return request.media_url
        if self._means.staging is None:
            raise InvalidJob(
                "Dubformer fetches by URL, and the reel is not on the web",
                code="needs_staging",
                where="staging",
                remedy="Add `staging: {to: s3, credentials: NAME, path: s3://BUCKET/tmp}`.",
            )
        # Every language fetches the same copy, whoever put it there.
        return await self._means.staging.make_address(request.reel, f"{request.title}-{request.reel.sha256[:12]}.mp4")

    # -- waiting

    async def wait(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> None:
        """Wait for the project; then, where a script or voices are given, for the dub with these. Raises `JobFailed`.

        What was collected before, and is still here, needs nothing of the vendor, who may have deleted it since.
        """
        if await asyncio.to_thread(load_dubbed, _result_key(receipt), self._means.store):
            return
        observer = DubformerObserver(self._client)
        await wait_until_ready(self._means, receipt.key, observer, on_progress)
        if request.script is not None or request.voices:
            key = await self._put_in_script(request, receipt, observer)
            await wait_until_ready(self._means, key, observer, on_progress)

    async def _put_in_script(self, request: DubRequest, receipt: Receipt, observer: DubformerObserver) -> str:
        """See that the project speaks this script (else its own) in these voices; the key of the row that says so."""
        before = await self._settle_translations(receipt, _own_key(receipt), observer)
        key = _key_of_translation(before, _own_key(receipt))
        entry = await self._means.at_hand().get(key)
        if entry is not None and not entry.is_open:
            return key
        kept = entry.details["body"] if entry else None
        body = Retranslate.model_validate(kept) if kept else await self._make_retranslation(request, receipt)
        if entry is None:
            if "revision" in receipt.details:
                # What would be refused is said before what is there is given up.
                await self._client.validate_translation_request(receipt.id, body)
            await self._make_safe(request, receipt, before)
        await self._translate(key, body, receipt, request.title)
        return key

    async def _translate(self, key: str, body: Retranslate, receipt: Receipt, title: str) -> Entry:
        async def call() -> Bought:
            return _read_bought(await self._client.retranslate(receipt.id, body, idempotency_key=key))

        async def find(_entry: Entry) -> Finding:
            # The same key with the same body is the same translation.
            return Found(await call())

        subject = self._means.subject.model_copy(
            update={
                "kind": "translation",
                "what": title,
                "locale": receipt.locale,
                "minutes": 0.0,
                "details": {"body": body.model_dump(mode="json")},
            }
        )
        return await self._means.at_hand().once(key, call, find, subject=subject)

    async def _settle_translations(self, receipt: Receipt, own: str, observer: DubformerObserver) -> list[Entry]:
        """Every script that was put in, the latest last, once the vendor is done with the others: more are refused."""
        for row in await self._list_translations(receipt):
            if script_key(row.key) == own:
                continue
            if row.is_open:
                # Whether it was taken is not known: it is sent once more, and then it was.
                await self._translate(row.key, Retranslate.model_validate(row.details["body"]), receipt, row.what)
            if row.is_open or row.state is State.SUBMITTED:
                with suppress(JobFailed):  # that script's failure is none of this one's
                    await wait_until_ready(self._means, row.key, observer)
        return await self._list_translations(receipt)

    async def _list_translations(self, receipt: Receipt) -> list[Entry]:
        wanted = Filter(account=self._means.subject.account, kind="translation")
        rows = await self._means.at_hand().select(wanted)
        return [row for row in rows if row.key.startswith(receipt.key + _OWN_SCRIPT)]

    async def _make_safe(self, request: DubRequest, receipt: Receipt, before: Sequence[Entry]) -> None:
        """Collect what the project speaks now: what is put in takes its place for good."""
        shown = before[-1] if before else await self._means.at_hand().get(receipt.key)
        if shown is None or shown.state is not State.READY:
            return
        for script in request.revises:
            asked = request.model_copy(update={"script": script, "revises": ()})
            bought = await asyncio.to_thread(key_of_dub, asked, self.provider, self._means.subject.account)
            # What was bought to be spoken by a script of ours is nothing to keep before that was put in.
            own = receipt.key + (_OWN_SCRIPT if script or request.voices else "")
            details = {}
            if bought != receipt.key:
                own = await asyncio.to_thread(key_of_revision, asked, receipt.key)
                details = {"revision": own}
            if script_key(shown.key) == own:
                # What can't be a dub is in the store all the same, and a reason to have it done again.
                with suppress(MediaError):
                    await self.collect(asked, receipt.model_copy(update={"details": details}))

    async def _make_retranslation(self, request: DubRequest, receipt: Receipt) -> Retranslate:
        project = await self._client.get_project(receipt.id)
        lines = await asyncio.to_thread(make_lines, request.script, project.output_target_script)
        voices = await self._client.get_voices()
        offered = {voice.voice_key: voice.style for voice in voices.get(project.target_lang, ())}
        cast = project.output_target_speakers or (CastSpeaker(speaker_id=lines[0].speaker_id if lines else 1),)
        used = {line.speaker_id for line in lines}
        speakers = [cast_speaker(each, number, request.voices, offered) for number, each in enumerate(cast)]
        return Retranslate(
            target_script=tuple(lines),
            target_speakers=tuple(each for each in speakers if each.speaker_id in used),
            mixing_mode=_MODES[request.mix],
        )

    # -- collecting

    async def collect(self, request: DubRequest, receipt: Receipt, on_progress: Progress | None = None) -> Dubbed:
        """Fetch video, speech and scripts. Raises `VendorError`, and `MediaError` for what can't be a dub."""
        kept_as = _result_key(receipt)
        # What was collected is not fetched again: the project may speak another script by now.
        if kept := await asyncio.to_thread(load_dubbed, kept_as, self._means.store):
            await self._note_collected(receipt)
            return kept
        project = await self._client.get_project(receipt.id)

        def tell(done: int, whole: int) -> None:
            if on_progress and whole:
                on_progress(0.9 * done / whole)

        store = self._means.store
        with store.open_scratch() as folder:
            await self._client.download_video(receipt.id, folder / "dubformer.mp4", tell=tell)
            video = await asyncio.to_thread(store.keep_file, folder / "dubformer.mp4")
            speech = (
                await self._fetch_speech(receipt.id, folder / "speech.wav") if project.output_tts_audio_url else None
            )
        result = Result(
            provider="Dubformer",
            id=receipt.id,
            video=video,
            speech=speech,
            script=request.script or self._keep_script(project.output_target_script),
            source_script=self._keep_script(project.output_source_script),
        )
        dubbed = await as_dubbed(request, result, store)
        await asyncio.to_thread(save_dubbed, kept_as, dubbed, store)
        await self._note_collected(receipt)
        return dubbed

    async def _note_collected(self, receipt: Receipt) -> None:
        # What a script was put in under, the first time and again: of others nothing was collected.
        mine = [row.key for row in await self._list_translations(receipt) if script_key(row.key) == _own_key(receipt)]
        for key in (receipt.key, *mine):
            await self._means.at_hand().advance(key, State.COLLECTED)

    async def _fetch_speech(self, project_id: str, to: Path) -> StoredFile:
        await self._client.download_speech(project_id, to)
        return await asyncio.to_thread(self._means.store.keep_file, to)

    def _keep_script(self, lines: Sequence[SpokenLine]) -> StoredFile | None:
        cues = tuple(
            Cue(line.start_ms, line.end_ms, line.text.strip())
            for line in lines
            if line.text.strip() and 0 <= line.start_ms < line.end_ms
        )
        if not cues:
            return None
        ordered = tuple(sorted(cues, key=lambda cue: cue.start_ms))
        return self._means.store.keep_bytes(write(Track(ordered), "vtt").text.encode(), ".vtt")


class DubformerObserver:
    """How projects stand: one list for all of them."""

    def __init__(self, client: DubformerClient) -> None:
        self._client = client

    async def list_under_way(self, entries: Sequence[Entry]) -> list[Sighting]:
        """See `polyreel.ledger.watch.Observer`."""
        projects = {each.project_id: each for each in await self._client.get_projects()}
        found = [await self._make_sighting(row, projects.get(row.vendor_id)) for row in entries]
        return [each for each in found if each]

    async def _make_sighting(self, row: Entry, listed: Project | None) -> Sighting | None:
        if row.kind not in ("dub", "translation"):
            return None
        try:
            # A list may lag behind what was just bought, or end early: only the project's own address can say no.
            listed = listed or await self._client.get_project(row.vendor_id)
        except NotFound as missing:
            missing.require_word_of_api()
            note, details = (
                f"Dubformer has no project {row.vendor_id} any more",
                {"remedy": "It may have been deleted there."},
            )
            return Sighting(row.key, State.FAILED, note=note, details=details, is_denial=True)
        if listed.status is ProjectStatus.READY:
            # A re-translation costs nothing; minutes belong to the purchase.
            return Sighting(row.key, State.READY, minutes=listed.cost_minutes if row.kind == "dub" else None)
        if listed.status is ProjectStatus.ERROR:
            error = project_failed(row.vendor_id, await self._client.get_project(row.vendor_id))
            details = {"code": error.code, "remedy": error.remedy}
            return Sighting(row.key, State.FAILED, note=error.message, details=details)
        return Sighting(row.key, State.SUBMITTED, due_at=_to_timestamp(listed.estimated_completion_date))


def _name_end(key: str) -> str:
    """What a project's name ends in, by which an order is known again."""
    return key[-12:]


def _result_key(receipt: Receipt) -> str:
    """The key under which what was collected is kept: the purchase's, or its revision's."""
    return str(receipt.details.get("revision") or receipt.key)


def _own_key(receipt: Receipt) -> str:
    """The key under which its script is put in, the first time."""
    return str(receipt.details.get("revision") or receipt.key + _OWN_SCRIPT)


def _key_of_translation(before: Sequence[Entry], own: str) -> str:
    """The row under which a script is put in. A project speaks the script that it was given last."""
    keys = [row.key for row in before]
    if not keys or script_key(keys[-1]) == own:
        return keys[-1] if keys else own
    # It was put in before, and another script after it: to go back, it is put in once more.
    return f"{own}#{len(keys)}" if own in keys else own


def _read_bought(answer: Submitted) -> Bought:
    return Bought(
        id=answer.project_id,
        minutes=answer.cost_minutes,
        due_at=_to_timestamp(answer.estimated_completion_date) or None,
        details={"balance_minutes": answer.balance_minutes},
    )


def _to_timestamp(when: datetime | None) -> float:
    return 0.0 if when is None else (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _write_srt(script: StoredFile | None) -> str | None:
    return write(read_file(path_of(script)).track, "srt").text if script else None


def _read_text(file: StoredFile | None) -> str | None:
    return path_of(file).read_text("utf-8-sig") if file else None
