"""Reviews as the page shows them, and what it may do to them: the same steps as `polyreel review`."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from deployments.process.interpreter import python_command
from polyreel.errors import EngineError, InvalidJob, PolyreelError
from polyreel.job.review import PersonName
from polyreel.locales import canonical, english_name
from polyreel.outcome import LineFit
from polyreel.retiming import sound_at
from polyreel.review import decisions, edits
from polyreel.review.decisions import Reviewer
from polyreel.review.events import Change, ReviewKey, Shown
from polyreel.review.line_choices import Wish, combine_changes, from_wishes, list_voices
from polyreel.review.log import Damaged, ReviewLog
from polyreel.review.recordings import take_in_recording
from polyreel.review.state import Review
from polyreel.review.versions import as_dict
from polyreel.review.waits import announce_decision
from polyreel.store.choice import open_store
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles.checks import check as check_cues
from polyreel.subtitles.choices import read_choices
from polyreel.subtitles.model import Track
from tasks.run.results import load_result
from tasks.run.values import LanguageResult

_JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)
_SOURCE = re.compile(r"[0-9a-f]{12}", re.ASCII)
_NEEDS_SOMEBODY = ("waiting", "rejected", "damaged")
_SLACK_MS = 60
# As long as the form's own field in the server's pages (`flows.review_form`).
_LONGEST_WORDS = 2000
_SPEAKS_FOR_S = 180
_NAMES: TypeAdapter[str] = TypeAdapter(PersonName)
_one_voice = asyncio.Lock()
_recordings = asyncio.Semaphore(2)
"""So many are decoded at once: each takes a process and some memory."""


def parse_review_key(job: str, source: str, locale: str) -> ReviewKey:
    """A review's key from an address. Raises `InvalidJob`: it names a folder."""
    if not (_JOB.fullmatch(job) and _SOURCE.fullmatch(source)):
        raise InvalidJob("there is no such review", code="bad_request", remedy="Open one from the list.")
    return ReviewKey(job=job, source=source, locale=canonical(locale))


async def list_reviews() -> list[dict[str, Any]]:
    """Everything that people may look at, what waits first."""
    reviews, damaged = await ReviewLog(open_store()).read_all()
    found = [_summarise_review(each) for each in reviews if each.events] + [
        _summarise_damaged(each) for each in damaged
    ]
    return sorted(found, key=lambda each: (each["standing"] not in _NEEDS_SOMEBODY, each["since"]))


def _summarise_damaged(damaged: Damaged) -> dict[str, Any]:
    """A review that can't be read, in its place among the others."""
    return {
        "job": damaged.key.job,
        "source": damaged.key.source,
        "locale": damaged.key.locale,
        "name": english_name(damaged.key.locale),
        "stage": None,
        "standing": "damaged",
        "since": "",
        "decided": "",
        "reason": str(damaged.error),
        "by": "",
        "reviewers": [],
        "revision": 0,
    }


def _summarise_review(review: Review) -> dict[str, Any]:
    asking = review.asking()
    decision = asking.decision if asking else None
    last = review.events[-1]
    return {
        "job": review.key.job,
        "source": review.key.source,
        "locale": review.key.locale,
        "name": english_name(review.key.locale),
        "stage": asking.stage if asking else None,
        "standing": asking.standing if asking else "delivered",
        "since": asking.asked.at if asking else last.at,
        "decided": decision.at if decision else "",
        "reason": (decision.reason if decision else asking.asked.reason) if asking else "",
        "by": decision.by if decision else "",
        "reviewers": list(review.reviewers),
        "revision": review.revision,
    }


async def describe_review(key: ReviewKey, seen: int | None = None) -> dict[str, Any] | None:
    """One review with its lines; None where nothing has happened since revision ``seen``."""
    store = open_store()
    review = await ReviewLog(store).read(key)
    if not review.events:
        raise InvalidJob(
            "there is no such review",
            code="no_such_review",
            remedy="Open one from the list; a job's reviews go with it.",
        )
    if seen is not None and seen == review.revision:
        return None
    shown = edits.find_shown(review)
    lines = await edits.lines_of(store, review)
    track = await edits.script_of(store, review)
    finished = await _load_dub(store, shown)
    await asyncio.to_thread(_add_facts, lines, track, review, shown, finished)
    checks = [each.model_dump(mode="json") for each in finished.checks] if finished else []
    return {
        **_summarise_review(review),
        "machine_draft": shown.machine_draft,
        "start_ms": shown.reel.start_ms if shown.reel else 0,
        "has_source": shown.reel is not None,
        "has_dub": shown.video is not None,
        "has_picture": shown.reel is None or shown.reel.has_picture,
        "stale": as_dict(review)["stale"],
        "versions": as_dict(review)["versions"],
        "vendor": shown.vendor,
        "voices": await asyncio.to_thread(list_voices, key.locale, shown),
        "lines": lines,
        "checks": checks,
        "events": [
            {**record.model_dump(mode="json"), "lines": decisions.shorten_lines(event.changed)}
            for record, event in zip(review.records(), review.list_done(), strict=True)
        ],
    }


