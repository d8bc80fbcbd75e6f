"""What the sandbox keeps: documents, money, links, time."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest

from polyreel.sandbox.clock import Clock
from polyreel.sandbox.faults import Faults
from polyreel.sandbox.files import Expired, Files, Forged
from polyreel.sandbox.money import BalanceTooSmall, Purse
from polyreel.sandbox.nomad.timecode import format_timecode, seconds_of
from polyreel.sandbox.state import Documents, State
from polyreel.sandbox.tpstreams.work import add_track
from polyreel.sandbox.wire import Refusal
from polyreel.sandbox.work.script import BadScript, Line, is_webvtt, parse_lines, script_lines, write_srt, write_vtt


@pytest.fixture
def state(tmp_path: Path):
    found = State(tmp_path / "sandbox.db")
    yield found
    found.close()


@pytest.fixture
def files(tmp_path: Path, state: State) -> Files:
    return Files(tmp_path / "files", state, Clock(state), Faults())


def _query(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query))


def test_a_subject_is_charged_once_however_often_its_job_runs(state):
    purse = Purse(state)
    purse.set_opening("dubformer", 10)
    for _ in range(3):
        purse.charge("dubformer", "project-1", 4, "dubbing")
    assert purse.balance("dubformer") == 6
    assert len(purse.charges("dubformer")) == 1


def test_a_charge_beyond_the_balance_takes_nothing(state):
    purse = Purse(state)
    purse.set_opening("dubformer", 3)
    with pytest.raises(BalanceTooSmall):
        purse.charge("dubformer", "project-1", 4, "dubbing")
    assert purse.balance("dubformer") == 3


def test_a_balance_can_be_set_after_money_was_spent(state):
    purse = Purse(state)
    purse.charge("panjaya", "a", 5, "dubbing")
    purse.set_opening("panjaya", 2)
    assert purse.balance("panjaya") == 2


def test_documents_come_back_in_their_order_and_only_of_their_parent(state):
    documents = Documents(state, "panjaya")
    for name in ("b", "a", "c"):
        documents.add("version", {"name": name}, parent="x" if name != "a" else "y")
    assert [each["name"] for each in documents.all("version")] == ["b", "a", "c"]
    assert [each["name"] for each in documents.all("version", "x")] == ["b", "c"]
    assert Documents(state, "nomad").all("version") == []


def test_a_status_moves_on_only_from_where_it_may(state):
    documents = Documents(state, "panjaya")
    key = documents.add("version", {"status": "NotReady"})["id"]
    assert documents.move_on("version", key, ("Completed",), "ReadyToEdit") is None
    assert documents.need("version", key)["status"] == "NotReady"
    assert documents.move_on("version", key, ("NotReady",), "ReadyToEdit") is not None


def test_a_link_opens_its_own_file_for_its_own_method_only(files):
    name, other = files.new(".mp4").name, files.new(".mp4").name
    query = _query(files.link(name, vendor="panjaya"))
    files.allow("GET", name, query)
    for method, wrong in (("PUT", name), ("GET", other)):
        with pytest.raises(Forged):
            files.allow(method, wrong, query)
    with pytest.raises(Forged):
        files.allow("GET", name, {**query, "Expires": str(int(query["Expires"]) + 1)})
    with pytest.raises(Forged):
        files.allow("GET", name, {**query, "filename": "other.mp4"})


def test_a_link_expires_when_the_clock_says_so(tmp_path, state):
    clock = Clock(state)
    files = Files(tmp_path / "files", state, clock, Faults())
    name = files.new(".mp4").name
    query = _query(files.link(name, vendor="panjaya", seconds=900))
    clock.skip(899)
    files.allow("GET", name, query)
    clock.skip(2)
    with pytest.raises(Expired):
        files.allow("GET", name, query)
    assert Clock(state).now() == pytest.approx(clock.now(), abs=1)


@pytest.mark.parametrize("name", ["../sandbox.db", "a", "", "0" * 32 + "/x", "0" * 32 + ".MP4", "/etc/passwd"])
def test_a_name_that_is_not_ours_leads_nowhere(files, name):
    with pytest.raises(Forged):
        files.path(name)


def test_scripts_are_read_from_srt_vtt_and_text():
    lines = parse_lines(
        "1\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\n<i>you</i>\r\n\r\n2\n01:00.000 --> 01:01.000\nBye"
    )
    assert lines == [Line(1000, 2500, "Hello you"), Line(60000, 61000, "Bye")]
    assert parse_lines(write_srt(lines)) == parse_lines(write_vtt(lines)) == lines
    assert [line.text for line in script_lines("one\n\ntwo", 4)] == ["one", "two"]


def test_a_line_ends_where_the_times_of_the_next_begin():
    """Also without a blank line between them, and so that a long script is gone through once."""
    lines = parse_lines("00:01.000 --> 00:02.000\nHello\n00:02.000 --> 00:03.000\nBye")
    assert [line.text for line in lines] == ["Hello", "Bye"]


@pytest.mark.parametrize("content", ["", "no times here", "1\n00:00:02,000 --> 00:00:01,000\nbackwards"])
def test_what_is_no_subtitle_is_refused(content):
    with pytest.raises(BadScript):
        parse_lines(content)


@pytest.mark.parametrize(("content", "right"), [
    ("WEBVTT", True), ("\ufeffWEBVTT\n", True), ("WEBVTT - title", True), ("WEBVTTX", False), ("1\n00:00", False),
])  # fmt: skip
def test_webvtt_is_told_by_its_first_line(content, right):
    assert is_webvtt(content) is right


@pytest.mark.parametrize(("code", "seconds"), [
    ("00:00:01;15", 1.5), ("01:00:00:00", 3600), ("00:00:02.250", 2.25), ("3.5", 3.5), (7, 7.0),
])  # fmt: skip
def test_timecodes_are_read_in_every_form(code, seconds):
    assert seconds_of(code) == pytest.approx(seconds)
    assert seconds_of(format_timecode(seconds)) == pytest.approx(seconds, abs=1 / 30)


@pytest.mark.parametrize("code", ["soon", "", "nan", "1e999", "-1", -0.5, float("inf")])
def test_what_is_no_moment_of_a_film_is_no_timecode(code):
    with pytest.raises(Refusal):
        seconds_of(code)


def test_two_tracks_never_get_one_number(tmp_path, monkeypatch):
    """Drawn at random out of six digits they did, and the second was a 500."""
    state = State(tmp_path / "sandbox.db")
    box = SimpleNamespace(state=state, documents=lambda name: Documents(state, name))
    drawn = iter([4711, 4711, 4712])
    monkeypatch.setattr("polyreel.sandbox.tpstreams.work.random.randrange", lambda *_: next(drawn))
    numbers = [add_track(box, {"id": "film"}, type="Subtitle")["number"] for _ in range(2)]
    state.close()
    assert numbers == [4711, 4712]
