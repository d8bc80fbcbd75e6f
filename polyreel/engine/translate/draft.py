"""The order of work of a draft: batches with context, every line accounted for, glossary kept, one round of shortening.

Asking is bounded: a batch, once more what was wrong in it (with its neighbours, as lines are merged into neighbours),
each still missing line alone, and then the job's language ends with an error: a hole is never filled with silence.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from polyreel import locales
from polyreel.engine.translate.glossary import find_lost_terms, terms_in
from polyreel.engine.translate.port import Drafter, Line, Order, Term, Unread, quote_answer
from polyreel.engine.voice.text.spoken import can_be_said
from polyreel.errors import EngineError
from polyreel.errors.wording import spell_count
from polyreel.net.entities import decode_entities

# Enough to keep a scene together, and few enough that small local models don't lose count.
BATCH = 24
# Who is spoken to, and of what, stands a few lines before; more costs tokens in each batch.
CONTEXT = 4
# Beyond any translation: a model that explains itself, or answers the line in place of translating it.
_LONGEST_RATIO, _LONGEST_EXTRA = 5, 60
# Names, "OK" and "Okay, Bob" are the same in many languages.
_LEAST_WORDS = 4
# Shorter ones ("Yes.") stand inside of others by chance.
_SHORTEST_MERGED = 8
_QUOTES = frozenset({'""', "“”", "„“", "«»", "「」"})
_OPENING = frozenset("\"“„«「'")
# One ideograph says what several letters do: what is long for an alphabet differs.
_WIDE_RATIO = 9


@dataclass(frozen=True, slots=True)
class Task:
    """What is translated into what. ``most`` is the characters that each line has time for."""

    source: str
    target: str
    texts: Sequence[str]
    most: Sequence[int]
    terms: Sequence[Term] = ()
    known: Mapping[int, str] = field(default_factory=dict)
    """Lines whose translation a person has approved: they are taken as they are."""


@dataclass
class Draft:
    """The lines in the target language, and what a person should know of them."""

    lines: list[str]
    notes: list[str] = field(default_factory=list)


async def draft_lines(task: Task, drafter: Drafter, on_progress: Callable[[float], None]) -> Draft:
    """Translate every line. Raises EngineError (``translation_failed``), or what the drafter raises."""
    found: dict[int, str] = {n: text for n, text in enumerate(task.texts) if not can_be_said(text)} | dict(task.known)
    work = [number for number in range(len(task.texts)) if number not in found]
    for start in range(0, len(work), BATCH):
        batch = work[start : start + BATCH]
        found.update(await _batch(task, drafter, batch))
        on_progress((start + len(batch)) / len(work))
    lines = [found[number] for number in range(len(task.texts))]
    return Draft(lines, [*_broken_terms(task, lines), *_list_untranslated(task, lines)])


async def shorten_lines(
    task: Task, drafter: Drafter, drafts: Sequence[str], too_long: Mapping[int, int]
) -> tuple[list[str], int]:
    """One round for lines that are too long to say. ``too_long``: number -> the characters there is time for.

    What comes back is taken where it is shorter and keeps the terms. Returns the lines, and how many became shorter.
    """
    lines, better = list(drafts), 0
    # What a person approved is never reworded.
    numbers = sorted(set(too_long) - set(task.known))
    for start in range(0, len(numbers), BATCH):
        batch = numbers[start : start + BATCH]
        order = _order(task, batch, most=too_long)
        answer = await drafter.shorten(order, {number: lines[number] for number in batch})
        for number, text in _sound(task, batch, answer).items():
            lost = len(_find_lost_terms(task, number, text)) > len(_find_lost_terms(task, number, lines[number]))
            if len(text) < len(lines[number]) and not lost:
                lines[number] = text
                better += 1
    return lines, better


async def _batch(task: Task, drafter: Drafter, numbers: Sequence[int]) -> dict[int, str]:
    answer = await drafter.translate(_order(task, numbers))
    found = _sound(task, numbers, answer)
    if len(found) < len(numbers):
        found = await _ask_again(task, drafter, numbers, found, _find_echoes(task, numbers, answer))
    return await _with_terms(task, drafter, found)


async def _ask_again(
    task: Task, drafter: Drafter, numbers: Sequence[int], found: dict[int, str], echoed: dict[int, str]
) -> dict[int, str]:
    """What was wrong, once more; then each line alone. What came back as it was, twice, is left so."""
    doubtful = _with_neighbours(numbers, found) if len(numbers) > 1 else numbers
    answer = await drafter.translate(_order(task, doubtful))
    found = {n: text for n, text in found.items() if n not in doubtful} | _sound(task, doubtful, answer)
    echoed = echoed | _find_echoes(task, doubtful, answer)
    for number in [number for number in numbers if number not in found and number not in echoed]:
        found |= await _translate_alone(task, drafter, number, found)
    # What was translated counts before what came back as it went.
    return echoed | found


async def _translate_alone(task: Task, drafter: Drafter, number: int, found: Mapping[int, str]) -> dict[int, str]:
    """One line; and the line beside it alone, too, that has said it already. Raises EngineError."""
    answer = await drafter.translate(_order(task, [number]))
    said = _plausible(task, [number], answer)
    if number not in said:
        raise EngineError(
            f"{drafter.name} gave no usable translation of line {number + 1}: {task.texts[number][:60]!r}; "
            f"{_quote_answer(answer, number)}",
            code="translation_failed",
            where=task.target,
            remedy="Run again, try another model or service, or give the target its script.",
        )
    for beside in (number - 1, number + 1):
        if len(said[number]) > _SHORTEST_MERGED and _strip_marks(said[number]) in _strip_marks(found.get(beside, "")):
            said |= _sound(task, [beside], await drafter.translate(_order(task, [beside])))
    return said


def _quote_answer(answer: Mapping[int, str], number: int) -> str:
    """What came in place of a translation, quoted."""
    said = answer.said if isinstance(answer, Unread) else quote_answer(answer.get(number, ""))
    return f"its answer was: {said}" if said else "its answer was empty"


def _with_neighbours(numbers: Sequence[int], found: Mapping[int, str]) -> list[int]:
    """Lines that are missing, and those beside them: what is missing here may have been said there."""
    wrong = {place for place, number in enumerate(numbers) if number not in found}
    near = {place + step for place in wrong for step in (-1, 0, 1)}
    return [number for place, number in enumerate(numbers) if place in near]


async def _with_terms(task: Task, drafter: Drafter, found: dict[int, str]) -> dict[int, str]:
    """Lines that lost a term, once more and firmly; taken only where it is kept now."""
    broken = [number for number in sorted(found) if _find_lost_terms(task, number, found[number])]
    if not broken:
        return found
    answer = _sound(task, broken, await drafter.translate(_order(task, broken, insist=True)))
    kept = {number: text for number, text in answer.items() if not _find_lost_terms(task, number, text)}
    return found | kept


def _order(task: Task, numbers: Sequence[int], *, insist: bool = False, most: Mapping[int, int] | None = None) -> Order:
    first, last = numbers[0], numbers[-1]
    texts = [task.texts[number] for number in numbers]
    return Order(
        source=task.source,
        target=task.target,
        lines=tuple(
            Line(number, task.texts[number], (most or {}).get(number, task.most[number])) for number in numbers
        ),
        before=tuple(task.texts[max(0, first - CONTEXT) : first]),
        after=tuple(task.texts[last + 1 : last + 1 + CONTEXT]),
        terms=tuple(dict.fromkeys(term for text in texts for term in terms_in(text, task.terms))),
        insist=insist,
    )


def _sound(task: Task, numbers: Iterable[int], answer: Mapping[int, str]) -> dict[int, str]:
    """Of an answer, the lines that can be a translation of what was asked, and are not the very same."""
    plausible = _plausible(task, numbers, answer)
    return {number: text for number, text in plausible.items() if not _is_echo(task, number, text)}


def _find_echoes(task: Task, numbers: Iterable[int], answer: Mapping[int, str]) -> dict[int, str]:
    """Of an answer, the lines that came back as they went."""
    plausible = _plausible(task, numbers, answer)
    return {number: text for number, text in plausible.items() if _is_echo(task, number, text)}


def _plausible(task: Task, numbers: Iterable[int], answer: Mapping[int, str]) -> dict[int, str]:
    cleaned = {n: _tidy(answer[n], task.texts[n]) for n in numbers if n in answer}
    return {number: text for number, text in cleaned.items() if _is_plausible(task, number, text)}


def _is_echo(task: Task, number: int, text: str) -> bool:
    """Whether a line of some words is the source's own, which a name or an exclamation may be."""
    source = task.texts[number]
    is_a_phrase = len(source.split()) >= _LEAST_WORDS
    return (
        is_a_phrase
        and locales.language(task.source) != locales.language(task.target)
        and _strip_marks(text) == _strip_marks(source)
    )


