"""What tracks are called: in their own language, each by a name of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyreel.packaging.roles import Rendition


@pytest.mark.parametrize(
    ("locale", "role", "name", "file"),
    [
        ("ja-JP", "original", "日本語 (日本)", "ja-JP"),
        ("ar-EG", "dub", "العربية (مصر)", "ar-EG"),
        ("pt-BR", "voiceover", "português (Brasil) (VO)", "pt-BR-voiceover"),
        ("de-DE", "captions", "Deutsch (Deutschland) (CC)", "de-DE-captions"),
        ("de-DE", "description", "Deutsch (Deutschland) (AD)", "de-DE-description"),
    ],
)
def test_a_track_is_named_in_its_own_language_and_by_what_it_is(locale, role, name, file):
    track = Rendition(Path("x"), locale, role=role)
    assert (track.name, track.file_name) == (name, file)