async def _load_dub(store: Store, shown: Shown) -> LanguageResult | None:
    """The dub's lines and checks, while they are kept."""
    found = await asyncio.to_thread(load_result, shown.checked) if shown.checked else None
    return found[0] if found and isinstance(found[0], LanguageResult) else None


def _add_facts(
    lines: list[dict[str, Any]], track: Track, review: Review, shown: Shown, finished: LanguageResult | None
) -> None:
    """Each line's fit in the dub that there is, what the subtitles' profile finds, whether it is done, its comments."""
    start = shown.reel.start_ms if shown.reel else 0
    at = sound_at(shown.yields)  # a picture that gave way has put the dub's lines later
    fits = {each.cue_start_ms: each for each in finished.lines} if finished else {}
    found: dict[int, list[str]] = {}
    for finding in check_cues(track, shown.profile, review.key.locale):
        found.setdefault(finding.cue, []).append(finding.message)
    done = {each.line: each.reason == "done" for each in review.events if each.kind == "marked"}
    said: dict[int | None, list[dict[str, str]]] = {}
    for each in review.events:
        if each.kind == "commented":
            said.setdefault(each.line, []).append({"by": each.by, "at": each.at, "words": each.reason})
    for line in lines:
        line["dub_ms"] = at(line["start_ms"] - start), at(line["end_ms"] - start)
        line["fit"] = _describe_fit(fits.get(line["dub_ms"][0]), line["text"])
        line["found"] = found.get(line["number"], [])
        line["done"] = done.get(line["number"], False)
        line["comments"] = said.get(line["number"], [])


def _describe_fit(fit: LineFit | None, text: str) -> dict[str, Any] | None:
    """How the line was spoken, where it still is that line."""
    if fit is None or " ".join(fit.text.split()) != " ".join(text.split()):
        return None
    return {
        "voice": fit.voice,
        "ratio": fit.ratio,
        "too_long": fit.too_long,
        "ms": fit.end_ms - fit.start_ms,
        "recorded_by": fit.recorded_by,
    }


# -- what the page may do


def _read_reviewer(body: dict[str, Any]) -> Reviewer:
    try:
        name = _NAMES.validate_python(body.get("by"))
    except ValidationError:
        raise InvalidJob("say who you are: a name of at most 100 characters", code="no_name") from None
    revision = body.get("revision")
    if not isinstance(revision, int) or isinstance(revision, bool) or revision < 1:
        raise InvalidJob("say which revision you have seen", code="bad_request")
    return Reviewer(name, revision)


def _read_words(body: dict[str, Any], name: str) -> str:
    found = body.get(name) or ""
    if not isinstance(found, str) or len(found) > _LONGEST_WORDS:
        raise InvalidJob(f"{name}: at most {_LONGEST_WORDS} characters", code="bad_request")
    return found.strip()


def _read_line(body: dict[str, Any], *, required: bool = False) -> int | None:
    found = body.get("line")
    if found is None and not required:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise InvalidJob("a line is a number, counted from 1", code="bad_request")
    return found


async def edit_lines(key: ReviewKey, body: dict[str, Any]) -> dict[str, Any]:
    """New texts, and what is chosen, by line number: ``{"by", "revision", "lines": {"3": "..."}, "choices": {"3":
    {"voice", "pace", "recording": "keep" | "drop"}}}``. Raises `ReviewRefused`."""
    texts, wishes = _read_by_number(body, "lines"), _read_by_number(body, "choices")
    if not all(isinstance(text, str) for text in texts.values()):
        raise InvalidJob("lines are texts by number", code="bad_request")
    change = combine_changes(
        edits.from_lines(texts) if texts else None,
        from_wishes({number: _read_wish(wish) for number, wish in wishes.items()}) if wishes else None,
    )
    if change is None:
        raise InvalidJob("give lines, or choices, by number", code="bad_request")
    return await _write_edit(key, _read_reviewer(body), change)


async def _write_edit(key: ReviewKey, reviewer: Reviewer, change: Change) -> dict[str, Any]:
    edited = await edits.edit_script(open_store(), key, edits.Edit(reviewer, change))
    await announce_decision(edited)
    return _summarise_review(edited)


def _read_by_number(body: dict[str, Any], name: str) -> dict[int, Any]:
    found = body.get(name) or {}
    if not isinstance(found, dict) or not all(number.isdecimal() and len(number) < 8 for number in found):
        raise InvalidJob(f"{name}: an object by line number", code="bad_request")
    return {int(number): value for number, value in found.items()}


