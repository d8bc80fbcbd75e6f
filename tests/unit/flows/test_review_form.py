"""The form that a held run is resumed with: what it shows, what it takes, and that nothing entered is lost."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.schemas.objects import State
from prefect.exceptions import Pause, PrefectHTTPStatusError
from prefect.input import RunInput
from prefect.states import Crashed, Suspended
from prefect.utilities.schema_tools import validate

from flows import review_form, suspension, waking
from flows.review_form import Entered, save_form, take_answer
from flows.suspension import Pass, run_passes
from polyreel.ledger.entry import Wait
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.testing import MemoryRows
from polyreel.ledger.waits import ask_to_wait, find_waiting, list_waiting
from polyreel.outcome import Outcome, Reel, StoredFile
from polyreel.review import waits
from polyreel.review.decisions import Reviewer, approve, ask
from polyreel.review.edits import script_of
from polyreel.review.events import ReviewKey, Shown
from polyreel.review.log import ReviewLog
from polyreel.store.local import LocalStore
from polyreel.subtitles import write
from polyreel.subtitles.choices import LineChoice, read_choices
from polyreel.subtitles.model import Cue, Track

ES, FR = (ReviewKey(job="welcome", source="0123456789ab", locale=each) for each in ("es-ES", "fr-FR"))
DONE = Outcome(job="welcome", status="completed")
LINES = ("Hola a todos.", "Hoy hablamos de las reglas.", "Empezamos por el principio.")


@pytest.fixture(autouse=True)
def inputs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server keeps of the run's inputs."""
    kept: dict[str, Any] = {}

    async def save(key: str, value: Any, flow_run_id: UUID | None = None) -> None:
        kept[key] = value

    async def read(key: str, flow_run_id: UUID) -> Any:
        return kept.get(key)

    async def drop(key: str, flow_run_id: UUID) -> None:
        if kept.pop(key, None) is None:
            response = httpx.Response(404, request=httpx.Request("DELETE", "http://server"))
            raise PrefectHTTPStatusError("404", request=response.request, response=response)

    monkeypatch.setattr("prefect.input.run_input.acreate_flow_run_input", save)
    monkeypatch.setattr(review_form, "aread_flow_run_input", read)
    monkeypatch.setattr(review_form, "adelete_flow_run_input", drop)
    return kept


@pytest.fixture
async def ledger(monkeypatch: pytest.MonkeyPatch, polyreel_home: Path) -> AsyncIterator[Ledger]:
    rows = MemoryRows()
    monkeypatch.setattr(waits, "Ledger", lambda: Ledger(rows))
    async with Ledger(rows) as made:

        @asynccontextmanager
        async def books() -> AsyncIterator[Any]:
            yield SimpleNamespace(ledger=made)

        monkeypatch.setattr(suspension, "books_of_run", books)
        yield made


async def hold(ledger: Ledger, key: ReviewKey, texts: tuple[str, ...] = LINES, reviewers: tuple[str, ...] = ()) -> Wait:
    """A run has come as far as a language's script: what it waits for."""
    store = LocalStore()
    cues = tuple(Cue(n * 2000, n * 2000 + 1900, text) for n, text in enumerate(texts))
    script: StoredFile = store.keep_bytes(write(Track(cues), "vtt").text.encode(), ".vtt")
    shown = Shown(
        reel=Reel(file=script, duration=str(2 * len(texts))),
        source_script=script, reviewers=reviewers, profile="netflix",
    )  # fmt: skip
    asked = ask("script", script.sha256, made=script, script=script, reason="", shown=shown)
    row, seen = await waits.expect_decision(ledger, await ReviewLog(store).write(key, asked), "its script waits")
    return Wait(key=row, seen=seen, what=f"{key.locale}: its script waits", for_person=True)