def _strip_marks(text: str) -> str:
    return text.casefold().rstrip(" .!?…。")


def _tidy(text: str, source: str) -> str:
    return _strip_quotes(_clean(decode_entities(text, source)), source)


def _strip_quotes(text: str, source: str) -> str:
    """Without the quotation marks that a model puts around its whole answer, and nobody around the line."""
    inside = text[1:-1]
    quoted = text[:1] + text[-1:] in _QUOTES and not set(text[:1] + text[-1:]) & set(inside)
    return inside if quoted and source[:1] not in _OPENING else text


def _clean(text: str) -> str:
    """One line of text, without control characters (which subtitles can't carry)."""
    return " ".join("".join(c if unicodedata.category(c) not in {"Cc", "Cs", "Co"} else " " for c in text).split())


def _is_plausible(task: Task, number: int, text: str) -> bool:
    source = task.texts[number]
    ratio = _WIDE_RATIO if any(unicodedata.east_asian_width(char) == "W" for char in source) else _LONGEST_RATIO
    return can_be_said(text) and len(text) <= ratio * len(source) + _LONGEST_EXTRA


def _find_lost_terms(task: Task, number: int, text: str) -> tuple[Term, ...]:
    return find_lost_terms(task.texts[number], text, task.terms) if task.terms else ()


def _broken_terms(task: Task, lines: Sequence[str]) -> list[str]:
    broken = [(n, term) for n, text in enumerate(lines) for term in _find_lost_terms(task, n, text)]
    if not broken:
        return []
    shown = "; ".join(f"line {n + 1}: '{term.source}' is not '{term.target}'" for n, term in broken[:5])
    more = f"; and {len(broken) - 5} more" if len(broken) > 5 else ""
    return [f"The glossary was not kept in {spell_count(len(broken), 'place')}: {shown}{more}."]


def _list_untranslated(task: Task, lines: Sequence[str]) -> list[str]:
    same = [n for n, text in enumerate(lines) if can_be_said(text) and _is_echo(task, n, text)]
    if not same:
        return []
    shown = "; ".join(f"line {n + 1}: '{lines[n][:40]}'" for n in same[:5])
    more = f"; and {len(same) - 5} more" if len(same) > 5 else ""
    return [f"Asked twice, lines came back untranslated: {shown}{more}."]
