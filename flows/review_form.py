"""The form in which a suspended run is resumed: saved as Prefect saves one, and what somebody has entered, carried out.

The server checks what is entered against the form's schema; an empty form resumes a run without an answer. Which form a
run was suspended with stands in the row of what it waits for, so that a process that dies on its way loses no answer:
whoever reads it next carries it out, and carrying it out twice is doing so once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from prefect.exceptions import PrefectHTTPStatusError
from prefect.input import Keyset, RunInput, adelete_flow_run_input, aread_flow_run_input, keyset_from_base_key
from prefect.logging import get_logger
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from polyreel.errors import PolyreelError, StoreError
from polyreel.job.review import PersonName
from polyreel.ledger.entry import Wait
from polyreel.ledger.ledger import Ledger
from polyreel.ledger.waits import WaitingRun, list_due
from polyreel.locales import english_name
from polyreel.outcome import Value
from polyreel.review.answer import Answer, carry_out, read_edits, read_wishes
from polyreel.review.decisions import Reviewer
from polyreel.review.events import ReviewKey
from polyreel.review.form import describe_form
from polyreel.review.line_choices import combine_changes
from polyreel.review.log import ReviewLog
from polyreel.review.state import Review
from polyreel.review.waits import KIND
from polyreel.store.choice import open_store
from tasks.review import address_of_page

log = get_logger("polyreel.review")
# A reason is a paragraph; edits are at most every line of a film, written anew; faults are listed for a person. The
# server keeps all of it in the run.
_MOST_WORDS, _MOST_EDITS, _MOST_FAULTS = 2000, 400_000, 20
_NOTHING = "nothing was decided: choose approve or reject for a language, or give edits"
_NAMES: TypeAdapter[str] = TypeAdapter(PersonName)


class LanguageAnswer(BaseModel):
    """What somebody decides on one language. An empty one leaves it waiting."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["leave", "approve", "reject"] = Field(
        default="leave", title="Decision", description="leave: it goes on waiting. reject: the reason says why."
    )
    reason: str = Field(
        default="",
        max_length=_MOST_WORDS,
        title="Reason",
        description="Why it is rejected; else a remark for the others.",
    )
    edits: str = Field(
        default="",
        max_length=_MOST_EDITS,
        title="Edits",
        description="New texts by line, each on a line of its own: `3: Hola a todos.` They count before the decision.",
    )

    choices: str = Field(
        default="",
        max_length=_MOST_EDITS,
        title="Voices and paces",
        description="By line: `3: voice ef_dora, pace 1.1`; `3: voice` and `4: recording drop` take back. Your own "
        "recording is brought on the review page, or by `polyreel review --recording`.",
    )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is decided, said, edited or chosen."""
        told = (self.reason, self.edits, self.choices)
        return self.decision == "leave" and not any(each.strip() for each in told)

    def to_answer(self) -> Answer:
        """The answer as reviews take it. Raises `ReviewRefused` for edits that can't be read."""
        reason = self.reason.strip()
        rejects = self.decision == "reject"
        return Answer(
            approve=self.decision == "approve",
            reject=reason if rejects else None,
            change=combine_changes(read_edits(self.edits), read_wishes(self.choices)),
            comment="" if rejects else reason,
        )


class ReviewAnswer(RunInput):
    """Who decides; below, by its locale, what they decide on each language that waits."""

    reviewer: str = Field(
        default="", max_length=100, title="Your name", description="Who decides. It is kept with the decision."
    )


class Asked(Value):
    """A language in a form, and what its review looked like then."""

    key: ReviewKey
    revision: int


class Form(Value):
    """A form that was saved: where, and what it asks for. Kept in the row of what its run waits for."""

    base: str
    languages: dict[str, Asked]

    @property
    def keyset(self) -> Keyset:
        """Under which keys the run's inputs hold its description, its schema and what was entered."""
        return keyset_from_base_key(self.base)


@dataclass(frozen=True, slots=True)
class Entered:
    """What was wrong with an answer, in words, and what was entered where it was: it is in the next form again."""

    faults: tuple[str, ...] = ()
    reviewer: str = ""
    languages: Mapping[str, LanguageAnswer] = field(default_factory=dict)


# -- asked


async def save_form(run_id: UUID, ledger: Ledger, waits: Sequence[Wait], last: Entered) -> Form | None:
    """Save the form for the languages among ``waits`` that a person decides on; None where there is none.

    Saved before the run is suspended: a state never names a form that is not there.
    """
    try:
        reviews = await _read_reviews(ledger, waits)
    except StoreError as error:
        log.warning("This run has no form to decide in: %s", error)
        return None
    if not reviews:
        return None
    asked = {each.key.locale: Asked(key=each.key, revision=each.revision) for each in reviews}
    form = Form(base=f"review-{uuid.uuid4().hex}", languages=asked)
    pages = {locale: address_of_page(each.key) for locale, each in asked.items()}
    made = _make_model(form, last).with_initial_data(
        description=await describe_form(open_store(), reviews, pages, last.faults)
    )
    try:
        await made.asave(form.keyset, run_id)
    except PrefectHTTPStatusError as error:  # a decision by any other way still counts
        log.warning("This run has no form to decide in; `polyreel review` does the same: %s", error)
        return None
    return form


