"""`polyreel review`: what waits for a person, and what people decide about it."""

from __future__ import annotations

import asyncio
import getpass
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from deployments.commands.printing import echo

# No script has a hundred million lines.
_MOST_DIGITS = 8
_WHAT = {"script": "script", "final": "dub"}

if TYPE_CHECKING:
    from polyreel.job import Job
    from polyreel.review.answer import Answer
    from polyreel.review.decisions import Reviewer
    from polyreel.review.events import ReviewKey
    from polyreel.review.log import Damaged, ReviewLog
    from polyreel.review.state import Review
    from polyreel.store.port import Store
    from polyreel.subtitles.choices import Recording

    _Recordings = dict[int, Recording | Literal["keep", "drop"]]


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What a person wants to happen to one review."""

    approve: bool
    reject: str | None
    edit: Path | None
    lines: tuple[str, ...]
    voices: tuple[str, ...]
    paces: tuple[str, ...]
    recordings: tuple[str, ...]
    comment: str | None
    save: Path | None

    told: list[bool] = field(default_factory=list, compare=False)
    """Whether a run waited for this, and goes on by itself."""

    @property
    def edits(self) -> bool:
        return bool(self.edit or self.lines or self.choices)

    @property
    def choices(self) -> bool:
        return bool(self.voices or self.paces or self.recordings)


@dataclass(frozen=True, slots=True)
class _Place:
    """Which language's review is meant, and what its job says of reviews."""

    key: ReviewKey
    accept_repairs: bool = False


@click.command()
@click.argument("job", required=False)
@click.argument("locale", required=False)
@click.option("--approve", is_flag=True, help="It may go on as it is.")
@click.option("--reject", metavar="WHY", help="It must not go on as it is.")
@click.option("--edit", type=click.Path(path_type=Path), help="Take this script (.srt, .vtt) instead.")
@click.option("--line", "lines", multiple=True, metavar="N=TEXT", help="A new text for line N; may be repeated.")
@click.option("--voice", "voices", multiple=True, metavar="N=VOICE", help="Another voice for line N; `N=`: its own.")
@click.option("--pace", "paces", multiple=True, metavar="N=PACE", help="Another pace for line N: 1.1 is 10 % faster.")
@click.option(
    "--recording",
    "recordings",
    multiple=True,
    metavar="N=FILE",
    help="Your own recording for line N, of any kind of sound; `N=keep`: for its new words; `N=`: none.",
)
@click.option("--comment", metavar="WORDS", help="Words for the others; with --approve, why.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the script into a file (.srt, .vtt), to edit it.")
@click.option("--by", envvar="POLYREEL_REVIEWER", help="Who decides; else POLYREEL_REVIEWER, else your login's name.")
@click.option("--revision", type=click.IntRange(min=1), help="What you have seen: refused when it has changed since.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else, on stdout.")
def review(
    job: str | None, locale: str | None, by: str | None, revision: int | None, as_json: bool, **wanted: Any
) -> None:
    """Look at what waits for a person, and decide.

    Without arguments: everything that waits. JOB is a job file, or the name of a job that has run here. What is decided
    counts with the next `polyreel run` of the job.
    """
    from deployments.commands.errors import report_errors

    wishes = _Wishes(**wanted)
    _require_sense(wishes, locale)
    with report_errors(as_json):
        if job is None or locale is None:
            _print_list(*asyncio.run(_list_waiting(_load_job(job))), as_json)
            return
        _print_review(asyncio.run(_carry_out(_load_job(job), locale, by, revision, wishes)), as_json, wishes)


def _require_sense(wishes: _Wishes, locale: str | None) -> None:
    # Told before anything is read: half of a decision must never be written.
    if wishes.approve and wishes.reject is not None:
        raise click.UsageError("--approve and --reject exclude each other")
    if wishes.edit and wishes.lines:
        raise click.UsageError("give a file with --edit, or lines with --line")
    if wishes.reject is not None and not wishes.reject.strip():
        raise click.UsageError("--reject says why, in a few words")
    if locale is None and wishes != _Wishes(False, None, None, (), (), (), (), None, None):
        raise click.UsageError("name the job and the language: polyreel review JOB LOCALE ...")


def _load_job(job: str | None) -> Job | str | None:
    """The job of a file; a name stays one."""
    from polyreel.intake.jobfile import load_job

    return load_job(Path(job)) if job is not None and Path(job).exists() else job


async def _list_waiting(job: Job | str | None) -> tuple[list[Review], list[Damaged]]:
    """What waits, oldest first, and what can't be read; of one job, if it is named."""
    from polyreel.review.log import ReviewLog
    from polyreel.store.choice import open_store

    store = open_store()
    await store.check_usable()
    log = ReviewLog(store)
    reviews, damaged = await log.read_all(await _keys_of(log, job))
    waiting = [(asking.asked.at, each) for each in reviews if (asking := each.asking())]
    return [each for _, each in sorted(waiting, key=lambda pair: pair[0])], damaged


