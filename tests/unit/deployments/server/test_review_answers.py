"""What the review page is told and may do, without a browser."""

from __future__ import annotations

import asyncio
import io
import json
import time
import wave

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from deployments.commands.review import review
from deployments.server.review import answers
from deployments.server.review.pages import make_pages
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.outcome import Reel
from polyreel.review.decisions import ask
from polyreel.review.events import ReviewKey, Shown
from polyreel.review.log import ReviewLog
from polyreel.store.local import LocalStore
from polyreel.subtitles import write
from polyreel.subtitles.model import Cue, Track

KEY = ReviewKey(job="welcome", source="0123456789ab", locale="es-ES")
ANA = {"by": "Ana", "revision": 1}


async def ask_for(count: int, reviewers: tuple[str, ...] = ()) -> None:
    """A run waits for the approval of so many lines."""
    store = LocalStore()
    cues = tuple(Cue(n * 2000, n * 2000 + 1900, f"Línea {n}.") for n in range(count))
    script = store.keep_bytes(write(Track(cues), "vtt").text.encode(), ".vtt")
    reel = Reel(file=script, duration=str(2 * count))
    shown = Shown(reel=reel, source_script=script, reviewers=reviewers, profile="netflix")
    await ReviewLog(store).write(KEY, ask("script", script.sha256, made=script, script=script, reason="", shown=shown))


async def test_lines_are_edited_marked_and_commented() -> None:
    """Each answer is the review's new standing; a page that has seen the last revision gets nothing anew."""
    await ask_for(3)
    await answers.edit_lines(KEY, {**ANA, "lines": {"2": "Otra línea."}})
    await answers.mark_line(KEY, {**ANA, "revision": 2, "line": 2, "done": True})
    await answers.decide_review(KEY, {**ANA, "revision": 3, "decision": "comment", "words": "bien", "line": 2})
    found = await answers.describe_review(KEY)
    assert found is not None
    line = found["lines"][1]
    assert (line["text"], line["done"], line["comments"][0]["words"]) == ("Otra línea.", True, "bien")
    assert found["revision"] == 4
    assert [(each["did"], each["line"], each["lines"]) for each in found["events"]] == [
        ("edited", None, "2"),
        ("commented", 2, ""),
    ]
    assert await answers.describe_review(KEY, 4) is None
    approved = await answers.decide_review(KEY, {**ANA, "revision": 4, "decision": "approve"})
    assert (approved["standing"], approved["by"]) == ("approved", "Ana")
    assert [each["standing"] for each in await answers.list_reviews()] == ["approved"]


async def test_what_a_page_sends_is_refused_in_words_and_no_fault_of_the_server() -> None:
    """Half a surrogate pair is no text, and a revision of thousands of digits is none."""
    await ask_for(1)
    page, at = TestClient(make_pages()), f"/review/api/{KEY.job}~{KEY.source}/{KEY.locale}"
    said = {"by": "Ana", "revision": 1, "decision": "comment"}
    half = json.dumps({**said, "words": "bien \ud800"})
    refused = page.post(f"{at}/decide", content=half, headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")
    assert page.post(f"{at}/decide", json={**said, "words": "bien"}).status_code == 200
    assert page.get(f"{at}?seen={'9' * 5000}").status_code == 200


async def test_ten_thousand_lines_are_told_within_seconds() -> None:
    await ask_for(10_000)
    begun = time.process_time()
    found = await answers.describe_review(KEY)
    assert found is not None
    assert len(found["lines"]) == 10_000
    assert time.process_time() - begun < 10


def count_samples(sound: bytes) -> int:
    with wave.open(io.BytesIO(sound)) as file:
        return file.getnframes()


async def test_a_line_is_heard_in_a_voice_of_this_machine() -> None:
    """At its own pace, and slower; a voice that there is not, and a pace that is none, are refused by name."""
    said = await answers.speak_line(KEY, {"text": "Hola a todos."})
    slow = await answers.speak_line(KEY, {"text": "Hola a todos.", "pace": 0.8})
    by_name = await answers.speak_line(KEY, {"text": "Hola a todos.", "voice": "f2"})  # as people write it, and save it
    assert by_name != said
    lengths = [count_samples(sound) for sound in (said, slow)]
    assert 0 < lengths[0] < lengths[1]
    with pytest.raises(InvalidJob, match="pace"):
        await answers.speak_line(KEY, {"text": "Hola.", "pace": 9})
    with pytest.raises(PolyreelError):
        await answers.speak_line(KEY, {"text": "Hola.", "voice": "nobody"})


async def test_who_is_not_asked_and_who_has_no_name_decides_nothing() -> None:
    await ask_for(2, ("Ana",))
    with pytest.raises(PolyreelError, match="names Ana"):
        await answers.decide_review(KEY, {"by": "Luis", "revision": 1, "decision": "approve"})
    for nobody in ("", "   ", None, "a\x07", 5):
        with pytest.raises(InvalidJob, match="who you are"):
            await answers.decide_review(KEY, {"by": nobody, "revision": 1, "decision": "approve"})


@pytest.mark.parametrize(
    "broken", [b'{"kind": "approved", "stage": "scr', b"\xff\xfe no JSON", b"", b'{"kind": "danced"}']
)
async def test_a_damaged_event_hides_no_other_review(broken: bytes) -> None:
    """The page's list and the command's have one line for it, which names the file, and every other review."""
    await ask_for(1)
    other = ReviewKey(job="another", source=KEY.source, locale="fr-FR")
    await LocalStore().create_file(f"{other.folder}/000001.json", broken)
    found = await answers.list_reviews()
    assert [(each["job"], each["standing"]) for each in found] == [("another", "damaged"), ("welcome", "waiting")]
    assert f"{other.folder}/000001.json" in found[0]["reason"]

    listed = await asyncio.to_thread(CliRunner().invoke, review, [])
    assert listed.exit_code == 0, listed.output
    waits, damaged = listed.output.splitlines()
    assert waits.startswith("welcome")
    assert damaged.startswith("another")
    assert f"{other.folder}/000001.json" in damaged
    said = json.loads((await asyncio.to_thread(CliRunner().invoke, review, ["--json"])).output)
    assert [each["standing"] for each in said] == ["waiting", "damaged"]


async def test_a_decision_is_told_with_its_own_time_and_of_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come weeks after it was asked for; what `final` asks for is the dub."""
    store, log = LocalStore(), ReviewLog(LocalStore())
    dub = store.keep_bytes(b"a dub", ".mp4")
    script = store.keep_bytes(write(Track((Cue(0, 900, "Hola."),)), "vtt").text.encode(), ".vtt")
    asked = await log.write(KEY, ask("final", dub.sha256, made=script, script=script, reason="", shown=Shown()))
    monkeypatch.setattr("polyreel.review.decisions.format_now", lambda: "2099-01-01T00:00:00+00:00")
    await answers.decide_review(KEY, {**ANA, "decision": "approve"})
    [one] = await answers.list_reviews()
    assert one["since"] == asked.events[-1].at
    assert one["decided"] == "2099-01-01T00:00:00+00:00"
    listed = await asyncio.to_thread(CliRunner().invoke, review, [])
    assert f"final approved since {one['decided']}" in listed.output
    shown = await asyncio.to_thread(CliRunner().invoke, review, [KEY.job, KEY.locale])
    assert "its dub is approved by Ana" in shown.output
