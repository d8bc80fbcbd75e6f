"""Two people, one language: nothing is lost, nothing overwritten, and an approval belongs to exactly what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from polyreel.errors import ReviewRefused, StoreError, SubtitleError
from polyreel.job.review import ReviewTimeout
from polyreel.outcome import PictureYield, Reel, StoredFile
from polyreel.review.decisions import (
    Reviewer,
    approve,
    ask,
    comment,
    note_delivered,
    reject,
    time_of_timeout,
    time_out,
)
from polyreel.review.edits import Edit, edit_script, find_changed_lines, from_file, from_lines, lines_of, script_of
from polyreel.review.events import Event, ReviewKey, Shown
from polyreel.review.log import ReviewLog
from polyreel.review.orders import Order, take_order
from polyreel.review.state import Asking, Review
from polyreel.review.versions import list_versions
from polyreel.store.local import LocalStore
from polyreel.subtitles import write
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.reel_times import cut_to_reel

KEY = ReviewKey(job="welcome", source="0123456789ab", locale="es-ES")
ANA, LUIS = Reviewer("Ana"), Reviewer("Luis")
LINES = (
    Cue(0, 2000, "Hola a todos.", speaker="Ana"),
    Cue(2500, 5000, "Hoy vamos a hablar de las nuevas reglas."),
    Cue(6000, 9000, "Empezamos por el <i>principio</i>."),
)


@pytest.fixture
def store() -> LocalStore:
    return LocalStore()


def keep(store: LocalStore, track: Track) -> StoredFile:
    return store.keep_bytes(write(track, "vtt").text.encode(), ".vtt")


Asked = Callable[..., Review]


@pytest.fixture
def asked(store: LocalStore) -> Asked:
    """A run has come as far as the script and asks: ``asked(reviewers=("Ana",))``."""

    def make(**shown: object) -> Review:
        script = keep(store, Track(LINES))
        reel = Reel(file=script, duration="10")
        facts = Shown.model_validate({"reel": reel, **shown})
        step = ask("script", script.sha256, made=script, script=script, reason="", shown=facts)
        return asyncio.run(ReviewLog(store).write(KEY, step))

    return make


def write_step(store: LocalStore, step: Callable[[Review], Event | None]) -> Review:
    return asyncio.run(ReviewLog(store).write(KEY, step))


def edit(store: LocalStore, who: Reviewer, **lines: str) -> Review:
    texts = {int(name.removeprefix("line")): text for name, text in lines.items()}
    return asyncio.run(edit_script(store, KEY, Edit(who, from_lines(texts))))


def standing(review: Review) -> Asking:
    found = review.asking()
    assert found is not None
    return found


def texts(store: LocalStore, review: Review) -> list[str]:
    return [cue.text for cue in asyncio.run(script_of(store, review)).cues]


def test_asking_for_the_same_again_and_approving_twice_change_nothing(store: LocalStore, asked: Asked) -> None:
    assert asked().revision == asked().revision == 1
    first = write_step(store, approve(ANA))
    assert standing(first).standing == "approved"
    assert write_step(store, approve(LUIS)).events == first.events


def test_a_changed_script_asks_again(store: LocalStore, asked: Asked) -> None:
    """An approval belongs to the words that were read: one edited word, and it is no approval of the new script."""
    asked()
    write_step(store, approve(ANA))
    edited = edit(store, LUIS, line1="Buenas.")
    assert standing(edited).standing == "waiting"
    assert standing(write_step(store, approve(ANA))).standing == "approved"


def test_a_rejected_script_is_edited_and_then_waits_again(store: LocalStore, asked: Asked) -> None:
    asked()
    rejected = standing(write_step(store, reject(ANA, "no es formal")))
    assert rejected.decision is not None
    assert (rejected.standing, rejected.decision.reason) == ("rejected", "no es formal")
    assert standing(edit(store, ANA, line1="Buenos días.")).standing == "waiting"


def test_what_is_approved_is_not_rejected_late(store: LocalStore, asked: Asked) -> None:
    """A run may have bought speech with it: the way on is a revision."""
    asked()
    write_step(store, approve(ANA))
    with pytest.raises(ReviewRefused, match="Ana approved it") as refused:
        write_step(store, reject(LUIS, "no"))
    assert "polyreel revise" in refused.value.remedy


def test_nobody_decides_on_what_was_never_asked_or_is_out_already(store: LocalStore, asked: Asked) -> None:
    with pytest.raises(ReviewRefused, match="nothing of this language waits"):
        write_step(store, approve(ANA))
    script = standing(asked()).asked.script
    assert script is not None
    write_step(store, note_delivered("dub", made=script, script=script, shown=Shown()))
    with pytest.raises(ReviewRefused, match="delivered already"):
        write_step(store, approve(ANA))


def test_a_decision_is_refused_when_it_changed_since_it_was_looked_at(store: LocalStore, asked: Asked) -> None:
    """A comment changes nothing of it; an edit does, and is named with who made it."""
    asked()
    write_step(store, comment(LUIS, "line 2 is long", 2))
    assert standing(write_step(store, reject(Reviewer("Ana", 1), "no"))).standing == "rejected"
    edit(store, LUIS, line2="Hoy hablamos de reglas.")
    with pytest.raises(ReviewRefused, match="Luis edited line 2"):
        write_step(store, approve(Reviewer("Ana", 1)))
    assert standing(write_step(store, approve(Reviewer("Ana", 4)))).standing == "approved"


def test_only_the_named_reviewers_decide_and_edit(store: LocalStore, asked: Asked) -> None:
    asked(reviewers=("Ana",))
    for refused in (lambda: write_step(store, approve(LUIS)), lambda: edit(store, LUIS, line1="Eh.")):
        with pytest.raises(ReviewRefused, match="names Ana as reviewers"):
            refused()
    assert standing(write_step(store, approve(Reviewer("ana")))).standing == "approved"


def test_edits_of_other_lines_are_both_kept_and_of_the_same_line_refused(store: LocalStore, asked: Asked) -> None:
    """Both looked at revision 1. The second writer's edit is merged, or named as a conflict; nothing is overwritten."""
    asked()
    edit(store, Reviewer("Luis", 1), line1="Buenas.")
    merged = edit(store, Reviewer("Ana", 1), line2="Hoy hablamos de reglas.")
    assert texts(store, merged)[:2] == ["Buenas.", "Hoy hablamos de reglas."]
    with pytest.raises(ReviewRefused, match="line 1 changed on both sides"):
        edit(store, Reviewer("Ana", 1), line1="Hola.")
    with pytest.raises(ReviewRefused, match="Ana edited line 2"):
        edit(store, Reviewer("Eva"), line3="Ya.")  # who does not say what they have seen
    assert texts(store, asyncio.run(ReviewLog(store).read(KEY))) == texts(store, merged)