class Run:
    """A suspended run with a form, and what the server does with what somebody enters."""

    def __init__(self, ledger: Ledger, inputs: dict[str, Any]) -> None:
        self.ledger, self.inputs, self.id = ledger, inputs, uuid4()
        self.last = Entered()

    async def suspend(self, *asked: Wait) -> dict[str, Any]:
        """Its form's schema."""
        form = await save_form(self.id, self.ledger, asked, self.last)
        assert form is not None
        await ask_to_wait(self.ledger, str(self.id), "welcome", asked, form=form.model_dump())
        self.keys = form.keyset
        return dict(self.inputs[self.keys["schema"]])

    @property
    def description(self) -> str:
        return str(self.inputs[self.keys["description"]])

    async def resume(self, **entered: Any) -> Entered:
        validate(entered, self.inputs[self.keys["schema"]], raise_on_error=True)  # as the server does
        if entered:
            self.inputs[self.keys["response"]] = entered
        waiting = await find_waiting(self.ledger, str(self.id))
        assert waiting is not None
        self.last = await take_answer(self.id, waiting, self.ledger)
        assert not self.inputs, "nothing of a form stays"
        return self.last


@pytest.fixture
def run(ledger: Ledger, inputs: dict[str, Any]) -> Run:
    return Run(ledger, inputs)


async def standing(key: ReviewKey) -> tuple[str, str]:
    review = await ReviewLog(LocalStore()).read(key)
    asking = review.asking()
    assert asking is not None
    return asking.standing, asking.decision.by if asking.decision else ""


async def test_edits_and_a_decision_count_for_each_language_with_who_and_why(ledger: Ledger, run: Run) -> None:
    await run.suspend(await hold(ledger, ES), await hold(ledger, FR))
    spanish = {
        "decision": "approve",
        "reason": "suena bien",
        "edits": "1: Buenas a todos.\n\n3: Primero,\nel principio.",
    }
    done = await run.resume(
        reviewer="Ana", **{"es-ES": spanish, "fr-FR": {"decision": "reject", "reason": "trop familier"}}
    )
    assert done == Entered((), "Ana")
    assert [await standing(key) for key in (ES, FR)] == [("approved", "Ana"), ("rejected", "Ana")]
    review = await ReviewLog(LocalStore()).read(ES)
    assert [cue.text for cue in (await script_of(LocalStore(), review)).cues] == [
        "Buenas a todos.", LINES[1], "Primero,\nel principio.",
    ]  # fmt: skip
    assert [(each.did, each.by, each.reason) for each in review.records()] == [
        ("edited", "Ana", "suena bien"), ("approved", "Ana", "suena bien"),
    ]  # fmt: skip
    assert (await ReviewLog(LocalStore()).read(FR)).records()[-1].reason == "trop familier"


async def test_voices_and_paces_are_chosen_with_new_words_and_shown_in_the_next_form(ledger: Ledger, run: Run) -> None:
    """In one edit; and taken back by the word alone."""
    await run.suspend(await hold(ledger, ES))
    chosen = {"edits": "1: Buenas.", "choices": "1: voice espeak-ng:f2, pace 1.1\n2: pace 0.9"}
    assert await run.resume(reviewer="Ana", **{"es-ES": chosen}) == Entered((), "Ana")
    review = await ReviewLog(LocalStore()).read(ES)
    assert review.revision == 2
    track = await script_of(LocalStore(), review)
    assert read_choices(track) == {0: LineChoice(voice="espeak-ng:f2", pace=1.1), 1: LineChoice(pace=0.9)}
    row, seen = await waits.expect_decision(ledger, review, "its script waits")
    await run.suspend(Wait(key=row, seen=seen, what="es-ES: its script waits", for_person=True))
    assert "said otherwise: voice espeak-ng:f2, pace 1.1" in run.description.replace("\\", "")
    assert await run.resume(reviewer="Ana", **{"es-ES": {"choices": "1: voice, pace\n2: pace"}}) == Entered((), "Ana")
    assert read_choices(await script_of(LocalStore(), await ReviewLog(LocalStore()).read(ES))) == {}


