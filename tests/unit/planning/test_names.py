"""Names that nobody has said how to say are listed before anything is spoken."""

from __future__ import annotations

import pytest

from polyreel.engine.voice.text.said_as import Pronunciation
from polyreel.planning.names import unknown_names
from polyreel.subtitles.model import Cue, Track


def track(*lines: str) -> Track:
    return Track(tuple(Cue(n * 2000, n * 2000 + 1500, line) for n, line in enumerate(lines)))


@pytest.mark.parametrize(
    ("locale", "lines", "expected"),
    [
        ("es-ES", ["Ayer vino Nguyen.", "Nguyen vive en Reikiavik."], ("Nguyen", "Reikiavik")),
        ("es-ES", ["La ciudad de Ho Chi Minh es grande."], ("Ho Chi Minh",)),
        ("es-ES", ["Hola. Esto es todo.", "¿Qué? «Nada», dijo.", "- No."], ()),
        ("en-US", ["On Monday in March I met Mr Okonkwo."], ("Okonkwo",)),
        ("de-DE", ["Der Hund und die Katze."], ()),
        ("ja-JP", ["これは映画です。"], ()),
        ("fr-FR", ["[Applause] Voici <i>Zoë</i>."], ("Zoë",)),
        ("fr-FR", ["Le Chat dort.", "un chat"], ()),
    ],
)
def test_a_capital_inside_a_sentence_is_a_name(locale: str, lines: list[str], expected: tuple[str, ...]) -> None:
    assert unknown_names(track(*lines), locale) == expected


def test_what_two_languages_write_alike_is_a_name_even_where_all_nouns_have_capitals() -> None:
    german, english = (
        track("Nguyen wohnt in Hanoi.", "Der Hund auch."),
        track("He is Nguyen, from Hanoi.", "The dog, too."),
    )
    assert unknown_names(german, "de-DE", (), english, "en-US") == ("Nguyen", "Hanoi")


def test_a_name_that_has_a_pronunciation_is_not_listed() -> None:
    script = track("Ayer vino Nguyen con Oke.")
    assert unknown_names(script, "es-ES", (Pronunciation("Nguyen", "Guin"),)) == ("Oke",)


def test_the_list_has_an_end() -> None:
    script = track(*(f"Aquí vive Xo{chr(97 + n % 26)}{chr(97 + n // 26)}." for n in range(60)))
    assert len(unknown_names(script, "es-ES")) == 40