async def _read_reviews(ledger: Ledger, waits: Sequence[Wait]) -> list[Review]:
    rows = [await ledger.get(wait.key) for wait in waits if wait.for_person and wait.key]
    keys = [ReviewKey.model_validate(row.details) for row in rows if row and row.kind == KIND]
    found, damaged = await ReviewLog(open_store()).read_all(keys)
    for each in damaged:
        log.warning("%s has no place in this run's form: %s", each.key.locale, each.error)
    return [each for each in found if each.asking()]


def _make_model(form: Form, last: Entered) -> type[ReviewAnswer]:
    """A model with one group of fields for each language, filled with what was entered and did not count."""
    fields: dict[str, Any] = {}
    for number, locale in enumerate(form.languages, 1):
        was = last.languages.get(locale, LanguageAnswer())
        group = _prefill(LanguageAnswer, f"Language{number}", was.model_dump())
        title = f"{locale} · {english_name(locale)}"
        fields[locale] = (group, Field(default_factory=group, title=title))
    made: type[ReviewAnswer] = create_model("ReviewAnswer", __base__=ReviewAnswer, **fields)
    filled: type[ReviewAnswer] = _prefill(made, "ReviewAnswer", {"reviewer": last.reviewer})
    return filled


def _prefill(model: Any, name: str, values: Mapping[str, Any]) -> Any:
    """The model with other values in its fields at first: the same titles, words and limits."""
    fields: dict[str, Any] = {}
    for each, value in values.items():
        field = copy(model.model_fields[each])
        field.default = value
        fields[each] = (field.annotation, field)
    return create_model(name, __base__=model, **fields)


# -- answered


async def take_answer(run_id: UUID, waiting: WaitingRun, ledger: Ledger) -> Entered:
    """Carry out what was entered when the run was resumed: each language by itself. What did not count, and why."""
    form = _form_of(waiting)
    if form is None:
        return Entered()
    given = await _read_given(run_id, form)
    if given is not None:
        found = await _carry_out_all(form, given)
    else:
        is_due = any(each.run_id == waiting.run_id for each in await list_due(ledger))
        found = Entered() if is_due else Entered(faults=(_NOTHING,))
    for fault in found.faults:
        log.warning("What was entered when this run was resumed did not count: %s", fault)
    await _drop_form(run_id, form)
    return found


async def is_answered(run_id: UUID, waiting: WaitingRun) -> bool:
    """Whether somebody has entered something that nobody has carried out yet."""
    form = _form_of(waiting)
    return form is not None and await _read_given(run_id, form) is not None


def _form_of(waiting: WaitingRun) -> Form | None:
    return Form.model_validate(waiting.form) if waiting.form else None


async def _read_given(run_id: UUID, form: Form) -> Any:
    return await aread_flow_run_input(form.keyset["response"], flow_run_id=run_id)


async def _carry_out_all(form: Form, given: Any) -> Entered:
    if not isinstance(given, dict):
        return Entered(faults=("it is no form that was filled in",))
    faults, again = [], {}
    for locale in sorted(given.keys() - form.languages.keys() - {"reviewer"}):
        faults.append(f"{locale[:40]}: no language of this run that waits for a decision")
    answers, wrong = _read_answers({name: each for name, each in given.items() if name in form.languages})
    faults += wrong
    name = str(given.get("reviewer", ""))[:100]
    if not answers and not faults:
        faults.append(_NOTHING)
    for locale, answer in answers.items():
        fault = await _carry_out_one(form.languages[locale], name, answer)
        if fault:
            faults.append(f"{locale}: {fault}")
            again[locale] = answer
    return Entered(tuple(faults[:_MOST_FAULTS]), name, again)


def _read_answers(given: Mapping[str, Any]) -> tuple[dict[str, LanguageAnswer], list[str]]:
    """What is decided on languages, and what is wrong where that can't be read."""
    answers, faults = {}, []
    for locale, each in given.items():
        try:
            answer = LanguageAnswer.model_validate(each)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            faults.append(f"{locale}: {'.'.join(map(str, first['loc']))}: {first['msg']}"[:300])
            continue
        if not answer.is_empty:
            answers[locale] = answer
    return answers, faults


async def _carry_out_one(asked: Asked, name: str, answer: LanguageAnswer) -> str:
    """Why an answer did not count; empty where it did."""
    try:
        reviewer = Reviewer(_NAMES.validate_python(name), asked.revision)
    except ValidationError:
        return "say who you are: a name of at most 100 characters"
    if answer.decision == "reject" and not answer.reason.strip():
        return "say why it is rejected, in a few words"
    try:
        await carry_out(open_store(), asked.key, reviewer, answer.to_answer())
    except PolyreelError as error:
        return str(error)
    return ""


async def _drop_form(run_id: UUID, form: Form) -> None:
    """Forget a form; what was entered last: until then it may be carried out once more."""
    for name in ("schema", "description", "response"):
        key = form.keyset[name]
        try:
            await adelete_flow_run_input(key, flow_run_id=run_id)
        except PrefectHTTPStatusError as error:
            log.debug("%s is not there: %s", key, error)