async def test_many_reviewers_at_one_moment_lose_nothing(store: LocalStore) -> None:
    """Twenty people edit twenty lines at once: twenty revisions, and every line as its editor left it."""
    track = Track(tuple(Cue(n * 1000, n * 1000 + 900, f"Línea {n}.") for n in range(20)))
    script = keep(store, track)
    await ReviewLog(store).write(
        KEY, ask("script", script.sha256, made=script, script=script, reason="", shown=Shown())
    )
    edits = [Edit(Reviewer(f"R{n}", 1), from_lines({n + 1: f"Nueva {n}."})) for n in range(20)]
    await asyncio.gather(*(edit_script(store, KEY, each) for each in edits))
    review = await ReviewLog(store).read(KEY)
    assert review.revision == 21
    assert [line["text"] for line in await lines_of(store, review)] == [f"Nueva {n}." for n in range(20)]


def test_a_file_keeps_who_speaks_and_what_is_markup_stays_text(store: LocalStore, asked: Asked, tmp_path: Path) -> None:
    """SubRip has no place for speakers: lines that stand where one stood keep them. Typed text is never markup."""
    asked()
    file = tmp_path / "edited.srt"
    file.write_text("1\n00:00:00,000 --> 00:00:02,000\nHola.\n\n2\n00:00:02,500 --> 00:00:05,000\nReglas.\n", "utf-8")
    review = asyncio.run(edit_script(store, KEY, Edit(ANA, from_file(file, "es-ES"))))
    assert [(cue.text, cue.speaker) for cue in asyncio.run(script_of(store, review)).cues] == [
        ("Hola.", "Ana"),
        ("Reglas.", None),
    ]
    hostile = edit(store, ANA, line2="<script>alert(1)</script> & <v Eva>")
    assert asyncio.run(lines_of(store, hostile))[1]["text"] == "<script>alert(1)</script> & <v Eva>"


