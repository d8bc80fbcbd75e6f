"""A draft: every line accounted for, glossary kept, one round of shortening. With services in memory."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyreel.engine.translate import budget
from polyreel.engine.translate.argos import require_argos
from polyreel.engine.translate.by_lines import ByLines
from polyreel.engine.translate.draft import BATCH, Task, draft_lines, shorten_lines
from polyreel.engine.translate.glossary import find_lost_terms, read_glossary
from polyreel.engine.translate.identify import find_contradiction
from polyreel.engine.translate.port import Order, Term
from polyreel.engine.translate.track import pieces_of, put_together
from polyreel.errors import EngineError, InvalidJob
from polyreel.subtitles.checks import width_of
from polyreel.subtitles.layout import house_of, lay_out
from polyreel.subtitles.model import Cue, Track
from tests.unit.engine.translate.conftest import TEXTS, Clerk, good, lines_of, task


def expected(texts: Sequence[str] = TEXTS) -> list[str]:
    return [f"xx({text})" for text in texts]


# -- every line


async def test_lines_go_out_in_batches_with_what_stands_around_them() -> None:
    texts = [f"Line {number}" for number in range(BATCH + 2)]
    clerk = Clerk()
    assert await lines_of(clerk, task(texts)) == expected(texts)
    first, second = clerk.orders
    assert (len(first.lines), len(second.lines)) == (BATCH, 2)
    assert first.after == ("Line 24", "Line 25")
    assert second.before == ("Line 20", "Line 21", "Line 22", "Line 23")


@pytest.mark.parametrize(
    "mood",
    [
        lambda order: {},
        lambda order: {n: text for n, text in good(order).items() if n != 2},
        lambda order: good(order) | {2: "  "},
        lambda order: good(order) | {2: "\x00\x07"},
        lambda order: good(order) | {1: "xx(Two fish. Red fish.)", 2: ""},
        lambda order: good(order) | {2: "blah " * 100},
    ],
    ids=["nothing", "dropped", "blank", "control characters", "merged", "endless"],
)
async def test_a_line_that_is_lost_merged_or_absurd_is_asked_for_again_with_its_neighbours(mood: Any) -> None:
    clerk = Clerk([mood])
    assert await lines_of(clerk, task()) == expected()
    assert {1, 2, 3} <= {line.number for line in clerk.orders[1].lines}


async def test_what_stays_missing_is_asked_for_alone() -> None:
    def without(order: Order) -> dict[int, str]:
        return {n: text for n, text in good(order).items() if n != 2}

    clerk = Clerk([without, without])
    assert await lines_of(clerk, task()) == expected()
    assert [line.number for line in clerk.orders[2].lines] == [2]


async def test_a_line_that_comes_back_untranslated_is_asked_for_again() -> None:
    texts = ("We leave for the coast tomorrow.", "OK.", "New York, New York!")
    same = lambda order: {line.number: line.text for line in order.lines}  # noqa: E731 - a mood
    clerk = Clerk([same])
    assert await lines_of(clerk, task(texts)) == expected(texts)
    draft = await draft_lines(task(texts), Clerk([same] * 9), lambda _: None)
    assert draft.lines == list(texts), "a line that stays as it is may be a name"
    assert draft.notes == [
        "Asked twice, lines came back untranslated: line 1: 'We leave for the coast tomorrow.'; "
        "line 3: 'New York, New York!'."
    ]


async def test_what_was_merged_into_its_neighbour_is_not_said_twice() -> None:
    def merged(order: Order) -> dict[int, str]:
        if len(order.lines) == 1:
            return good(order)
        return good(order) | {1: "xx(Two fish.) xx(Red fish.)", 2: ""}

    clerk = Clerk([merged] * 9)
    assert await lines_of(clerk, task()) == expected()


async def test_quotation_marks_around_a_whole_answer_are_not_the_lines() -> None:
    texts = ("Hello.", '"Go", he said, "now"', '"Quoted."')
    clerk = Clerk([lambda order: {0: '"Hola."', 1: '"Vete", dijo, "ya"', 2: "«Citado.»"}])
    assert await lines_of(clerk, task(texts)) == ["Hola.", '"Vete", dijo, "ya"', "«Citado.»"]


async def test_a_hole_is_an_error_after_bounded_asking() -> None:
    """Never silence, never the source's words, never endless calls."""
    clerk = Clerk([lambda order: {}] * 99)
    with pytest.raises(EngineError, match=r"line 1: 'One fish\.'") as caught:
        await draft_lines(task(), clerk, lambda _: None)
    assert caught.value.code == "translation_failed"
    assert len(clerk.orders) == 3