def _read_wish(wish: Any) -> Wish:
    known = wish if isinstance(wish, dict) else {"": None}
    voice, pace, recording = known.get("voice"), known.get("pace"), known.get("recording")
    is_number = isinstance(pace, int | float) and not isinstance(pace, bool)
    if (
        not known.keys() <= {"voice", "pace", "recording"}
        or not isinstance(voice, str | None)
        or not (pace is None or is_number)
        or recording not in (None, "keep", "drop")
    ):
        raise InvalidJob(
            "a choice is an object with a voice, a pace, or a recording to keep or to drop", code="bad_request"
        )
    return Wish(voice, None if pace is None else float(pace), recording)


async def record_line(key: ReviewKey, file: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """A person's own recording of a line: ``{"by", "revision", "line"}``. Raises `MediaError`, `ReviewRefused`."""
    reviewer, number = _read_reviewer(asked), _read_line(asked, required=True) or 0
    store = open_store()
    review = await ReviewLog(store).read(key)
    # Before the sound is decoded: who may not decide shall not keep a decoder busy either.
    reviewer.require_allowed(review)
    async with _recordings:
        recording = await take_in_recording(store, file, reviewer.name, edits.find_reel(review))
    found = await _write_edit(key, reviewer, from_wishes({number: Wish(recording=recording)}))
    return {**found, "recording": {"line": number, "ms": recording.ms, "sha256": recording.sha256}}


async def find_recording(key: ReviewKey, line: int) -> Path | None:
    """The recording of a line in force; None where there is none."""
    store = open_store()
    track = await edits.script_of(store, await ReviewLog(store).read(key))
    choice = read_choices(track).get(line - 1)
    if choice is None or choice.recording is None or not await store.present((choice.recording.stored_file,)):
        return None
    await store.fetch_files((choice.recording.stored_file,))
    return path_of(choice.recording.stored_file)


async def decide_review(key: ReviewKey, body: dict[str, Any]) -> dict[str, Any]:
    """``{"by", "revision", "decision": "approve" | "reject" | "comment", "words", "line"}``. Raises `ReviewRefused`."""
    reviewer, words = _read_reviewer(body), _read_words(body, "words")
    if body.get("decision") != "approve" and not words:
        raise InvalidJob("say why, in a few words", code="no_words")
    steps = {
        "approve": lambda: decisions.approve(reviewer, words),
        "reject": lambda: decisions.reject(reviewer, words),
        "comment": lambda: decisions.comment(reviewer, words, _read_line(body)),
    }
    wanted = str(body.get("decision"))
    if wanted not in steps:
        raise InvalidJob("a decision is approve, reject or comment", code="bad_request")
    decided = await ReviewLog(open_store()).write(key, steps[wanted]())
    await announce_decision(decided)
    return _summarise_review(decided)


async def mark_line(key: ReviewKey, body: dict[str, Any]) -> dict[str, Any]:
    """A line is done, or is not: ``{"by", "revision", "line", "done"}``."""
    number = _read_line(body, required=True)
    step = decisions.mark(_read_reviewer(body), number or 0, done=bool(body.get("done")))
    return _summarise_review(await ReviewLog(open_store()).write(key, step))


async def find_media(key: ReviewKey, which: str) -> Path | None:
    """The reel, or the dubbed one, of what was shown last; nothing else can be named."""
    store = open_store()
    shown = edits.find_shown(await ReviewLog(store).read(key))
    wanted = {"source": shown.reel.file if shown.reel else None, "dub": shown.video}.get(which)
    if wanted is None or not await store.present((wanted,)):
        return None
    await store.fetch_files((wanted,))
    return path_of(wanted)


async def speak_line(key: ReviewKey, body: dict[str, Any]) -> bytes:
    """A line's sound in a voice of this machine: ``{"text", "voice", "pace"}``. Raises `EngineError`.

    In a process of its own, one at a time: voices' weights have no place in the server.
    """
    text, voice, pace = _read_words(body, "text"), _read_words(body, "voice"), body.get("pace", 1.0)
    if not text or not isinstance(pace, int | float) or not 0.5 <= pace <= 2.0:
        raise InvalidJob("give a text, and a pace from 0.5 to 2", code="bad_request")
    order = {"locale": key.locale, "text": " ".join(text.split()), "voice": voice, "pace": float(pace)}
    async with _one_voice:
        said = await asyncio.to_thread(_ask_voice, json.dumps(order))
    if "error" in said:
        raise EngineError(**said["error"])
    return await asyncio.to_thread(Path(said["file"]).read_bytes)


def _ask_voice(order: str) -> dict[str, Any]:
    try:
        done = subprocess.run(
            python_command("deployments.server.review.speaking"),
            input=order,
            capture_output=True,
            text=True,
            timeout=_SPEAKS_FOR_S,
            check=False,
            start_new_session=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise PolyreelError("the line could not be spoken", code="engine_failed", remedy="Try again.") from None
    return found
