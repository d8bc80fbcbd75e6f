"""A language is named as its speakers name it, in the script that they write."""

import pytest

from polyreel.locales import own_name


@pytest.mark.parametrize(
    ("locale", "name"),
    [
        ("zh-TW", "中文（台灣）"),
        ("zh-HK", "中文（中國香港特別行政區）"),
        ("zh-MO", "中文（中國澳門特別行政區）"),
        ("zh-CN", "中文（中国）"),
        ("pa-PK", "پنجابی (پاکستان)"),
        ("sr-RS", "српски (Србија)"),
        ("es-ES", "español (España)"),
    ],
)
def test_every_script_names_its_own_locale(locale: str, name: str) -> None:
    assert own_name(locale) == name
