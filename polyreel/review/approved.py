"""Which held languages have been approved since their last run, for lists of jobs."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from polyreel.errors import StoreError
from polyreel.report.records import RunRecord
from polyreel.review.log import ReviewLog
from polyreel.store.choice import open_store

_CODES = frozenset({"review_script", "review_final", "quality", "rejected"})
"""The errors of a language that a review holds."""
log = logging.getLogger("polyreel.review")


async def find_approved(runs: Iterable[RunRecord]) -> frozenset[tuple[str, str]]:
    """The job and locale of each language that its job's latest run holds, and that is approved by now.

    A run that sleeps goes on by itself, so its languages are not among them. The store is opened only where something
    is held; one that is away fails no list.
    """
    latest: dict[str, RunRecord] = {}
    for run in runs:
        latest[run.job] = max(run, latest.get(run.job, run), key=lambda each: each.began)
    held = {pair for run in latest.values() if not run.waiting for pair in _list_held(run)}
    if not held:
        return frozenset()
    try:
        store = open_store()
        await store.check_usable()
        reviews_log = ReviewLog(store)
        keys = [key for key in await reviews_log.keys() if (key.job, key.locale) in held]
        reviews, _ = await reviews_log.read_all(keys)
    except StoreError as error:
        log.warning("Whether held languages were approved is not known: %s", error)
        return frozenset()
    standings: dict[tuple[str, str], set[str]] = {}
    for review in reviews:
        if asking := review.asking():
            standings.setdefault((review.key.job, review.key.locale), set()).add(asking.standing)
    # Two sources may share a job's name, and the record does not say which: then only what holds for both counts.
    return frozenset(pair for pair, found in standings.items() if found == {"approved"})


def _list_held(run: RunRecord) -> list[tuple[str, str]]:
    languages = run.outcome.languages if run.outcome else {}
    return [(run.job, locale) for locale, each in languages.items() if each.error and each.error.code in _CODES]
