"""Counts in what people read: one cue, and never one cues."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import polyreel
from polyreel.errors.wording import spell_count

ROOT = Path(polyreel.__file__).parents[1]
# Units stay as they are written: `1 s`, and files of exactly one byte are nobody's.
COUNTED = (
    "attempts|cues|days|files|hours|jobs|languages|lines|minutes|models|notes|places|projects|rows|sentences|speakers|"
    "findings|terms|videos|voices|words"
)
# At the most so many: a limit of ours, and never 1.
NEVER_ONE = frozenset(
    {
        "nothing here can {name} jobs",
        "{len(lines)} lines",  # more than a profile's limit
        "{len(rows)} rows",  # more than a decoder shows
        "{len(terms)} terms",
        "{len(jobs):,} jobs",  # more than are taken
        "{len(found)} rows",  # a key that is no row's alone
        "{voice.speakers} speakers",  # asked before
    }
)
LIMITS = re.compile(r"at most$|more than$|1 to$|MOST|_LONGEST|LIMITS|budget\.")


@pytest.mark.parametrize(
    ("number", "noun", "spelt"),
    [
        (1, "cue", "1 cue"),
        (0, "cue", "0 cues"),
        (2, "cue", "2 cues"),
        (1.0, "minute", "1 minute"),
        (1.5, "minute", "1.5 minutes"),
        (1200, "more line", "1,200 more lines"),
    ],
)
def test_one_is_one_and_all_else_is_many(number: float, noun: str, spelt: str) -> None:
    assert spell_count(number, noun) == spelt


def test_a_noun_that_takes_more_than_an_s_says_how() -> None:
    assert spell_count(3, "dub of a series", "dubs of a series") == "3 dubs of a series"


def test_no_message_counts_without_asking_whether_it_is_one() -> None:
    """`polyreel subtitles check` said "1 cues"."""
    bare = re.compile(rf"([^\"'{{}}]*)\{{([^{{}}\"']+?)(?::[^{{}}]*)?\}} (?:more )?(?:{COUNTED})\b")
    found = [
        (str(path.relative_to(ROOT)), match[0].strip())
        for package in ("polyreel", "tasks", "flows", "deployments", "blocks")
        for path in (ROOT / package).rglob("*.py")
        if "sandbox" not in path.parts
        for line in path.read_text("utf-8").splitlines()
        if not line.lstrip().startswith(("#", '"""', 'r"', 'rf"')) and 'f"' in line
        for match in bare.finditer(line)
        if not LIMITS.search(match[1].rstrip()) and not LIMITS.search(match[2])
        if match[0].strip() not in NEVER_ONE
    ]
    assert not found
