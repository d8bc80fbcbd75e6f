import re
import wave

import numpy as np
import pytest

from polyreel.intake.jobfile import load_job
from polyreel.media.probe import probe
from polyreel.sandbox.sample import LINES, make_sample
from polyreel.subtitles import read_file
from polyreel.subtitles.checks import check

SECONDS = 8


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A short sample, made once."""
    import asyncio

    return asyncio.run(make_sample(tmp_path_factory.mktemp("sample"), SECONDS))


def test_the_reel_has_picture_and_sound_of_the_length_asked_for(made):
    info = probe(made.video)
    assert info.video is not None
    assert len(info.audio) == 1
    assert float(info.duration) == pytest.approx(SECONDS, abs=0.05)


def sound_of(path):
    with wave.open(str(path)) as file:
        assert file.getnframes() == SECONDS * file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
        return samples / 32_768, file.getframerate()


def test_the_background_is_quiet_music_that_never_stops_or_clicks(made):
    sound, rate = sound_of(made.background)
    windows = sound[: len(sound) // rate * rate].reshape(-1, rate, 2)
    assert np.sqrt((windows**2).mean(axis=(1, 2))).min() > 0.003
    assert np.abs(sound).max() < 0.15
    assert np.abs(np.diff(sound, axis=0)).max() < 0.02


def test_every_language_has_as_many_cues_as_the_narration_has_lines(made):
    scripts = {"en-US": made.script, **made.translations}
    assert scripts.keys() == LINES.keys() == {"en-US", "es-ES", "fr-FR", "de-DE", "ja-JP", "ar"}
    for locale, script in scripts.items():
        text = script.read_text("utf-8")
        assert text.count(" --> ") == 2
        assert LINES[locale][0] in text
        assert re.findall(r"^(\S+) -->", text, re.MULTILINE) == ["00:00:00,600", "00:00:03,800"]


def test_every_language_says_the_same_number_of_sentences():
    assert {len(lines) for lines in LINES.values()} == {6}


def test_its_job_is_a_job(made):
    job = load_job(made.job)
    assert [target.locale for target in job.targets] == list(made.translations)
    assert made.background.exists()
    assert sorted(path.name for path in made.job.parent.iterdir()) == sorted(
        ["job.yaml", "sample.mp4", "sample.background.wav", *(f"sample.{locale}.srt" for locale in LINES)]
    )


async def test_a_sample_without_room_for_its_narration_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no room"):
        await make_sample(tmp_path, 7)


def test_every_script_can_be_read_in_its_time(made):
    scripts = {**made.translations, "en-US": made.script}
    found = {locale: check(read_file(path).track, "netflix", locale) for locale, path in scripts.items()}
    assert not any(found.values()), found
