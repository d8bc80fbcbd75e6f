"""Whose voice suits whom: as the job says, as the script says, by pitch; and the same in every run."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing import casting
from polyreel.dubbing.casting import name_speakers, resolve_casting
from polyreel.dubbing.translation import Commission, Voicing, draft_script
from polyreel.engine.separation.stems import Bed, Stems
from polyreel.engine.sound.resample import resample
from polyreel.engine.speakers import diarise
from polyreel.engine.speakers.diarise import Ear
from polyreel.engine.speakers.gender import genders_in
from polyreel.engine.speakers.named import Turn
from polyreel.engine.speakers.pitch import gender_by_pitch, measure_pitches
from polyreel.engine.speech.perform import Direction, perform
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.engine.translate.port import Order
from polyreel.engine.voice.ensemble import Ensemble
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.kokoro.voice import KokoroVoice
from polyreel.engine.voice.piper import PiperVoice
from polyreel.engine.voice.port import Gender, Speech, Voice, assign
from polyreel.job import Job
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore
from polyreel.subtitles.model import Cue, Track

RATE = 48_000
ENGINES: list[Voice] = [KokoroVoice(), EspeakVoice(), Ensemble((PiperVoice(), KokoroVoice(), EspeakVoice()))]


@pytest.mark.parametrize("voice", ENGINES, ids=lambda voice: voice.name)
@pytest.mark.parametrize("locale", ["en-US", "es-ES", "fr-FR", "hi-IN", "it-IT", "ja-JP", "pt-BR", "zh-CN"])
def test_who_is_known_gets_a_voice_that_suits_and_shares_it_with_nobody(voice: Voice, locale: str) -> None:
    genders: dict[str, Gender] = {"Ana": "female", "Ben": "male", "Cem": "male", "Dora": "female"}
    cast = assign(voice, locale, genders, roster=("Ben", "Ana", "Cem", "Dora"), genders=genders)
    assert {name: voice.gender(cast[name]) for name in genders} == genders
    few = voice.name != "espeak-ng" and locale in {"fr-FR", "it-IT", "es-ES", "pt-BR", "ja-JP"}
    assert len(set(cast.values())) == 4 or few


def test_a_cast_that_suits_is_the_same_in_every_run_and_for_every_part_of_the_film() -> None:
    genders: dict[str, Gender] = {"Ana": "female", "Ben": "male", "Cem": "male"}
    roster = ("Ben", "Narrator", "Ana", "Cem")
    whole = assign(KokoroVoice(), "it-IT", roster, roster=roster, genders=genders)
    part = assign(KokoroVoice(), "it-IT", ["Cem"], roster=roster, genders=genders)
    assert part["Cem"] == whole["Cem"]
    assert whole == assign(KokoroVoice(), "it-IT", reversed(roster), roster=roster, genders=genders)


def test_a_voice_that_the_job_names_comes_before_what_suits() -> None:
    genders: dict[str, Gender] = {"Ana": "female", "Ben": "male"}
    named = assign(KokoroVoice(), "es-ES", genders, pinned={"Ana": "em_alex"}, genders=genders)
    assert named == {"Ana": "em_alex@es-ES", "Ben": "em_santa@es-ES"}
    asked = assign(KokoroVoice(), "es-ES", genders, ["em_santa", "ef_dora"], roster=("Ana", "Ben"), genders=genders)
    assert asked == {"Ana": "em_santa@es-ES", "Ben": "ef_dora@es-ES"}


def test_rather_a_voice_twice_than_one_that_is_wrong() -> None:
    """French has one woman of its own and two that it borrows: the fourth woman gets a woman's voice again."""
    women: dict[str, Gender] = dict.fromkeys(("Ana", "Bea", "Cleo", "Dora"), "female")
    cast = assign(KokoroVoice(), "fr-FR", women, genders=women)
    assert {KokoroVoice().gender(voice) for voice in cast.values()} == {"female"}


def test_scripts_say_who_is_who_by_classes_and_by_roles_and_not_by_first_names() -> None:
    track = Track(
        (
            Cue(0, 1, "<v.female.loud Ana>Hello.</v>"),
            Cue(1, 2, "<c.male>Hello.</c>", speaker="Ben"),
            Cue(2, 3, "Hello.", speaker="MAN 2"),
            Cue(3, 4, "Hello.", speaker="Señora Luz"),
            Cue(4, 5, "Hello.", speaker="आदमी"),
            Cue(5, 6, "Hello.", speaker="Andrea"),
            Cue(6, 7, "<v.male Kim>One.</v>\n<v.female Kim>Two.</v>"),
        )
    )
    assert genders_in([track]) == {
        "Ana": "female",
        "Ben": "male",
        "MAN 2": "male",
        "Señora Luz": "female",
        "आदमी": "male",
    }


def test_the_jobs_word_counts_more_than_the_scripts_and_that_more_than_the_ears() -> None:
    job = Job.model_validate(
        {
            "name": "a",
            "source": {"media": "a.mp4", "locale": "en-US"},
            "targets": ["es-ES"],
            "speakers": {"WOMAN": {"gender": "male"}, "Ben": {"voices": {"es-ES": "em_alex"}}},
        }
    )
    track = Track((Cue(0, 1, "Hello.", speaker="WOMAN"), Cue(1, 2, "Hello.", speaker="MAN")))
    found = resolve_casting(track, job, "es-ES", whole=[track], heard={"MAN": "female", "Speaker 3": "female"})
    assert dict(found.genders) == {"WOMAN": "male", "MAN": "male", "Speaker 3": "female"}
    assert found.pinned == (("Ben", "em_alex"),)


