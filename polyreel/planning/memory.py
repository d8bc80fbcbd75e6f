"""What a series knows, as files that a language's draft is made from: its terms, its approved lines."""

from __future__ import annotations

import json

from polyreel.intake.series import glossary_of, read_memory, read_series
from polyreel.job import Job, Target
from polyreel.outcome import StoredFile
from polyreel.series.memory import pair_of
from polyreel.store.port import Store


def keep_terms(job: Job, store: Store) -> StoredFile | None:
    """The series' glossary, and the words that stay as they are in every column of it; None where there are neither."""
    if job.series is None:
        return None
    file, stay = glossary_of(job), read_series(job.series).do_not_translate
    # Spreadsheets put a mark in front, which would be part of the first term.
    text = file.read_text("utf-8-sig") if file else ""
    if not text and not stay:
        return None
    width = max((row.count("\t") for row in text.splitlines() if row.strip() and row[0] != "#"), default=1)
    # In every column, so that a word stays as it is whichever pair of languages is read.
    same = "".join("\t".join([word] * (width + 1)) + "\n" for word in stay)
    joined = text + ("" if not text or text.endswith("\n") else "\n") + same
    return store.keep_bytes(joined.encode(), ".tsv")


def keep_memory(job: Job, target: Target, store: Store) -> StoredFile | None:
    """The approved lines of one pair of languages, as JSON; None where there are none.

    Only these, so that what was learned for one language makes no other's draft anew.
    """
    if job.series is None or job.translation is None:
        return None
    pairs = pair_of(read_memory(job.series), job.source.locale, target.locale)
    return store.keep_bytes(json.dumps(pairs, ensure_ascii=False).encode(), ".json") if pairs else None
