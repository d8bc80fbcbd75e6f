"""UTF-8 that went through a code page, in scripts of every kind; and pages that only their language's letters tell."""

from __future__ import annotations

import pytest

from polyreel.subtitles.convert import ReadingOptions, read_bytes
from polyreel.subtitles.cuetext import plain_text
from polyreel.subtitles.decode import decode_bytes

_TEXTS = {
    "ru-RU": "Сегодня мы покажем, как работает станок.",
    "uk-UA": "Її ґудзик і їжак — це дуже просто.",
    "el-GR": "Σήμερα θα σας δείξουμε πώς λειτουργεί.",
    "he-IL": "היום נראה לכם איך זה עובד.",
    "ar-SA": "اليوم سنريكم كيف تعمل الآلة.",
    "th-TH": "วันนี้เราจะแสดงวิธีการทำงาน",
    "ja-JP": "今日は機械の使い方をお見せします。",
    "zh-CN": "今天我们将演示机器的用法。",
    "ko-KR": "오늘은 기계 사용법을 보여 드리겠습니다.",
    "lv-LV": "Šodien parādīsim, kā tas darbojas.",
}


@pytest.mark.parametrize("locale", _TEXTS)
@pytest.mark.parametrize("page", ["cp1252", "latin-1"])
def test_other_scripts_are_read_as_they_were_meant(locale: str, page: str) -> None:
    text = _TEXTS[locale]
    twice = "".join(bytes([byte]).decode(page, "ignore") or chr(byte) for byte in text.encode())
    found, _, notes = decode_bytes(twice.encode())
    assert (found, [note.code for note in notes]) == (text, ["double_encoding"])


@pytest.mark.parametrize(
    ("locale", "page", "text"),
    [
        ("uk-UA", "gb18030", "Сьогодні ми покажемо, як це працює."),
        ("es-ES", "gb18030", "Mañana será otro día."),
        ("vi-VN", "cp932", "Hôm nay chúng tôi sẽ cho bạn thấy."),
        ("fr-FR", "cp1257", "Aujourd’hui, l’été est très chaud."),
        ("hr-HR", "cp850", "Žaba čeka đaka, danas ćemo raditi."),
    ],
)
def test_where_several_pages_explain_it_the_languages_letters_decide(locale: str, page: str, text: str) -> None:
    found, _, notes = decode_bytes(text.encode().decode(page).encode(), locale)
    assert (found, [note.code for note in notes]) == (text, ["double_encoding"])


@pytest.mark.parametrize(
    "text",
    [
        "联通公司的朋友们今天来了。",
        "“Ça alors”, dit-elle à Zoë.",
        "Ðað er gott, já.",
        "שלום × 2",
        "ك\xa0ك\xa0",  # a letter and a no-break space are the two bytes of a letter of N'Ko
        "1 café\xa0» ou 2 caf\xe9\xa0»",  # of Chinese
        "з…\xa0: 1",
        "λ”\xa0?",
        "أ» 1, ب» 2",
    ],
)
def test_what_was_encoded_once_stays(text: str) -> None:
    assert decode_bytes(text.encode())[::2] == (text, ())


def test_what_lost_bytes_on_its_way_is_refused_in_any_script() -> None:
    notes = decode_bytes("Ð\u201dÐ¾Ð±Ñ\u20acÐ\ufffd Ð\u0192".encode())[2]
    assert [(note.kind, note.code) for note in notes] == [("repaired", "double_encoding")]


@pytest.mark.parametrize("mark", ["ï»¿", "п»ї", "ן»¿"])
def test_a_misread_mark_makes_no_text_of_a_number(mark: str) -> None:
    text = f"1\n00:00:01,000 --> 00:00:02,000\nOne\n\n{mark}2\n00:00:03,000 --> 00:00:04,000\nTwo é\n"
    assert [cue.text for cue in read_bytes(text.encode(), "srt").track.cues] == ["One", "Two é"]


@pytest.mark.parametrize(
    ("locale", "page", "text"),
    [
        ("pt-BR", "cp860", "Não é difícil, então experimente à vontade."),
        ("is-IS", "cp861", "Velkomin á verkstæðið, það er mjög auðvelt."),
        ("is-IS", "mac_iceland", "Velkomin á verkstæðið, það er mjög auðvelt."),
        ("kk-KZ", "kz1048", "Біздің шеберханаға қош келдіңіз."),
        ("et-EE", "iso8859_15", "Šokolaad on öös ja žürii sõidab."),
        ("ko-KR", "iso2022_kr", "오늘은 기계 사용법을 보여 드리겠습니다."),
        ("zh-CN", "hz", "今天我们将演示机器的用法。"),
        ("ar-SA", "mac_arabic", "اليوم سنريكم كيف تعمل الآلة."),
    ],
)
def test_rarer_pages_are_read_by_their_languages_letters(locale: str, page: str, text: str) -> None:
    data = f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n".encode(page)
    reading = read_bytes(data, "srt", options=ReadingOptions(locale=locale))
    assert [plain_text(cue.text) for cue in reading.track.cues] == [text]
    assert reading.encoding == page


@pytest.mark.parametrize("page", ["cp949", "big5hkscs", "euc_jp"])
def test_what_went_through_a_page_of_east_asia_whole_is_read(page: str) -> None:
    text = "Mañana será otro día, ¿sí?"
    assert decode_bytes(text.encode().decode(page).encode(), "es-ES")[0] == text


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("ru-RU", _TEXTS["ru-RU"]),
        ("el-GR", _TEXTS["el-GR"]),
        ("ar-SA", _TEXTS["ar-SA"]),
        ("th-TH", _TEXTS["th-TH"]),
        ("ko-KR", _TEXTS["ko-KR"]),
        ("ja-JP", _TEXTS["ja-JP"]),
        ("de-DE", "Schöne Grüße, für die Ärzte."),
        ("fr-FR", "L’été, c’est très chaud à Évian."),
        (None, "L’été, c’est très chaud à Évian."),
    ],
)
@pytest.mark.parametrize("page", ["cp949", "big5", "euc_jp", "shift_jis"])
def test_what_lost_bytes_in_a_page_of_east_asia_is_told(locale: str | None, text: str, page: str) -> None:
    found, _, notes = decode_bytes(text.encode().decode(page, "replace").encode(), locale)
    assert found == text or [(note.kind, note.code) for note in notes] == [("repaired", "double_encoding")]


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        (None, "今天app更新了，请大家下载pdf的新版本。"),
        (None, "BTS는 최고, app을 켜요."),
        (None, "iPhone発売"),
        (None, "a日本"),
        ("es-ES", "Hoy decimos 你好吗 y luego 谢谢你们。 Es fácil: 再见, adiós."),
        ("en-US", "We say 你好吗, then 谢谢你们。"),
        ("ru-RU", "Сегодня мы скажем 你好吗, потом 谢谢你们."),
        ("zh-CN", "今天\ufffd们将演示机器的用法，大家好，欢迎来到这里。"),
        ("ja-JP", "ｶﾒﾗを使います。"),
        ("fr-FR", _TEXTS["ja-JP"]),  # a file of another language is no damaged one
        ("es-ES", "今天我们将演示机器的用法，你们来看看吧。"),
        ("ru-RU", "今天我们将演示机器的用法，你们来看看吧。"),
        ("de-DE", _TEXTS["ko-KR"]),
    ],
)
def test_signs_of_east_asia_in_their_place_are_no_damage(locale: str | None, text: str) -> None:
    assert decode_bytes(text.encode(), locale)[::2] == (text, ())