@pytest.mark.parametrize(
    ("entered", "why"),
    [
        ({}, "nothing was decided"),
        ({"reviewer": "Ana"}, "nothing was decided"),
        ({"es-ES": {"decision": "approve"}}, "es-ES: say who you are"),
        ({"reviewer": "Ana", "es-ES": {"decision": "reject", "reason": " "}}, "es-ES: say why"),
        ({"reviewer": "Ana", "es-ES": {"edits": "9: Nada."}}, "there is no line 9: the script has 3"),
        ({"reviewer": "Ana", "es-ES": {"edits": "Nada."}}, "'Nada.' begins with no line's number"),
        ({"reviewer": "Ana", "es-ES": {"edits": "1: a\n1: b"}}, "line 1 is there twice"),
        ({"reviewer": "Ana", "es-ES": {"edits": "1:"}}, "line 1 is empty"),
        ({"reviewer": "Ana", "es-ES": {"choices": "1: pace 9"}}, "line 1: a pace is from 0.5 to 2"),
        ({"reviewer": "Ana", "es-ES": {"choices": "1: voice nobody"}}, "no voice 'nobody'"),
        ({"reviewer": "Ana", "es-ES": {"choices": "1: louder"}}, "line 1 says 'louder'"),
        ({"reviewer": "Luis", "fr-FR": {"decision": "approve"}}, "the job names Luc as reviewers, not 'Luis'"),
    ],
)
async def test_what_does_not_fit_is_asked_again_with_what_was_entered(
    ledger: Ledger, run: Run, entered: dict[str, Any], why: str
) -> None:
    asked = [await hold(ledger, ES), await hold(ledger, FR, reviewers=("Luc",))]
    await run.suspend(*asked)
    done = await run.resume(**entered)
    assert any(why in each for each in done.faults), done
    assert [await standing(key) for key in (ES, FR)] == [("waiting", ""), ("waiting", "")]
    assert (await ReviewLog(LocalStore()).read(ES)).revision == 1
    schema = await run.suspend(*asked)
    assert why.rpartition(": ")[2] in run.description.replace("\\", "")
    for number, locale in enumerate(("es-ES", "fr-FR"), 1):
        first = {
            name: each["default"] for name, each in schema["definitions"][f"Language{number}"]["properties"].items()
        }
        assert first == {"decision": "leave", "reason": "", "edits": "", "choices": "", **entered.get(locale, {})}
    assert schema["properties"]["reviewer"]["default"] == entered.get("reviewer", "")


@pytest.mark.parametrize(
    "entered",
    [
        {"reviewer": "Ana", "de-DE": {"decision": "approve"}},
        {"reviewer": "Ana", "es-ES": {"decision": "perhaps"}},
        {"reviewer": "Ana", "es-ES": {"edits": 3}},
        {"reviewer": "A" * 101},
    ],
)
async def test_another_language_or_word_is_refused_by_the_server_and_by_whoever_reads_it(
    ledger: Ledger, run: Run, entered: dict[str, Any]
) -> None:
    await run.suspend(await hold(ledger, ES))
    with pytest.raises(Exception, match=r"is not one of|is not of type|unexpected|too long"):
        await run.resume(**entered)
    run.inputs[run.keys["response"]] = entered  # by a program that asks nobody
    waiting = await find_waiting(ledger, str(run.id))
    assert waiting is not None
    assert (await take_answer(run.id, waiting, ledger)).faults
    assert await standing(ES) == ("waiting", "")


async def test_a_decision_by_another_way_stands(ledger: Ledger, run: Run) -> None:
    """Who approves twice approves once; who rejects what was approved meanwhile is told by whom."""
    asked = await hold(ledger, ES)
    await run.suspend(asked)
    await ReviewLog(LocalStore()).write(ES, approve(Reviewer("Luis")))
    late = await run.resume(reviewer="Ana", **{"es-ES": {"decision": "reject", "reason": "no"}})
    assert re.search("Luis approved it", late.faults[0])
    await run.suspend(asked)
    assert (await run.resume(reviewer="Ana", **{"es-ES": {"decision": "approve"}})).faults == ()
    assert await standing(ES) == ("approved", "Luis")


async def test_an_answer_that_was_carried_out_by_who_died_then_changes_nothing(ledger: Ledger, run: Run) -> None:
    """Killed between the review's record and the form's end: the next process reads the same answer again."""
    await run.suspend(await hold(ledger, ES))
    entered = {"reviewer": "Ana", "es-ES": {"decision": "approve", "edits": "2: Otra."}}
    form = review_form.Form.model_validate((await find_waiting(ledger, str(run.id))).form)  # type: ignore[union-attr]
    assert (await review_form._carry_out_all(form, entered)).faults == ()
    revision = (await ReviewLog(LocalStore()).read(ES)).revision
    assert (await run.resume(**entered)).faults == ()
    assert (await ReviewLog(LocalStore()).read(ES)).revision == revision


