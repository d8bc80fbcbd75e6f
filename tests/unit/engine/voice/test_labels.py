"""A number that names the noun before it counts nothing behind it; how surely a noun is a label stands in a table."""

from __future__ import annotations

import pytest

from polyreel.engine.voice.text import labels
from polyreel.engine.voice.text.counted import SPELLERS
from polyreel.engine.voice.text.words import spell_out


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("de-DE", "Wir haben Kapitel 1 Seite 5 gelesen."),
        ("de-DE", "Staffel 1 Folge 3"),
        ("de-DE", "Welle 1 Tag 3"),
        ("es-ES", "el capítulo 21 página 5"),
        ("it-IT", "binario 1 ora 5"),
        ("pt-BR", "o capítulo 2 página 5"),
        ("fr-FR", "le tome 21 page 3"),
        ("it-IT", "vai a pagina 1 riga 5"),
        ("pt-BR", "Abra a página 1 linha 5"),
        ("es-ES", "Vamos a página 1 línea 5"),
    ],
)
def test_a_number_behind_a_label_stays_a_plain_figure(locale: str, text: str) -> None:
    assert spell_out(text, locale) == text


@pytest.mark.parametrize(
    ("locale", "written", "said"),
    [
        ("de-DE", "Pro Seite 1 Bild", "Pro Seite ein Bild"),
        ("de-DE", "an Gleis 1 Minute warten", "an Gleis eine Minute warten"),
        ("de-DE", "Er hat im Haus 1 Katze.", "Er hat im Haus eine Katze."),
        ("es-ES", "Tomo 1 pastilla.", "Tomo una pastilla."),
        ("es-ES", "la habitación 1 persona", "la habitación una persona"),
        ("it-IT", "Porta 1 borsa.", "Porta una borsa."),
        ("pt-BR", "cada página 2 fotos", "cada página duas fotos"),
        ("fr-FR", "Par page 1 image", "Par page une image"),
        ("it-IT", "a pagina 1 foto", "a pagina una foto"),
    ],
)
def test_what_is_counted_behind_a_label_is_still_counted(locale: str, written: str, said: str) -> None:
    """So many in each, times and people, and words that are verbs as well."""
    assert spell_out(written, locale) == said


def test_every_language_whose_numbers_agree_has_labels() -> None:
    found = labels._read_labels()
    assert set(found) == {*SPELLERS, "de"}
    assert all(set(kinds) == {"label", "perhaps", "amount"} for kinds in found.values())
    assert not any(kinds["label"] & kinds["perhaps"] for kinds in found.values())
