"""Terms are said as a job says: read from rows or a lexicon, put into lines, given to each voice as it takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyreel.engine.voice.espeak import EspeakVoice, transcribe_clauses
from polyreel.engine.voice.kokoro import latin
from polyreel.engine.voice.kokoro import voice as kokoro
from polyreel.engine.voice.pronunciations import read_pronunciations, write_pronunciations
from polyreel.engine.voice.text.said_as import Pronunciation, as_shown, as_written, pieces, respell
from polyreel.engine.voice.text.spoken import make_speakable
from polyreel.errors import InvalidJob

ROWS = """\
term\tsay\tlocale\tvoice
# names
Nguyen\t/wɪn/
Nguyen\tGüín\tes
Nguyen\tGuin\tes-MX\tkokoro
SQL\tsequel\ten

São Paulo\tSan Paulo\t\tespeak-ng
"""
PLS = """\
<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en-GB">
  <lexeme><grapheme>lead</grapheme><grapheme>Lead</grapheme>
    <phoneme>liːd</phoneme><phoneme prefer="true">lɛd</phoneme></lexeme>
  <lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>
</lexicon>
"""


def written(folder: Path, text: str, name: str = "said.tsv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_a_term_what_is_said_a_locale_and_a_voice(tmp_path: Path) -> None:
    assert read_pronunciations(written(tmp_path, ROWS)) == (
        Pronunciation("Nguyen", "wɪn", is_ipa=True),
        Pronunciation("Nguyen", "Güín", locale="es"),
        Pronunciation("Nguyen", "Guin", locale="es-MX", voice="kokoro"),
        Pronunciation("SQL", "sequel", locale="en"),
        Pronunciation("São Paulo", "San Paulo", voice="espeak-ng"),
    )


def test_a_lexicon_gives_the_preferred_sounds_or_the_alias(tmp_path: Path) -> None:
    found = read_pronunciations(written(tmp_path, PLS, "said.pls"))
    assert found == (
        Pronunciation("lead", "lɛd", is_ipa=True, locale="en-GB"),
        Pronunciation("Lead", "lɛd", is_ipa=True, locale="en-GB"),
        Pronunciation("W3C", "World Wide Web Consortium", locale="en-GB"),
    )


@pytest.mark.parametrize("text", [ROWS, PLS])
def test_what_was_read_is_read_again_as_it_was(tmp_path: Path, text: str) -> None:
    found = read_pronunciations(written(tmp_path, text))
    (tmp_path / "again.tsv").write_bytes(write_pronunciations(found))
    assert read_pronunciations(tmp_path / "again.tsv") == found


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("Nguyen", "1 column;", 1),
        ("a\tb\nNguyen\t", "nothing is said for 'Nguyen'", 2),
        ("\twin", "the term is empty", 1),
        ("Nguyen\t/w1n/", "'1' is no sign of the IPA", 1),
        ("Nguyen\twin\txx-nowhere-at-all", "not a known locale", 1),
        ("a\tb\tes\tkokoro\tmore", "5 columns", 1),
        ("a" * 81 + "\tb", "more than 80 characters", 1),
        ("a\t⟦b⟧", "can't be said", 1),
        ("# nothing", "no pronunciation in it", 1),
        ("<lexicon><lexeme></lexicon>", "not well-formed", 1),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><lexicon/>", "document type", 0),
        ("<words/>", "not a PLS", 0),
        (
            "<lexicon alphabet='x-sampa'><lexeme><grapheme>a</grapheme><phoneme>b</phoneme></lexeme></lexicon>",
            "x-sa",
            0,
        ),
        ("<lexicon><lexeme><grapheme>a</grapheme></lexeme></lexicon>", "neither a phoneme nor an alias", 0),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, said: str, line: int) -> None:
    with pytest.raises(InvalidJob, match=said) as caught:
        read_pronunciations(written(tmp_path, text), "said.tsv")
    assert caught.value.code == "invalid_pronunciations"
    assert caught.value.where.startswith("said.tsv")
    assert not line or caught.value.where.endswith(f"line {line}")
    assert "a lexicon is a W3C PLS" in caught.value.remedy


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "latin1.tsv").write_bytes("café\tcafé".encode("latin-1"))
    with pytest.raises(InvalidJob, match="not UTF-8"):
        read_pronunciations(tmp_path / "latin1.tsv")
    with pytest.raises(InvalidJob, match="No such file"):
        read_pronunciations(tmp_path / "nowhere.tsv")


# -- in a line


def respelt(text: str, *said: Pronunciation, voice: str = "kokoro:ef_dora@es-ES") -> str:
    return respell(text, said, voice)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Señor Nguyen, pase.", "Señor Güín, pase."),
        ("NGUYEN y nguyen", "Güín y Güín"),
        ("Nguyens, Nguyenes", "Nguyens, Nguyenes"),
        ("US and us", "u ese and us"),
        ("São  Paulo", "San Paulo"),
        ("Sao Paulo", "Sao Paulo"),
        ("the 大統領は", "the だいとうりょうは"),
        ("Nguyen's car", "Güín's car"),
        ("⟦Nguyen|a⟧", " Güín|a "),
    ],
)
def test_whole_terms_are_respelt_acronyms_only_as_they_are_written(text: str, expected: str) -> None:
    said = (
        Pronunciation("Nguyen", "Güín"),
        Pronunciation("US", "u ese"),
        Pronunciation("São Paulo", "San Paulo"),
        Pronunciation("大統領", "だいとうりょう"),
    )
    assert respelt(text, *said) == expected


def test_the_longest_term_and_the_nearest_voice_count() -> None:
    said = (
        Pronunciation("York", "Yórk"),
        Pronunciation("New York", "Nueva York"),
        Pronunciation("New York", "Niu York", locale="es-ES"),
        Pronunciation("New York", "Niuyork", voice="pico"),
    )
    assert respelt("New York, York", *said) == "Niu York, Yórk"
    assert respelt("New York, York", *said, voice="pico:high@es-ES") == "Niuyork, Yórk"
    assert respelt("New York, York", *said, voice="high@es-ES") == "Niu York, Yórk"


@pytest.mark.parametrize(
    ("voice", "counts"),
    [("kokoro", True), ("ef_dora", True), ("kokoro:ef_dora", True), ("em_alex", False), ("kokoro:em_alex", False)],
)
def test_a_row_may_be_for_an_engine_or_a_voice(voice: str, counts: bool) -> None:
    assert Pronunciation("a", "b", voice=voice).counts_for("kokoro:ef_dora@es-ES") is counts


def test_sounds_stand_in_the_line_with_the_spelling_for_those_who_cannot_take_them() -> None:
    said = (Pronunciation("Nguyen", "wɪn", is_ipa=True, locale="en-US"), Pronunciation("Nguyen", "Win"))
    line = respelt("Ask Nguyen, or Nguyen's wife.", *said, voice="kokoro:af_heart@en-US")
    assert line == "Ask ⟦Win|wɪn⟧, or ⟦Win's|wɪnz⟧ wife."
    assert make_speakable(line) == line
    assert as_written(line) == "Ask Win, or Win's wife."
    assert [piece.sounds for piece in pieces(line)] == ["", "wɪn", "", "wɪnz", ""]
    alone = respelt("Ask Nguyen.", said[0], voice="kokoro:af_heart@en-US")
    assert (alone, as_written(alone)) == ("Ask ⟦Nguyen||wɪn⟧.", "Ask Nguyen.")
    assert as_shown(alone) == "Ask Nguyen /wɪn/."


# -- in each voice


def test_sounds_are_the_phonemes_that_a_neural_voice_gets() -> None:
    plain = latin.spell_phonemes("Ask Win, please.", "en-US")
    assert latin.spell_phonemes("Ask ⟦Nguyen|ˈwɪn⟧, please.", "en-US") == plain
    assert "wˈI" in latin.spell_phonemes("⟦Wye|wˈaɪ⟧ is a river.", "en-US")
    assert "ʧ" in latin.spell_phonemes("⟦Ch|t͡ʃa⟧.", "es-ES")


def test_a_sentence_goes_on_around_a_term_and_ends_where_it_ended() -> None:
    clauses = transcribe_clauses("We saw ⟦Nguyen|wɪn⟧ in the house. Then we left.", "en-US")
    assert len(clauses) == len(transcribe_clauses("We saw Win in the house. Then we left.", "en-US"))
    assert " wɪn " in clauses[0][0]


def test_mandarin_and_japanese_take_sounds_between_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro, "_load_frontend", lambda language: lambda text, locale: f"<{text}>")
    assert kokoro._transcribe_words("我是⟦Nguyen|wɪn⟧。你好", "zh-CN") == "<我是> wɪn <。你好>"


def test_a_voice_that_takes_no_sounds_says_the_spelling_and_which_terms_those_are() -> None:
    voice = EspeakVoice()
    given = voice.speak("Ask ⟦Win|wɪn⟧ please.", "en-us+f2", 1.0)
    assert given.ms == voice.speak("Ask Win please.", "en-us+f2", 1.0).ms
    assert given.ms != voice.speak("Ask Nguyen please.", "en-us+f2", 1.0).ms
    (note,) = voice.caveats("en-US", ["Ask ⟦Win|wɪn⟧ and ⟦Xi||ʃiː⟧ please."])
    assert "takes no IPA: it reads Xi as written" in note
    assert voice.caveats("en-US", ["Ask ⟦Win|wɪn⟧ please."]) == ()


# -- names and contradictions


@pytest.mark.parametrize("name", ["espeak-ng", "espeak-ng:es+f5@70", "es+f5@70", "f5@70", "f5", "espeak-ng:f5"])
def test_a_row_counts_for_a_voice_by_each_name_that_the_list_or_a_job_has_for_it(name: str) -> None:
    assert Pronunciation("a", "b", voice=name).counts_for("espeak-ng:es+f5@70")
    assert not Pronunciation("a", "b", voice=name).counts_for("pico:high@es-ES")


@pytest.mark.parametrize(
    "rows",
    [
        "Nguyen\tWin\nNguyen\tGuin\n",
        "Nguyen\tWin\nnguyen\tGuin\n",
        "Nguyen\t/wɪn/\tes\tkokoro\nNguyen\t/win/\tes\tkokoro\n",
    ],
)
def test_two_rows_that_contradict_each_other_are_refused_with_both_lines(tmp_path: Path, rows: str) -> None:
    with pytest.raises(InvalidJob, match="in line 2, for the same") as caught:
        read_pronunciations(written(tmp_path, "# names\n" + rows), "said.tsv")
    assert (caught.value.code, caught.value.where) == ("invalid_pronunciations", "said.tsv, line 3")


def test_of_a_lexicons_homographs_the_first_counts(tmp_path: Path) -> None:
    lexemes = "".join(
        f"<lexeme><grapheme>lead</grapheme><phoneme>{say}</phoneme></lexeme>" for say in ("lɛd", "liːd", "led")
    )
    (found,) = read_pronunciations(written(tmp_path, f"<lexicon>{lexemes}</lexicon>", "said.pls"))
    assert found.say == "lɛd"


@pytest.mark.parametrize(
    "rows",
    [
        "Nguyen\tWin\nNguyen\tWin\n",
        "Nguyen\tWin\nNguyen\t/wɪn/\n",
        "Nguyen\tWin\nNguyen\tGuin\tes\nNguyen\tGüín\t\tkokoro\n",
        "US\tu ese\nus\tnos\n",
    ],
)
def test_rows_that_go_together_are_read(tmp_path: Path, rows: str) -> None:
    assert read_pronunciations(written(tmp_path, rows))
