"""Run records are read once, as long as their files are the same: a monitor asks for all of them again and again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from polyreel.outcome import Check, LanguageOutcome, Outcome
from polyreel.report import records
from polyreel.report.overview import list_jobs


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was read and parsed, in order."""
    found: list[bytes] = []
    parse = records.RunRecord.model_validate_json

    def count(content: bytes) -> records.RunRecord:
        found.append(content)
        return parse(content)

    monkeypatch.setattr(records.RunRecord, "model_validate_json", count)
    monkeypatch.setattr(records, "_read_before", records._ReadRecords(64 << 20))
    return found


def states() -> dict[str, str]:
    return {row.job: row.state for row in list_jobs(())}


def test_an_unchanged_home_is_not_read_again_and_a_change_is_seen(parsed: list[bytes]) -> None:
    """A run that ends, a new one, a record that is gone, and one that is no record."""
    one, _ = (records.begin_record(name, ("es-ES",)) for name in ("one", "two"))
    assert states() == {"one": "running", "two": "running"}
    parsed.clear()
    assert states() == {"one": "running", "two": "running"}
    assert parsed == []

    records.end_record(one, Outcome(job="one", status="completed"))
    three = records.begin_record("three", ())
    parsed.clear()
    assert states() == {"one": "completed", "two": "running", "three": "running"}
    assert len(parsed) == 2

    three.path.unlink()
    one.path.write_bytes(b"{")
    assert states() == {"two": "running"}
    parsed.clear()
    assert states() == {"two": "running"}
    assert parsed == [b"{"]


def test_a_record_that_changes_within_its_size_and_time_is_seen(parsed: list[bytes]) -> None:
    """Written anew, with as many bytes and by a clock that stands still: another file all the same."""
    one = records.begin_record("one", ("es-ES",))
    assert next(records.read_records()).locales == ("es-ES",)
    before = one.path.stat()
    records._write(one.model_copy(update={"locales": ("fr-FR",)}))
    os.utime(one.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert one.path.stat().st_size == before.st_size
    assert next(records.read_records()).locales == ("fr-FR",)


def test_what_is_kept_is_bounded(parsed: list[bytes], monkeypatch: pytest.MonkeyPatch, polyreel_home: Path) -> None:
    made = [records.begin_record(f"job-{n}", ()) for n in range(6)]
    sizes = [record.path.stat().st_size for record in made]
    kept = records._ReadRecords(3 * max(sizes))
    monkeypatch.setattr(records, "_read_before", kept)
    for _ in range(3):
        parsed.clear()
        assert len(states()) == 6
    assert len(parsed) == 3  # those beyond are read each time, the others never
    for record in made[:5]:
        record.path.unlink()
    assert len(states()) == 1
    assert (len(kept._kept), kept._bytes) == (1, sizes[5])


def test_a_record_is_kept_in_short_and_says_what_lists_show(parsed: list[bytes]) -> None:
    """Passed checks and files are most of its bytes; the one that failed is what somebody has to look at."""
    passed = tuple(Check(name=f"check_{n}", status="pass", detail="x" * 200) for n in range(50))
    language = LanguageOutcome(
        status="delivered", video="/out/a.mp4", checks=(*passed, Check(name="loudness", status="fail"))
    )
    one = records.begin_record("one", ("es-ES",))
    records.end_record(one, Outcome(job="one", status="completed", languages={"es-ES": language}))
    (row,) = list_jobs(())
    assert (row.languages, row.why) == (
        {"es-ES": "delivered with failing checks"}, "es-ES: delivered, with failing checks (loudness)",
    )  # fmt: skip
    assert records._read_before._bytes < one.path.stat().st_size / 10