async def test_who_is_told_apart_by_ear_comes_first_and_nobody_without_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A script without names would else give the language's first voice to nobody."""
    script = Track((Cue(0, 1000, "Hola."), Cue(1000, 2000, "Sí."), Cue(2000, 3000, "Bueno.")))
    turns = (Turn(0, 1000, "Speaker 1"), Turn(1000, 2000, "Speaker 2"), Turn(2000, 3000, "Speaker 1"))
    monkeypatch.setattr(casting.shelf, "is_here", lambda *_: True)
    monkeypatch.setattr(diarise, "hear_speakers", lambda *_: Ear(turns, {"Speaker 2": "male"}, turns[2:]))
    source = {"media": "a.mp4", "locale": "en-US", "speakers": "auto"}
    job = Job.model_validate({"name": "a", "source": source, "targets": ["es-ES"]})
    audio = StoredFile(uri="file:///a.wav", sha256="0" * 64, bytes=1)
    stems = Stems(kind="ducked", channels=1, samples=1, original=Bed(audio=audio, power=audio))
    found = await casting.cast_script(
        script, None, whole=[script], job=job, locale="es-ES", stems=stems, store=LocalStore(tmp_path)
    )
    assert found.roster == ("Speaker 1", "Speaker 2")
    assert [cue.speaker for cue in found.script.cues] == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert dict(found.genders) == {"Speaker 2": "male"}
    assert found.notes[0].startswith(
        "Told apart by ear: Speaker 1 (gender not clear, 2 lines), Speaker 2 (male, 1 line); a short line sounds like "
        "nobody's others and went to the nearest: 2.0 s (Speaker 1's). "
    )


@pytest.mark.parametrize("hertz", [75, 100, 145, 175, 220, 330])
def test_the_pitch_of_a_voiced_sound_is_its_fundamental(hertz: float) -> None:
    """A buzz with twenty harmonics, its fundamental the weakest of them, in noise 20 dB down."""
    time = np.arange(2 * RATE) / RATE
    random = np.random.default_rng(3)
    buzz = sum(np.sin(2 * np.pi * hertz * n * time + n * n) / (1 + abs(n - 4)) for n in range(1, 21))
    heard = measure_pitches((buzz / 5 + 0.02 * random.standard_normal(len(time))).astype(np.float32))
    assert len(heard) > 50
    assert float(np.median(heard)) == pytest.approx(hertz, rel=0.03)


def test_what_has_no_pitch_says_nothing() -> None:
    noise = np.random.default_rng(2).standard_normal(3 * RATE).astype(np.float32)
    assert gender_by_pitch(measure_pitches(noise)) is None
    assert gender_by_pitch(measure_pitches(np.zeros(RATE, np.float32))) is None
    assert gender_by_pitch(measure_pitches(np.zeros(10, np.float32))) is None


@pytest.mark.parametrize(("variant", "gender"), [("m3", "male"), ("f2", "female"), ("m7", "male"), ("f4", "female")])
def test_synthetic_men_and_women_are_told_apart(variant: str, gender: Gender) -> None:
    said = EspeakVoice().speak("This is said by one of the two of us, for a while.", f"en-us+{variant}", 1.0)
    assert gender_by_pitch(measure_pitches(resample(said.samples, said.rate, RATE))) == gender


class Counting(EspeakVoice):
    """espeak-ng, for two lines that are said at the same time; and who was asked to say what."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self._meet = threading.Barrier(2)

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        self.said.append((text, voice_id))
        self._meet.wait(20)
        return super().speak(text, voice_id, speed)


class German:
    """A drafter that knows two lines."""

    name = "german"

    async def translate(self, order: Order) -> Mapping[int, str]:
        known = {"Hello there, my friend.": "Hallo, mein Freund.", "Good evening.": "Guten Abend."}
        return {line.number: known[line.text] for line in order.lines}

    async def shorten(self, order: Order, drafts: Mapping[int, str]) -> Mapping[int, str]:
        return {}


async def test_a_draft_is_measured_in_the_very_voices_that_the_dub_will_have(tmp_path: Path) -> None:
    """Side by side; what was said to measure it need not be said again; names before the words are not translated."""
    job = Job.model_validate(
        {"name": "a", "source": {"media": "a.mp4", "locale": "en-US", "speakers": 2}, "targets": ["de-DE"]}
    )
    written = Track((Cue(0, 3000, "WOMAN: Hello there, my friend."), Cue(4000, 7000, "MAN: Good evening.")))
    source = name_speakers(written, job)
    casting = resolve_casting(source, job, "de-DE", whole=[source])
    voice, store = Counting(), LocalStore(tmp_path / "store")
    commission = Commission(source, "en-US", "de-DE", "none", 20_000, voicing=Voicing(voice, (), store, casting))
    made = await draft_script(commission, German(), lambda _: None)
    assert {text: voice.gender(by) for text, by in voice.said} == {
        "Hallo, mein Freund.": "female",
        "Guten Abend.": "male",
    }
    voice.said.clear()
    direction = Direction("de-DE", 20 * RATE, roster=casting.roster, genders=casting.genders)
    found = perform(
        extract_spoken_script(made.track), direction, voice, store, on_progress=lambda _: None, go_on=lambda: None
    )
    assert voice.said == []
    assert [line.reused for line in found.lines] == [True, True]