async def test_lines_without_words_are_not_sent() -> None:
    clerk = Clerk()
    assert await lines_of(clerk, task(["Hello.", "♪", "..."])) == ["xx(Hello.)", "♪", "..."]
    assert len(clerk.orders[0].lines) == 1


# -- the glossary


async def test_a_term_that_was_not_kept_is_asked_for_once_more() -> None:
    terms = (Term("fish", "pez"), Term("whale", "ballena"))
    clerk = Clerk([good, lambda order: {line.number: f"pez {line.number}" for line in order.lines}])
    draft = await draft_lines(task(terms=terms), clerk, lambda _: None)
    assert draft.lines == ["pez 0", "pez 1", "pez 2", "pez 3"]
    assert clerk.orders[1].insist
    assert clerk.orders[0].terms == (terms[0],)  # only those that occur
    assert draft.notes == []


async def test_a_term_that_is_never_kept_is_said() -> None:
    draft = await draft_lines(task(terms=[Term("Red fish", "pez rojo")]), Clerk(), lambda _: None)
    assert draft.notes == ["The glossary was not kept in 1 place: line 3: 'Red fish' is not 'pez rojo'."]


async def test_a_service_without_glossaries_gets_the_term_inside_its_line() -> None:
    class Echo:
        async def translate(self, lines: Sequence[str], source: str, target: str) -> list[str]:
            return [line.upper() for line in lines]

    draft = await draft_lines(
        task(["A red fish"], [Term("red fish", r"pez \1 rojo")]), ByLines(Echo(), "echo"), lambda _: None
    )
    assert draft.lines == [r"A PEZ \1 ROJO"]
    assert draft.notes == []


@pytest.mark.parametrize(
    ("content", "target", "terms"),
    [
        ("fish\tpez\n# a comment\n\nred fish\tpez rojo\n", "es-ES", [("fish", "pez"), ("red fish", "pez rojo")]),
        ("source\ttarget\nfish\tpez\n", "es-ES", [("fish", "pez")]),
        ("en\tes-ES\tfr\nfish\tpez\tpoisson\nwhale\t\tbaleine\n", "es-MX", [("fish", "pez")]),
        ("en\tes-ES\tfr\nfish\tpez\tpoisson\nwhale\t\tbaleine\n", "fr-CA", [("fish", "poisson"), ("whale", "baleine")]),
        ("en\tes\nfish\tpez\n", "de-DE", []),
        ("\ufefffish\tpez\r\n", "es-ES", [("fish", "pez")]),
    ],
)
def test_glossaries_of_two_columns_and_of_many(
    tmp_path: Path, content: str, target: str, terms: list[tuple[str, str]]
) -> None:
    file = tmp_path / "terms.tsv"
    file.write_text(content, "utf-8")
    assert [(term.source, term.target) for term in read_glossary(file, "en-US", target)] == terms


@pytest.mark.parametrize(
    ("content", "line"), [("fish pez\n", 1), ("fish\tpez\n\tpez\n", 2), ("", 1), ("a\t" + "b" * 300, 1)]
)
def test_a_glossary_that_is_none_is_refused_with_its_line(tmp_path: Path, content: str, line: int) -> None:
    file = tmp_path / "terms.tsv"
    file.write_text(content, "utf-8")
    with pytest.raises(InvalidJob) as caught:
        read_glossary(file, "en-US", "es-ES")
    assert caught.value.code == "invalid_glossary"
    assert caught.value.where == f"{file}, line {line}"


def test_terms_are_whole_words_in_any_case() -> None:
    term = Term("AI", "IA")
    assert find_lost_terms("Said an ai.", "nada", [term])
    assert not find_lost_terms("Said again", "nada", [term])
    assert not find_lost_terms("AI", "la ia manda", [term])


# -- time


@pytest.mark.parametrize(
    ("text", "draft", "lost"),
    [
        ("The whales sing.", "Los cetáceos cantan.", 1),
        ("The whales sing.", "Las ballenas cantan.", 0),
        ("A whale sings.", "Una BALLENA canta.", 0),
        ("The EU agreed.", "¿Y por qué fue así?", 1),
        ("The EU agreed.", "La UE aceptó.", 0),
        ("It is neutral.", "Es neutral.", 0),
    ],
)
def test_a_term_is_known_in_its_plural_and_a_short_one_is_not_found_inside_words(
    text: str, draft: str, lost: int
) -> None:
    assert len(find_lost_terms(text, draft, [Term("whale", "ballena"), Term("EU", "UE")])) == lost


