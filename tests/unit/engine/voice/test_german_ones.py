"""A 1 that counts is declined by its noun's gender and the case that stands in front of it; one that numbers stays."""

from __future__ import annotations

import pytest

from polyreel.engine.voice.text.german_ones import decline_counted_ones


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Wir haben 1 Tisch.", "Wir haben einen Tisch."),
        ("Hier steht 1 Esstisch.", "Hier steht ein Esstisch."),
        ("1 Hund und 1 Katze kamen.", "ein Hund und eine Katze kamen."),
        ("Ich sehe 1 Hund, 1 Pferd und 1 Wurm.", "Ich sehe einen Hund, ein Pferd und einen Wurm."),
        ("Mit 1 Klick und nach 1 Woche.", "Mit einem Klick und nach einer Woche."),
        ("Es geht ohne 1 Fehler.", "Es geht ohne einen Fehler."),
        ("Er ist 1 m groß, 1 km weiter.", "Er ist einen Meter groß, einen Kilometer weiter."),
        ("Es bleibt 1 € übrig.", "Es bleibt ein Euro übrig."),
        ("Sie fand 1 alten Schuh.", "Sie fand einen alten Schuh."),
        ("Nimm 1 Löffel Öl.", "Nimm einen Löffel Öl."),
        ("Pro Person 1 Apfel.", "Pro Person ein Apfel."),
        ("Sie lief 1 km.", "Sie lief einen Kilometer."),
    ],
)
def test_a_one_stands_in_its_case(written: str, said: str) -> None:
    assert decline_counted_ones(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "Absatz 1 Satz 2",
        "Die Formel 1 gastiert.",
        "Um 1 Uhr.",
        "1 von 3",
        "Platz 1",
        "1 zu 0",
        "1 Xyz",
        "11 Tische",
        "A-1",
    ],
)
def test_a_one_that_numbers_stays_a_figure(text: str) -> None:
    assert decline_counted_ones(text) == text
