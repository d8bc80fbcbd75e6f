"""Encodings are recognised; what can't be decoded is marked and told."""

from pathlib import Path

import pytest

from polyreel.errors import SubtitleError
from polyreel.subtitles import read_bytes, read_file
from polyreel.subtitles.decode import MAX_BYTES, decode_bytes

_FILE = "1\n00:00:01,000 --> 00:00:03,000\n{}\n"
_SENTENCES = [
    ("Über den Wolken muss die Freiheit grenzenlos sein.", "cp1252"),
    ("¿Cómo está usted, señor? Mañana será otro día.", "cp1252"),
    ("C’est déjà l’été, n’est-ce pas ? Où êtes-vous allés ?", "cp1252"),
    ("Não há mais ninguém, só nós três. Coração!", "cp1252"),
    ("Blåbærsyltetøy på brød, vær så god.", "cp1252"),
    ("Zażółć gęślą jaźń, proszę pana. Ćma śpi.", "cp1250"),
    ("Příliš žluťoučký kůň úpěl ďábelské ódy.", "cp1250"),
    ("Příliš žluťoučký kůň úpěl ďábelské ódy.", "iso8859_2"),
    ("Árvíztűrő tükörfúrógép, köszönöm szépen.", "cp1250"),
    ("Привет, как дела? Всё хорошо.", "cp1251"),
    ("Привет, как дела? Всё хорошо.", "koi8_r"),
    ("Привет, как дела? Всё хорошо.", "cp866"),
    ("Καλημέρα σε όλους, τι κάνετε σήμερα;", "cp1253"),
    ("Günaydın, bugün nasılsınız? Işık açık kaldı, İstanbul güzel.", "cp1254"),
    ("בוקר טוב לכולם, מה שלומכם היום?", "cp1255"),
    ("مرحبا، كيف حالك اليوم؟", "cp1256"),
    ("Labas rytas, kaip šiandien jaučiatės? Žmonės laukia ąžuolo.", "cp1257"),
    ("สวัสดีครับ วันนี้เป็นอย่างไรบ้าง", "cp874"),
    ("你好，今天怎么样？大家都在等你。", "gb2312"),
    ("你好，今天怎么样？大家都在等你。", "gb18030"),
    ("你好，今天過得怎麼樣？大海很平靜，天空很藍。", "big5"),
    ("안녕하세요, 오늘은 어떻게 지내세요?", "cp949"),
    ("こんにちは、元気ですか？明日は雨です。", "shift_jis"),
    ("こんにちは、元気ですか？明日は雨です。", "euc_jp"),
    ("こんにちは、元気ですか？明日は雨です。", "iso2022_jp"),
]
_UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize(("sentence", "encoding"), _SENTENCES)
def test_one_sentence_is_enough_to_recognise_an_encoding(sentence: str, encoding: str) -> None:
    reading = read_bytes(_FILE.format(sentence).encode(encoding), name="x.srt")
    assert [cue.text for cue in reading.track.cues] == [sentence]
    assert reading.notes == ()


@pytest.mark.parametrize("encoding", _UNICODE)
@pytest.mark.parametrize("sentence", ["Hello", "Привет", "你好吗今天怎么样大家", "مرحبا", "🎬 done"])
def test_every_unicode_encoding_is_recognised_with_and_without_a_bom(sentence: str, encoding: str) -> None:
    reading = read_bytes(_FILE.format(sentence).encode(encoding), name="x.srt")
    assert [cue.text for cue in reading.track.cues] == [sentence]
    assert reading.notes == ()


def test_webvtt_in_a_foreign_encoding_is_read_too() -> None:
    data = "WEBVTT\n\n00:01.000 --> 00:02.000\nΚαλημέρα σε όλους\n".encode("utf-16-be")
    assert read_bytes(data, name="x.vtt").track.cues[0].text == "Καλημέρα σε όλους"


def test_scripts_are_read_the_same_in_their_code_page(data: Path) -> None:
    pages = {"es-ES": "cp1252", "fr-FR": "cp1252", "de-DE": "cp1252", "it-IT": "cp1252", "pt-BR": "cp1252"}
    pages |= {"ja-JP": "shift_jis", "zh-CN": "gb2312", "ar-SA": "cp1256"}
    for locale, page in pages.items():
        text = (data / f"narrated/narrated.{locale}.srt").read_text(encoding="utf-8-sig")
        assert decode_bytes(text.encode(page))[0] == text, locale


def test_a_damaged_byte_in_utf8_does_not_make_it_another_encoding() -> None:
    data = _FILE.format("Größe, Länge, Höhe, Übermaß, früh").encode()
    text, encoding, notes = decode_bytes(data.replace("ö".encode(), b"\xc3", 1))
    assert (encoding, text.count("\ufffd"), "Höhe" in text) == ("utf-8", 1, True)
    assert [(note.kind, note.code, note.line) for note in notes] == [("repaired", "bad_bytes", 3)]


def test_emoji_in_two_halves_are_read_as_meant_and_leave_the_rest_as_it_is() -> None:
    """Java and old databases write them so (CESU-8); three of them in a short file made Chinese of all its Spanish."""
    said = "¿Qué tal? \U0001f600 Corazón \U0001f680"
    data = _FILE.format(said)
    written = b"".join(char.encode() if char < "\U00010000" else _halve(char) for char in data)
    text, encoding, notes = decode_bytes(written)
    assert (text, encoding) == (data, "utf-8")
    assert [(note.kind, note.code, note.line) for note in notes] == [("noted", "halves", 3)]
    assert decode_bytes(b"\xef\xbb\xbf" + written)[0] == data


def test_one_broken_character_makes_no_chinese_of_a_short_script() -> None:
    data = _FILE.format("Acción y emoción, ¿qué tal? Corazón").encode()
    text, encoding, notes = decode_bytes(data + b"\xe2\x82\n", "es-ES")
    assert (encoding, "Acción" in text) == ("utf-8", True)
    assert [note.code for note in notes] == ["bad_bytes"]


@pytest.mark.parametrize(("locale", "is_guess"), [("es-ES", True), ("en-US", True), ("zh-CN", False), (None, False)])
def test_letters_that_a_language_is_not_written_in_are_a_guess(locale: str | None, is_guess: bool) -> None:
    """A wrong file, or damage: it has to be accepted, instead of being delivered as Chinese in a Spanish dub."""
    data = _FILE.format("你好，今天怎么样？大家都在等你。").encode("gb2312")
    assert ("encoding_guess" in [note.code for note in decode_bytes(data, locale)[2]]) == is_guess


def _halve(char: str) -> bytes:
    high, low = char.encode("utf-16-be")[:2], char.encode("utf-16-be")[2:]
    return b"".join(chr(int.from_bytes(each)).encode("utf-8", "surrogatepass") for each in (high, low))


def test_bytes_that_mean_nothing_are_a_guess_and_say_so() -> None:
    data = _FILE.format("x").encode() + bytes(range(0x80, 0x100)) * 2
    notes = decode_bytes(data)[2]
    assert notes[0].code == "encoding_guess"
    assert notes[0].line == 4


def test_a_file_above_the_limit_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "huge.srt"
    with file.open("wb") as handle:
        handle.truncate(MAX_BYTES * 64)
    with pytest.raises(SubtitleError, match="16 MiB") as refusal:
        read_file(file)
    assert refusal.value.code == "subtitles_too_big"
    assert str(file) in refusal.value.where