@pytest.mark.parametrize(
    ("number", "text", "why"),
    [(9, "Eh.", "there is no line 9"), (1, "  ", "is empty"), (1, "a\x07", "control"), (2, "x" * 5001, "5000")],
)
def test_a_line_that_is_none_is_refused(store: LocalStore, asked: Asked, number: int, text: str, why: str) -> None:
    asked()
    with pytest.raises(ReviewRefused, match=why):
        edit(store, ANA, **{f"line{number}": text})


@pytest.mark.parametrize(
    ("cues", "code"),
    [
        (
            [(0, "Dies ist ein deutscher Text, der ganz sicher nicht auf Spanisch geschrieben worden ist.")],
            "wrong_language",
        ),
        ([(0, "Hola a todos."), (99_000, "Hasta la próxima.")], "script_outside_reel"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_nothing_changes(
    store: LocalStore, asked: Asked, tmp_path: Path, cues: list[tuple[int, str]], code: str
) -> None:
    """Of another language, or with lines outside the reel: one line each, and the script is as it was."""
    before = asked()
    file = tmp_path / "edited.vtt"
    file.write_text(write(Track(tuple(Cue(at, at + 4000, text) for at, text in cues)), "vtt").text, "utf-8")
    with pytest.raises(SubtitleError) as refused:
        asyncio.run(edit_script(store, KEY, Edit(ANA, from_file(file, "es-ES"))))
    assert refused.value.code == code
    assert asyncio.run(ReviewLog(store).read(KEY)).events == before.events


def test_edits_belong_to_the_script_that_they_were_made_of(store: LocalStore, asked: Asked) -> None:
    """The job's own script changes: what was edited before does not count for it, and counts again when it is back."""
    review = asked()
    made = standing(review).asked.script
    assert made is not None
    edited = edit(store, ANA, line1="Buenas.")
    other = keep(store, Track(LINES[:2]))
    assert edited.current(other) == other
    assert edited.current(made) != made


def test_a_damaged_event_is_named_and_nothing_is_guessed(store: LocalStore, asked: Asked) -> None:
    asked()
    event = next((store.root / "reviews").rglob("*.json"))
    event.write_text("{")
    with pytest.raises(StoreError, match="can't be read") as refused:
        asyncio.run(ReviewLog(store).read(KEY))
    assert refused.value.where.endswith("000001.json")


def take(store: LocalStore, name: str, who: Reviewer = ANA, **lines: str) -> Review:
    texts = {int(number.removeprefix("line")): text for number, text in lines.items()}
    return asyncio.run(take_order(store, KEY, Order(who, from_lines(texts), "why", name)))


def texts_of(store: LocalStore, review: Review) -> list[str]:
    return [cue.text for cue in asyncio.run(script_of(store, review)).cues]


def test_an_order_counts_once_and_leaves_what_others_edit_later(store: LocalStore, asked: Asked) -> None:
    """A run that was killed or suspended reads its order again: nothing happens, also where lines were edited since."""
    asked()
    ordered = take(store, "run-1", line1="Buenas.")
    assert [each.kind for each in ordered.events] == ["asked", "edited", "approved"]
    assert take(store, "run-1", line1="Buenas.") == ordered
    later = edit(store, Reviewer("Luis", ordered.revision), line1="Buenos días.")
    again = take(store, "run-1", line1="Buenas.")
    assert (again, texts_of(store, again)[0]) == (later, "Buenos días.")
    assert standing(again).standing == "waiting"  # Luis's line is approved by nobody


def test_an_order_that_died_half_way_approves_its_own_script_only(store: LocalStore, asked: Asked) -> None:
    asked()
    change = from_lines({1: "Buenas."})
    edited = asyncio.run(edit_script(store, KEY, Edit(ANA, change, "why", "run-1")))
    assert standing(edited).standing == "waiting"
    assert standing(take(store, "run-1", line1="Buenas.")).standing == "approved"
    asyncio.run(edit_script(store, KEY, Edit(ANA, from_lines({2: "Otra."}), "why", "run-2")))
    edit(store, ANA, line2="De Ana.")
    assert standing(take(store, "run-2", line2="Otra.")).standing == "waiting"


def test_an_order_that_changes_nothing_is_read_once_too(store: LocalStore, asked: Asked) -> None:
    """It approves the script as it stands; where that was approved before, the record says that it was read."""
    asked()
    take(store, "run-1", line1=LINES[0].text)
    same = take(store, "run-2", line1=LINES[0].text)
    assert [each.kind for each in same.events] == ["asked", "approved", "commented"]
    later = edit(store, ANA, line1="Buenas.")
    assert take(store, "run-2", line1=LINES[0].text) == later


def test_an_order_that_does_not_fit_changes_nothing(store: LocalStore, asked: Asked) -> None:
    before = asked(reviewers=("Luis",))
    with pytest.raises(ReviewRefused, match="names Luis"):
        take(store, "run-1", line1="Buenas.")
    with pytest.raises(ReviewRefused, match="no line 9"):
        take(store, "run-1", LUIS, line9="Nada.")
    assert asyncio.run(ReviewLog(store).read(KEY)) == before


@pytest.mark.parametrize(("then", "stands"), [("approve", "approved"), ("reject", "rejected")])
def test_what_the_job_says_of_time_counts_once_and_not_before(
    store: LocalStore, asked: Asked, then: str, stands: str
) -> None:
    """Named reviewers don't keep it from happening; an edit begins the time anew; what was decided stays."""
    began = datetime.fromisoformat(asked(reviewers=("Luis",)).events[0].at).timestamp()
    timeout = ReviewTimeout.model_validate({"hours": 2, "then": then})
    assert write_step(store, time_out(timeout, began + 7199)).revision == 1
    late = write_step(store, time_out(timeout, began + 7200))
    decision = standing(late).decision
    assert decision is not None
    assert (standing(late).standing, decision.by) == (stands, "the job's timeout")
    assert decision.reason == "nobody decided within 2 hours"
    assert write_step(store, time_out(timeout, began + 9999)) == late


def test_an_edit_begins_the_time_anew_and_a_decision_ends_it(store: LocalStore, asked: Asked) -> None:
    began = datetime.fromisoformat(asked().events[0].at).timestamp()
    edited = edit(store, ANA, line1="Buenas.")
    moved = edited.events[-1].model_copy(update={"at": "2100-01-01T00:00:00+00:00"})
    later = Review(KEY, (*edited.events[:-1], moved))
    timeout = ReviewTimeout(hours=1, then="approve")
    assert time_of_timeout(timeout, later) == 4102444800 + 3600
    assert time_out(timeout, 4102444800)(later) is None
    decided = write_step(store, reject(LUIS, "no"))
    assert write_step(store, time_out(timeout, began + 1e9)) == decided


def test_going_back_to_a_version_does_not_change_who_made_it(store: LocalStore) -> None:
    """As made, Ana's words, and the first ones again, which Luis ordered: each version keeps its own."""
    first, second = (store.keep_bytes(text, ".vtt") for text in (b"WEBVTT one", b"WEBVTT two"))
    events = (
        Event(kind="delivered", script=first, at="1"),
        Event(kind="edited", by="Ana", reason="warmer", subject=first.sha256, script=second, changed=(1,)),
        Event(kind="delivered", script=second, at="2"),
        Event(kind="edited", by="Luis", reason="back to version 1", subject=second.sha256, script=first),
        Event(kind="delivered", script=first, at="3"),
    )
    found = list_versions(Review(ReviewKey(job="reel", source="0", locale="es-ES"), events))
    assert [(each.number, each.by, each.reason, each.changed, each.current) for each in found] == [
        (1, "", "", (), False),
        (2, "Ana", "warmer", (1,), False),
        (3, "Luis", "back to version 1", (), True),
    ]


def test_a_delivered_file_of_a_reel_that_was_cut_short_loses_no_line_beyond_it(tmp_path: Path) -> None:
    """The reel begins with the source: both files count from one zero; the line at its end keeps its time."""
    cues = (Cue(0, 900, "Hola."), Cue(1000, 1900, "Dos."), Cue(1950, 2600, "Cortada."), Cue(3000, 3900, "Fuera."))
    reel = Reel(file=StoredFile(uri="file:///reel", sha256="0" * 64, bytes=1), duration="2")
    delivered = tmp_path / "delivered.srt"
    delivered.write_text(write(Track((Cue(0, 900, "Buenas."), Cue(1950, 2000, "Cortada."))), "srt").text)
    after = from_file(delivered, "es-ES")(Track(cues), Shown(reel=reel))
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in after.cues] == [
        (0, 900, "Buenas."),
        (1950, 2600, "Cortada."),
        (3000, 3900, "Fuera."),
    ]
    whole = tmp_path / "whole.srt"
    whole.write_text(write(Track((Cue(0, 900, "Buenas."), Cue(3000, 3900, "Afuera."))), "srt").text)
    assert [cue.text for cue in from_file(whole, "es-ES")(Track(cues), Shown(reel=reel)).cues] == ["Buenas.", "Afuera."]


def test_a_delivered_file_of_a_picture_that_gave_way_keeps_the_scripts_own_times(tmp_path: Path) -> None:
    """What is not edited stays to the millisecond: a line a millisecond later would be spoken again."""
    yields = (PictureYield(start_ms=1000, end_ms=3001, slow_ms=333, hold_ms=600, hold_at_ms=2500, line_ms=1000),)
    script = Track(tuple(Cue(10_000 + 777 * n, 10_500 + 777 * n, f"Frase {n}.") for n in range(12)))
    reel = Reel(file=StoredFile(uri="file:///reel", sha256="0" * 64, bytes=1), start="10", duration="7")
    shown = Shown(reel=reel, yields=yields)
    own = reel.model_copy(update={"yields": yields, "duration": "7.933"})
    cues = [replace(cue, text="Otra.") if cue.text == "Frase 5." else cue for cue in cut_to_reel(script, own).cues]
    delivered = tmp_path / "delivered.srt"
    delivered.write_text(write(Track(tuple(cues)), "srt").text)
    after = from_file(delivered, "es-ES")(script, shown)
    assert [(cue.start_ms, cue.end_ms) for cue in after.cues] == [(cue.start_ms, cue.end_ms) for cue in script.cues]
    assert find_changed_lines(script, after) == (6,)
    as_given = tmp_path / "script.srt"
    as_given.write_text(write(script, "srt").text)
    assert find_changed_lines(script, from_file(as_given, "es-ES")(script, shown)) == ()
