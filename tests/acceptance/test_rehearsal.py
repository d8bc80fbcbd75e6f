"""`polyreel run --rehearse --faults flaky`: what goes wrong on the way costs time, never money."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def rows_of(database: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        return opened.execute(question).fetchall()


def test_a_rehearsal_in_bad_weather_buys_once_and_says_what_came_of_it(
    work: Callable[..., Path], polyreel: Any, polyreel_home: Path
) -> None:
    """Two vendors, two libraries and a staged reel: every minute that was charged stands in the ledger, once."""
    job = work(
        "es-ES",
        name="weather",
        targets=[{"locale": "es-ES", "subtitles": "narrated.es-ES.srt"}, "fr-FR"],
        trim={"end": 9},
        dubbing={"provider": "dubformer", "credentials": "account"},
        fallback=[{"provider": "panjaya", "credentials": "studio"}],
        staging={"to": "nomad", "credentials": "library"},
        delivery=[
            {"to": "folder", "path": "out"},
            {"to": "tpstreams", "credentials": "library"},
            {"to": "videojungle", "credentials": "library"},
        ],
    )
    done = polyreel("run", job, "--rehearse", "--faults", "flaky", "--json", PREFECT_API_URL="")
    outcome = done.json
    assert outcome["status"] in ("completed", "partial"), outcome
    assert done.code == {"completed": 0, "partial": 3}[outcome["status"]]
    for ended in (*outcome["languages"].values(), *outcome["deliveries"]):
        assert ended["status"] == "delivered" or (ended["error"]["code"] and ended["error"]["message"]), ended
    home = polyreel_home / "rehearsals" / "weather"
    charged = rows_of(home / "sandbox" / "sandbox.db", "SELECT vendor, minutes FROM charges")
    booked = rows_of(
        home / "ledger.db",
        "SELECT provider, locale, charged_minutes FROM ledger WHERE kind = 'dub' AND vendor_id != ''",
    )
    assert Counter(charged) == Counter((provider, minutes) for provider, _, minutes in booked)
    assert max(Counter((provider, locale) for provider, locale, _ in booked).values()) == 1
    assert sorted((each["provider"], each["locale"]) for each in outcome["paid"]) == sorted(
        (provider, locale) for provider, locale, _ in booked
    )
    assert any(note.startswith("A rehearsal. It would have cost ") for note in outcome["notes"])
