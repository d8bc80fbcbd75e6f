"""Numbers agree with what they count, in the four languages whose numbers do; and stay figures everywhere else."""

from __future__ import annotations

import pytest

from polyreel.engine.voice.espeak import transcribe_clauses
from polyreel.engine.voice.text.counted import spell_agreeing_numbers
from polyreel.engine.voice.text.words import spell_out

SAID = {
    "es": [
        ("1 casa y 1 libro", "una casa y un libro"),
        ("21 personas", "veintiuna personas"),
        ("21 libros", "veintiún libros"),
        ("31 casas", "treinta y una casas"),
        ("101 días", "ciento un días"),
        ("200 personas", "doscientas personas"),
        ("531 mujeres", "quinientas treinta y una mujeres"),
        ("1.200 casas", "mil doscientas casas"),
        ("200.000 personas", "doscientas mil personas"),
        ("21.500 canciones", "veintiuna mil quinientas canciones"),
        ("1 problema y 21 mapas", "un problema y veintiún mapas"),
        ("1 decisión", "una decisión"),
    ],
    "it": [
        ("1 casa e 1 libro", "una casa e un libro"),
        ("1 ora", "un'ora"),
        ("1 studente e 1 zaino", "uno studente e uno zaino"),
        ("1 amico e 1 amica", "un amico e un'amica"),
        ("1 stazione", "una stazione"),
    ],
    "pt": [
        ("2 pessoas", "duas pessoas"),
        ("1 casa", "uma casa"),
        ("22 horas", "vinte e duas horas"),
        ("200 casas", "duzentas casas"),
        ("1.002 canções", "mil e duas canções"),
        ("2.300 cidades", "duas mil e trezentas cidades"),
        ("141 mulheres", "cento e quarenta e uma mulheres"),
    ],
    "fr": [
        ("1 heure", "une heure"),
        ("21 personnes", "vingt et une personnes"),
        ("81 maisons", "quatre-vingt-une maisons"),
        ("121 femmes", "100 vingt et une femmes"),
        ("301 questions", "300 une questions"),
    ],
}
LEFT = {
    "es": ["11 casas", "2 personas", "100 personas", "3,1 millas", "el 21 de mayo", "a las 21", "21 más", "21 jueves"],
    "it": ["21 persone", "2 ore", "1,5 ore", "100 case"],
    "pt": ["2 livros", "2 dias", "3 pessoas", "2 problemas", "100 casas", "12 horas"],
    "fr": ["71 personnes", "11 heures", "21 jours", "1 jour", "91 femmes", "2 heures"],
    "de": ["1 Haus", "21 Personen"],
}


@pytest.mark.parametrize(("language", "text", "said"), [(tag, *pair) for tag, pairs in SAID.items() for pair in pairs])
def test_a_number_agrees_with_what_it_counts(language: str, text: str, said: str) -> None:
    assert spell_agreeing_numbers(text, language) == said


@pytest.mark.parametrize(("language", "text"), [(tag, text) for tag, texts in LEFT.items() for text in texts])
def test_what_needs_no_agreement_or_counts_nothing_stays_as_it_is(language: str, text: str) -> None:
    assert spell_agreeing_numbers(text, language) == text


@pytest.mark.parametrize(
    ("locale", "text", "said"),
    [
        ("es-MX", "Hay 21 casas.", "Hay veintiuna casas."),
        ("pt-PT", "São 2 horas.", "São duas horas."),
        ("fr-FR", "Il a vu 121 femmes.", "Il a vu cent vingt et une femmes."),
        ("it-IT", "Manca 1 ora.", "Manca un'ora."),
    ],
)
def test_a_voice_says_it_so(locale: str, text: str, said: str) -> None:
    """Through all the rules, as sounds."""
    spoken, wanted = (transcribe_clauses(spell_out(each, locale), locale) for each in (text, said))
    assert [clause for clause, _ in spoken] == [clause for clause, _ in wanted]
