"""Subtitles in the picture: there when they are shown, in a font that has their letters, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from polyreel.errors import InvalidJob
from polyreel.machine import home
from polyreel.media.probe import probe
from polyreel.packaging import fonts
from polyreel.packaging.burned import font_for, write_burned
from polyreel.packaging.fonts import choose_font

CUES = "WEBVTT\n\n00:00.500 --> 00:01.500\nHola a todos\n"


@pytest.fixture
def film(make):
    """Two seconds of grey."""
    grey = ["-f", "lavfi", "-i", "color=gray:s=320x180:r=25", "-f", "lavfi", "-i", "sine=f=440:r=48000"]
    return make("grey.mp4", *grey, "-t", 2, "-c:v", "libx264", "-c:a", "aac")


@pytest.fixture
def some_font():
    """Any font of this machine."""
    found = fonts.font_files()
    if not found:
        pytest.skip("needs a font on this machine")
    return found


async def test_a_text_is_in_the_picture_while_it_is_shown(film, frames, tmp_path, some_font):
    (tmp_path / "a.vtt").write_text(CUES)
    await write_burned(film, tmp_path / "a.vtt", "es-ES", tmp_path / "burned.mp4")
    seen = frames(tmp_path / "burned.mp4", 320, 180).astype(int)
    changed = np.abs(seen - seen[0]).max(axis=(1, 2)) > 60
    assert not changed[:12].any()
    assert changed[14:36].all()
    assert not changed[39:].any()
    where = np.argwhere(np.abs(seen[25] - seen[0]) > 60)
    assert where[:, 0].min() > 120  # at the bottom, in the middle
    assert abs(where[:, 1].mean() - 160) < 8
    assert probe(tmp_path / "burned.mp4").audio[0].codec == "aac"
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix) == ["a.vtt", "burned.mp4"]


async def test_an_arabic_line_runs_from_the_right_and_ends_at_the_left(film, frames, tmp_path, some_font):
    """Its letters are tall and its dots are not: the tall ones stand at the right of the line's middle."""
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nلالالالا ..........\n", "utf-8")
    try:
        await write_burned(film, tmp_path / "a.vtt", "ar-SA", tmp_path / "burned.mp4")
    except InvalidJob as error:
        pytest.skip(f"needs a font with Arabic letters: {error.remedy}")
    seen = np.argwhere(np.abs(frames(tmp_path / "burned.mp4", 320, 180)[25].astype(int) - 126) > 60)
    tall = seen[seen[:, 0] < np.median(seen[:, 0])]
    assert tall[:, 1].min() > seen[:, 1].mean() - 8
    assert seen[:, 1].max() - tall[:, 1].max() < 8


def test_a_script_that_no_font_shows_is_named_with_its_letters(tmp_path, monkeypatch):
    monkeypatch.setattr(fonts, "font_files", lambda: ())
    with pytest.raises(InvalidJob, match="Hindi") as raised:
        choose_font("नमस्ते", "hi-IN")
    assert raised.value.code == "missing_font"
    assert str(home.home() / "fonts") in raised.value.remedy
    assert "fonts-noto-core" in raised.value.remedy
    assert fonts.package_of("ja-JP") == "fonts-noto-cjk"
    (tmp_path / "empty.vtt").write_text("WEBVTT\n")
    assert font_for(tmp_path / "empty.vtt", "hi-IN") is None


def test_the_nearest_font_says_what_it_lacks(some_font, monkeypatch):
    monkeypatch.setattr(fonts, "font_files", lambda: some_font[:1])
    with pytest.raises(InvalidJob, match="the nearest lacks \U0001341a"):
        choose_font("a\U0001341a", "es-ES")


def test_the_users_own_fonts_come_first_and_what_is_no_font_shows_nothing(some_font):
    own = home.home() / "fonts"
    own.mkdir(parents=True)
    (own / "broken.ttf").write_bytes(b"no font")
    plain = next(path for path in some_font if path.suffix.lower() == ".ttf")
    (own / plain.name).write_bytes(plain.read_bytes())
    assert choose_font("Hola", "es-ES").file == own / plain.name