async def test_hostile_words_are_words_and_the_form_is_bounded(ledger: Ledger, run: Run) -> None:
    """Lines that the profile finds something in come first where not all have room."""
    hostile = "<script>x()</script> [a](http://evil.example) www.evil.example a@evil.example | ![i](//e) `c` &lt;"
    long = "Una línea que nadie puede leer en dos segundos, porque tiene demasiadas letras para eso. " * 2
    texts = (hostile, *(f"Línea número {n}." for n in range(9998)), long)
    await run.suspend(await hold(ledger, ES, texts), await hold(ledger, FR, (hostile,)))
    shown = run.description
    assert len(shown) < 40_000
    assert "Not shown here: " in shown
    assert re.search(r"^- \*\*10000\*\* ", shown, re.MULTILINE)
    bare = re.sub(r"\\.", "", shown)
    assert not re.search(r"<|\]\(|https?://|www\.|@|`c", bare), bare


async def test_the_run_is_suspended_with_its_form_and_says_at_its_end_what_did_not_count(
    ledger: Ledger, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = SimpleNamespace(
        id=uuid4(), deployment_id=uuid4(), run_count=1, empirical_policy=SimpleNamespace(pause_keys=set())
    )
    monkeypatch.setattr(suspension, "find_deployed_run", lambda: run)
    states: list[State[Any]] = []

    class Client:
        async def __aenter__(self) -> Client:
            return self

        async def __aexit__(self, *_: Any) -> None: ...

        async def set_flow_run_state(self, _run: UUID, state: State[Any]) -> Any:
            states.append(state)
            return SimpleNamespace(status=suspension.SetStateStatus.ACCEPT, state=Suspended())

    monkeypatch.setattr(suspension, "get_client", Client)
    asked = [await hold(ledger, ES)]

    async def one_pass() -> Pass:
        return Pass(DONE, tuple(asked))

    for entered in ({"reviewer": "Ana", "es-ES": {"edits": "9: Nada."}}, {"reviewer": "Ana", "es-ES": {"edits": "x"}}):
        with pytest.raises(Pause):
            await run_passes("welcome", one_pass)
        assert states[-1].name == "Held", "somebody is told again"
        keys = states[-1].state_details.run_input_keyset
        assert keys is not None
        assert set(inputs) == {keys["schema"], keys["description"]}
        run.empirical_policy.pause_keys.add("one")
        inputs[keys["response"]] = entered
    assert "no line 9" in inputs[keys["description"]]
    asked.clear()  # decided by another way
    ended = await run_passes("welcome", one_pass)
    assert "'x' begins with no line's number" in ended.notes[0]
    assert inputs == {}


async def test_a_run_that_died_with_an_answer_goes_on(
    ledger: Ledger, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server resumed it, and its process was killed before it had read what was entered."""
    monkeypatch.setattr(waking, "_forms_seen", waking._FormsSeen())
    await run.suspend(await hold(ledger, ES))

    class Client:
        def __init__(self) -> None:
            self.states: list[State[Any]] = [Crashed()]

        async def read_flow_runs(self, flow_run_filter: Any) -> Any:
            return [SimpleNamespace(id=run.id)]

        async def read_flow_run(self, _run: UUID) -> Any:
            return SimpleNamespace(state=self.states[-1])

        async def set_flow_run_state(self, _run: UUID, state: State[Any], force: bool) -> Any:
            self.states.append(state)
            return SimpleNamespace(status=suspension.SetStateStatus.ACCEPT)

    client: Any = Client()
    assert await waking.wake_due(client, ledger) == []
    run.inputs[run.keys["response"]] = {"reviewer": "Ana", "es-ES": {"decision": "approve"}}
    monkeypatch.setattr(waking, "_forms_seen", waking._FormsSeen())
    assert [each.run_id for each in await waking.wake_due(client, ledger)] == [str(run.id)]
    (waiting,) = await list_waiting(ledger)
    assert (await take_answer(run.id, waiting, ledger)).faults == ()
    assert await standing(ES) == ("approved", "Ana")


async def test_a_server_that_takes_no_form_suspends_the_run_all_the_same(
    ledger: Ledger, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        response = httpx.Response(500, request=httpx.Request("POST", "http://server"))
        raise PrefectHTTPStatusError("500", request=response.request, response=response)

    monkeypatch.setattr(RunInput, "asave", refuse)
    assert await save_form(run.id, ledger, [await hold(ledger, ES)], Entered()) is None