def test_the_plural_of_a_term_may_end_as_its_language_has_it() -> None:
    assert not find_lost_terms("The whales sing.", "Le balene cantano.", [Term("whale", "balena")])
    assert find_lost_terms("The whale sings.", "Le balene cantano.", [Term("whale", "balena")])


def test_the_time_of_a_line_is_its_cue_and_some_silence_after_it() -> None:
    cues = [Cue(0, 1000, "a"), Cue(1500, 2500, "b"), Cue(20_000, 21_000, "c")]
    assert budget.times_ms(cues, 60_000) == (1380, 3000, 3000)
    assert budget.times_ms(cues, 21_200)[2] == 1080
    assert budget.count_characters(2000, 14.0) == 32


async def test_shortened_lines_are_taken_where_they_are_shorter_and_keep_their_terms() -> None:
    drafts = ["a long draft of one", "pez azul y largo", "short", "other"]
    given = Task("en-US", "es-ES", TEXTS, [0] * 4, (Term("Two fish", "largo"),))
    lines, better = await shorten_lines(given, Clerk(), drafts, {0: 6, 1: 8})
    assert lines == ["a long", "pez azul y largo", "short", "other"]
    assert better == 1


# -- tracks


def test_a_track_keeps_its_cues_times_speakers_and_italics() -> None:
    track = Track(
        (
            Cue(0, 1000, "<i>Hello\nthere</i>", settings=(("line", "1"),)),
            Cue(1000, 2000, "Fine.", speaker="Ana"),
            Cue(2000, 3000, "<v Ana>Yes.</v>\n<v Bo>No.</v>"),
            Cue(3000, 4000, ""),
        )
    )
    pieces = pieces_of(track)
    assert [(piece.cue, piece.speaker, piece.text) for piece in pieces] == [
        (0, None, "Hello there"),
        (1, "Ana", "Fine."),
        (2, "Ana", "Yes."),
        (2, "Bo", "No."),
    ]
    made = put_together(track, pieces, ["Hola", "Bien <b> & tal", "Sí.", "No."], "netflix", "es-ES")
    assert [cue.text for cue in made.cues] == [
        "<i>Hola</i>",
        "Bien &lt;b> &amp; tal",
        "<v Ana>Sí.</v>\n<v Bo>No.</v>",
        "",
    ]
    assert [(c.start_ms, c.end_ms, c.speaker, c.settings) for c in made.cues] == [
        (c.start_ms, c.end_ms, c.speaker, c.settings) for c in track.cues
    ]


@given(st.lists(st.text("abc,.", min_size=1, max_size=9), min_size=1, max_size=20))
def test_laying_out_loses_no_word_and_keeps_the_width(given_words: list[str]) -> None:
    house = house_of("netflix")
    laid = lay_out(" ".join(given_words), house, "en-US")
    assert laid.split() == given_words
    assert all(width_of(line, house.find_limits("en-US")) <= 42 for line in laid.split("\n"))


def test_lines_break_where_a_phrase_ends() -> None:
    text = "You are allowed to use this voice for any purpose, including commercial uses."
    assert lay_out(text, house_of("bbc"), "en-US").split("\n")[0].split()[-1] not in {"for", "any", "to", "this"}


# -- languages


def test_a_script_in_another_language_is_noticed_and_its_neighbours_are_not() -> None:
    english = "This is an example video for your convenience and pleasure. You are allowed to use this voice."
    assert find_contradiction(english, "es-ES") == "English"
    assert find_contradiction(english, "en-GB") == ""
    assert find_contradiction("Hello.", "es-ES") == ""
    assert (
        find_contradiction("Dette er en video som viser hvordan du bruker stemmen til alle formål i dag", "da-DK") == ""
    )
    assert find_contradiction(english, "tlh") == ""


def test_argos_that_is_not_installed_is_said_with_its_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "argostranslate", None)
    with pytest.raises(InvalidJob) as caught:
        require_argos("en-US", "es-ES")
    assert caught.value.code == "translator_missing"
    assert "argospm install translate-en_es" in caught.value.remedy
