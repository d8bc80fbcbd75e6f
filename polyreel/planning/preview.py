"""What a run would do, and what is done already: for `polyreel plan`. Spends nothing, makes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Any

from polyreel.delivery.places import place_of
from polyreel.dubbing.providers import provider_of
from polyreel.errors.wording import spell_count
from polyreel.media.info import MediaInfo
from polyreel.media.probe import probe
from polyreel.planning.picture import describe_source
from polyreel.planning.prepare import make_exact
from polyreel.planning.ways import describe_way, note_useless_fallbacks
from polyreel.plans import LANGUAGE_STAGES, LanguagePlan, MadeScript, Plan
from polyreel.sources.ingest import ingest
from polyreel.sources.port import scheme_of
from polyreel.store import results
from polyreel.store.local import path_of
from polyreel.store.port import Store

AskForQuote = Callable[[Plan, Fraction], Awaitable[tuple[Plan, dict[str, Any]]]]
"""From a plan and the reel's seconds to the plan with each language at who can be paid for it, and to what
`polyreel.planning.quote.as_dict` gives."""
Choose = Callable[[Plan], Awaitable[Plan]]
"""From a plan that knows its source to the same plan with each language at who is to dub it."""
LoadResult = Callable[[str], tuple[Any] | None]
"""What the stage with a key returned, in a tuple of one; None where it is not done. The stages know how to read it."""


async def look_ahead(
    plan: Plan, store: Store, load_result: LoadResult, ask: AskForQuote | None = None, choose: Choose | None = None
) -> dict[str, Any]:
    """What a run would do: stages ``done``, ``to do``, ``can't`` (or ``unknown`` while the source is not here).

    ``ask`` gets the quote of a job that is charged for, and gives what an account can't pay for to the next provider;
    it raises what a run would refuse before spending. ``choose`` says who dubs each language, as a run would: what a
    fallback was paid for stays there.
    """
    # Only what is on this machine: a plan downloads no film.
    source = await ingest(plan.job.source.media, store) if scheme_of(plan.job.source.media) == "file" else None
    reel = await asyncio.to_thread(probe, path_of(source)) if source else None
    length = _find_length(plan, reel) if reel else None
    minutes = None if length is None else round(float(length) / 60 * len(plan.runnable()), 2)
    bound = plan.with_source(source) if source else plan
    bound = await choose(bound) if choose and source else bound
    charged: dict[str, Any] = {}
    if ask and length is not None:
        bound, charged = await ask(bound, length)
    known = await _with_what_is_made(bound, load_result) if source else bound
    own = ("trim", *(["separate"] if known.separates_here else []), *(["transcribe"] if plan.needs_transcript else []))
    return {
        "job": plan.job.name,
        "source": {"media": plan.job.source.media, "sha256": source.sha256 if source else None},
        "separation": known.name_separation(known.runnable()),
        "quote": {"minutes": minutes, "paid_minutes": 0, "sentence": _quote(plan, minutes), **charged},
        "stages": {
            "ingest": "done" if source else "unknown",
            **{stage: _find_state(known, stage, load_result) for stage in own},
            **({"package": "to do"} if plan.job.packaging else {}),
            **({"master": "to do"} if plan.job.masters else {}),
            **({"sign": "to do"} if plan.job.provenance else {}),
            "deliver": "to do",
        },
        "languages": {each.locale: _language_ahead(each, load_result) for each in known.languages},
        "notes": (*(describe_source(reel, plan.job) if reel else ()), *plan.notes, *note_useless_fallbacks(known)),
        "delivers_to": [place_of(each).locate(each, plan.job.name) for each in plan.job.delivery],
    }


def _language_ahead(language: LanguagePlan, load_result: LoadResult) -> dict[str, Any]:
    made = ("translate",) if language.needs_draft or language.machine_draft else ()
    stages = {
        stage: "can't" if language.problem else _find_state(language, stage, load_result)
        for stage in (*made, *LANGUAGE_STAGES, *language.besides)
    }
    error = language.problem.model_dump() if language.problem else None
    return {
        "stages": stages,
        "dubbing": describe_way(language),
        "names": list(language.names),
        "notes": list(language.notes),
        "error": error,
    }


def _find_state(plan: Plan | LanguagePlan, stage: str, load_result: LoadResult) -> str:
    """Keys are there once the source is."""
    key = plan.stage_keys.get(stage)
    if key is None:
        return "unknown"
    return "to do" if load_result(key) is None else "done"


async def _with_what_is_made(plan: Plan, load_result: LoadResult) -> Plan:
    """A bound plan with all that is known of its results, on this machine and on those that share its store."""
    await _fetch_results(plan)
    known = _with_made_scripts(plan, load_result)
    # Twice: a draft that is found gives the later stages new keys.
    await _fetch_results(known)
    return known


async def _fetch_results(plan: Plan) -> None:
    keys = {*plan.stage_keys.values(), *(key for each in plan.languages for key in each.stage_keys.values())}
    await asyncio.gather(*map(results.fetch_result, keys))


def _with_made_scripts(plan: Plan, load_result: LoadResult) -> Plan:
    """A bound plan with the scripts that earlier runs have heard and drafted: later stages are kept under them."""
    if plan.needs_transcript and (heard := _load_script(plan.stage_keys["transcribe"], load_result)):
        plan = plan.with_source_script(heard)
    return plan.model_copy(update={"languages": tuple(_with_draft(each, load_result) for each in plan.languages)})


def _with_draft(language: LanguagePlan, load_result: LoadResult) -> LanguagePlan:
    made = _load_script(language.stage_keys["translate"], load_result) if language.needs_draft else None
    return language.with_draft(made) if made else language


def _load_script(key: str, load_result: LoadResult) -> MadeScript | None:
    found = load_result(key)
    return found[0] if found else None


def _find_length(plan: Plan, reel: MediaInfo) -> Fraction:
    """Seconds of the reel."""
    length = reel.duration
    trim = plan.job.trim
    end = min(length, make_exact(trim.end) or length) if trim else length
    start = (make_exact(trim.start) or Fraction(0)) if trim else Fraction(0)
    return end - start


def _quote(plan: Plan, minutes: float | None) -> str:
    languages = len(plan.runnable())
    length = "length not known yet" if minutes is None else f"{spell_count(minutes, 'minute')} of dubbing"
    said = f"{spell_count(languages, 'language')}, {length}"
    charged = [provider_of(each.dubbing).title for each in plan.runnable() if provider_of(each.dubbing).charges]
    if charged:
        return f"{said}, at {' and '.join(sorted(set(charged)))}: what it costs is known once the source is here"
    return f"{said}, on this machine: nothing is charged"