async def _carry_out(
    job: Job | str | None, locale: str, by: str | None, revision: int | None, wishes: _Wishes
) -> Review:
    from polyreel.review.answer import carry_out
    from polyreel.review.decisions import Reviewer
    from polyreel.review.log import ReviewLog
    from polyreel.store.choice import open_store

    store = open_store()
    await store.check_usable()
    place = await _find_review(ReviewLog(store), job, locale)
    # A decision without a name would be worth nothing to who reads it later.
    reviewer = Reviewer(by or getpass.getuser(), revision)
    recordings = await _take_in_recordings(store, place.key, wishes, reviewer)
    answered = await carry_out(store, place.key, reviewer, _make_answer(wishes, place, recordings))
    wishes.told.append(answered.goes_on)
    if wishes.save:
        await _save_script(answered.review, wishes.save)
    return answered.review


async def _take_in_recordings(store: Store, key: ReviewKey, wishes: _Wishes, reviewer: Reviewer) -> _Recordings:
    """Every recording before anything is written: a file that is none changes nothing."""
    from polyreel.review.edits import find_reel
    from polyreel.review.log import ReviewLog
    from polyreel.review.recordings import take_in_recording

    given = _read_by_number(wishes.recordings, "--recording", "3=take.wav")
    if not given:
        return {}
    review = await ReviewLog(store).read(key)
    # Before the recordings are converted: who may not decide leaves nothing in the store.
    reviewer.require_allowed(review)
    found: _Recordings = {}
    for number, what in given.items():
        if not what or what == "keep":
            found[number] = "keep" if what else "drop"
        else:
            found[number] = await take_in_recording(store, Path(what), reviewer.name, find_reel(review))
    return found


def _make_answer(wishes: _Wishes, place: _Place, recordings: _Recordings) -> Answer:
    from polyreel.review import edits
    from polyreel.review.answer import Answer
    from polyreel.review.line_choices import Wish, combine_changes, from_wishes

    lines = _read_by_number(wishes.lines, "--line", "3=Hello there.")
    voices = _read_by_number(wishes.voices, "--voice", "3=ef_dora")
    paces = _read_paces(wishes.paces)
    chosen = {
        number: Wish(voices.get(number), paces.get(number), recordings.get(number))
        for number in {*voices, *paces, *recordings}
    }
    change = edits.from_lines(lines) if lines else None
    if wishes.edit:
        change = edits.from_file(wishes.edit, place.key.locale, accept_repairs=place.accept_repairs)
    change = combine_changes(change, from_wishes(chosen) if chosen else None)
    return Answer(wishes.approve, wishes.reject, change, wishes.comment or "")


def _read_by_number(given: tuple[str, ...], option: str, example: str) -> dict[int, str]:
    found = {}
    for each in given:
        number, equals, text = each.partition("=")
        # Bounded, as thousands of digits take long to read.
        if not equals or not number.strip().isdecimal() or len(number) > _MOST_DIGITS:
            raise click.UsageError(f"{option} begins with a line's number: {option} '{example}', not {each[:40]!r}")
        found[int(number)] = text
    return found


def _read_paces(given: tuple[str, ...]) -> dict[int, float]:
    try:
        return {number: float(text or 1.0) for number, text in _read_by_number(given, "--pace", "3=1.1").items()}
    except ValueError:
        raise click.UsageError("--pace is N=NUMBER: 1.1 is 10 % faster than the voice's own pace") from None


async def _find_review(log: ReviewLog, job: Job | str | None, locale: str) -> _Place:
    """The review of a job's language, or of that of a job by its name. Raises `InvalidJob`."""
    from polyreel.errors import InvalidJob
    from polyreel.locales import canonical

    wanted = canonical(locale)
    keys = [key for key in await _keys_of(log, job) if key.locale == wanted]
    if job is not None and not isinstance(job, str):
        if not keys:
            raise InvalidJob(f"the job has no target {wanted}", where=job.name, remedy="Name one of its languages.")
        return _Place(keys[0], job.subtitles.accept_repairs)
    # Names of jobs are not unique; which of two is meant decides what is spoken and bought.
    if len(keys) != 1:
        why = "several jobs are called so" if keys else "no job of that name has come as far as a review here"
        raise InvalidJob(
            why, where=f"{job} {wanted}", remedy="Give the job file's path; `polyreel review` lists what waits."
        )
    return _Place(keys[0])


async def _keys_of(log: ReviewLog, job: Job | str | None) -> list[ReviewKey]:
    from polyreel.review.events import ReviewKey

    if job is None or isinstance(job, str):
        return [key for key in await log.keys() if job is None or key.job == job]
    return [ReviewKey.of(job, target.locale) for target in job.targets]


async def _save_script(review: Review, path: Path) -> None:
    from polyreel.errors import InvalidJob
    from polyreel.machine.files import write_output
    from polyreel.review.edits import script_of
    from polyreel.store.choice import open_store
    from polyreel.subtitles import write_bytes

    suffix = path.suffix.lstrip(".").lower()
    if suffix not in ("srt", "vtt"):
        raise InvalidJob("a script is saved as .srt or .vtt", where=str(path), remedy="End the file's name so.")
    track = await script_of(open_store(), review)
    await asyncio.to_thread(write_output, path, write_bytes(track, suffix, locale=review.key.locale)[0])


# -- what is shown


def _print_list(found: list[Review], damaged: list[Damaged], as_json: bool) -> None:
    if as_json:
        unread = [
            {"job": one.key.job, "locale": one.key.locale, "standing": "damaged", "reason": str(one.error)}
            for one in damaged
        ]
        click.echo(json.dumps([*(_summarise_review(each) for each in found), *unread], ensure_ascii=False))
        return
    for each in found:
        facts = _summarise_review(each)
        said = f"{facts['stage']} {facts['standing']} since {facts['decided'] or facts['since']}"
        echo(f"{each.key.job:<20} {each.key.locale:<10} {said}{_add_reason(facts['reason'])}")
    for one in damaged:
        echo(f"{one.key.job:<20} {one.key.locale:<10} damaged{_add_reason(str(one.error))}")
    if not found:
        echo("Nothing waits for a person.")


def _add_reason(reason: str) -> str:
    return f": {' '.join(reason.split())}" if reason else ""


def _summarise_review(review: Review) -> dict[str, Any]:
    asking = review.asking()
    decision = asking.decision if asking else None
    return {
        "job": review.key.job,
        "locale": review.key.locale,
        "stage": asking.stage if asking else None,
        "standing": asking.standing if asking else "delivered" if any(review.list_delivered()) else "nothing_asked",
        "since": asking.asked.at if asking else None,
        "decided": decision.at if decision else None,
        "reason": (decision.reason if decision else asking.asked.reason) if asking else "",
        "by": decision.by if decision else None,
        "revision": review.revision,
    }


def _print_review(review: Review, as_json: bool, wishes: _Wishes) -> None:
    from polyreel.review.edits import lines_of
    from polyreel.store.choice import open_store

    facts = _summarise_review(review)
    acted = wishes.approve or wishes.reject is not None or wishes.edits
    # Whoever has just decided wants one line, not the script again.
    lines = [] if acted and not as_json else asyncio.run(lines_of(open_store(), review))
    if as_json:
        events = [each.model_dump(mode="json") for each in review.records()]
        click.echo(json.dumps({**facts, "lines": lines, "events": events}, ensure_ascii=False))
        return
    for line in lines:
        echo(f"{line['number']:>5}  {line['at']}  {' / '.join(line['text'].splitlines())}")
        if line["source"]:
            echo(f"{'':>21}{' / '.join(line['source'].splitlines())}")
        if line["choice"]:
            echo(f"{'':>21}{_describe_choice(line['choice'])}")
    echo(_describe_review(facts, goes_on=any(wishes.told)))


def _describe_choice(choice: dict[str, Any]) -> str:
    recording = choice["recording"]
    told = [f"recorded by {recording['by']}, {recording['ms'] / 1000:.1f} s"] if recording else []
    told += ["for earlier words: it does not count"] if recording and not recording["counts"] else []
    told += [f"voice {choice['voice']}"] if choice["voice"] else []
    told += [f"pace {choice['pace']:g}"] if choice["pace"] != 1.0 else []
    return f"[{'; '.join(told)}]"


def _describe_review(facts: dict[str, Any], *, goes_on: bool = False) -> str:
    place = f"{facts['job']} {facts['locale']}, revision {facts['revision']}"
    if facts["stage"] is None:
        return f"{place}: nothing waits for a decision."
    then = "Its run goes on by itself." if goes_on else "Run the job to go on."
    again = "Its run does them again" if goes_on else "Run the job: they are done again"
    what = _WHAT[facts["stage"]]
    said = {
        "waiting": f"its {what} waits to be approved{_add_reason(facts['reason'])}.",
        "approved": f"its {what} is approved by {facts['by']}. {then}",
        "rejected": f"its {what} is rejected by {facts['by']}{_add_reason(facts['reason'])}.",
        "edited": f"lines were edited since the dub was made. {again}.",
    }
    return f"{place}: {said[facts['standing']]}"
