"""Who speaks: names before a colon, names in the source's script, voices told apart, and one voice for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyreel.engine.separation.learned import write_frames, write_header
from polyreel.engine.separation.stems import Bed, Stems
from polyreel.engine.sound.resample import resample
from polyreel.engine.speakers.diarise import _part_cues, group_prints, hear_speakers, tell_apart
from polyreel.engine.speakers.named import Turn, roster, with_names, with_turns
from polyreel.engine.speakers.voiceprint import Encoder
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import assign
from polyreel.errors import EngineError
from polyreel.store.local import LocalStore
from polyreel.subtitles.model import Cue, Track

RATE = 48_000
VOICE = EspeakVoice()


def script(*texts: str) -> Track:
    return Track(tuple(Cue(2000 * at, 2000 * at + 1800, text) for at, text in enumerate(texts)))


def said(track: Track) -> list[tuple[str | None, str]]:
    return [(cue.speaker, cue.text) for cue in track.cues]


def test_names_that_come_back_are_speakers() -> None:
    found = with_names(script("Ana: Hello.", "Ben: Hi.", "Ana: How are you?", "Ben: Fine."))
    assert said(found) == [("Ana", "Hello."), ("Ben", "Hi."), ("Ana", "How are you?"), ("Ben", "Fine.")]


@pytest.mark.parametrize(
    "texts",
    [
        ("Note: this is loud.", "Listen to it.", "Warning: it is.", "Good."),
        ("Ana: Hello.", "Ana: Is somebody here?", "Nobody was.", "So she went."),
        ("Remember: one.", "Remember: two.", "Then three.", "Time: 10:30.", "Four.", "Five.", "Six.", "Seven."),
    ],
)
def test_a_colon_in_plain_text_makes_no_speaker(texts: tuple[str, ...]) -> None:
    assert with_names(script(*texts)) == script(*texts)


def test_where_names_are_in_capitals_who_speaks_once_has_one_too() -> None:
    found = with_names(script("ANA: Hello.", "BEN: Hi.", "POLICE: Stop!", "ANA: Note: I can't.", "BEN: Me neither."))
    assert said(found)[2:4] == [("POLICE", "Stop!"), ("ANA", "Note: I can't.")]


def test_two_names_in_capitals_are_names_though_each_comes_once() -> None:
    found = with_names(script("So it began.", "Nobody knew.", "It rained.", "ANA: Hello.", "BEN: Hi.", "The end."))
    assert [cue.speaker for cue in found.cues] == [None, None, None, "ANA", "BEN", "BEN"]


@pytest.mark.parametrize("texts", [("NOTE: it rains.", "Yes."), ("NOTE: IT RAINS.", "SO: STAY.", "ANA: NO.")])
def test_one_word_in_capitals_or_a_script_of_them_proves_nothing(texts: tuple[str, ...]) -> None:
    assert with_names(script(*texts)) == script(*texts)


def test_how_it_is_said_and_italics_belong_to_no_name() -> None:
    found = with_names(script("ANA: Hi.", "BEN (shouting): Hey!", "<i>ANA: Yes.</i>", "- BEN [off]: No.", "BEN: So."))
    assert said(found) == [("ANA", "Hi."), ("BEN", "Hey!"), ("ANA", "<i>Yes.</i>"), ("BEN", "No."), ("BEN", "So.")]


@pytest.mark.parametrize("expected", [None, 1, 3])
def test_a_label_is_a_name_wherever_it_stands_and_nobody_gets_anothers_words(expected: int | None) -> None:
    texts = (
        "ANA: Wait.",
        "LUIS: No.",
        "- You come?\n- I can't.",
        ">> ANA: Come on.",
        ">> Good night.",
        "<i>ANA:</i> Bye.",
    )
    found = with_names(script(*texts), expected)
    assert said(found) == [
        ("ANA", "Wait."),
        ("LUIS", "No."),
        (None, "- You come?\n- I can't."),
        ("ANA", "Come on."),
        (None, ">> Good night."),
        ("ANA", "Bye."),
    ]


def test_a_label_alone_names_who_says_the_next_cue() -> None:
    assert said(with_names(script("ANA:", "Hello.", "BEN: Hi.")))[1:] == [("ANA", "Hello."), ("BEN", "Hi.")]


def test_one_label_in_capitals_is_a_name_and_a_heading_is_none() -> None:
    assert said(with_names(script("[door opens]\nMARY: Who is there?", "WARNING: it is hot."))) == [
        (None, "[door opens]\n<v MARY>Who is there?</v>"),
        ("MARY", "WARNING: it is hot."),
    ]


def test_where_two_are_expected_the_two_most_frequent_are_names_and_the_rest_is_text() -> None:
    found = with_names(script("Ana: Hello.", "Ben: Hi.", "Note: it rains.", "Ana: Yes.", "Ben: No."), expected=2)
    assert said(found)[2] == ("Ben", "Note: it rains.")
    assert roster(found) == ("Ana", "Ben")


def test_where_one_is_expected_nobody_has_a_name() -> None:
    texts = ("Ana: Hello.", "Ben: Hi.", "Ana: Yes.", "Ben: No.")
    assert with_names(script(*texts), expected=1) == script(*texts)


def test_a_name_holds_until_the_next_one() -> None:
    found = with_names(script("Ana: Hello.", "It is me.", "Ben: Hi.", "Ana: Well.", "Ben: So.", "And on."))
    assert [cue.speaker for cue in found.cues] == ["Ana", "Ana", "Ben", "Ana", "Ben", "Ben"]


def test_voice_tags_are_believed_and_colons_beside_them_are_text() -> None:
    track = script("<v Ana>Hello.</v>", "Ben: he said.", "Ben: again.", "Cleo: she said.", "Cleo: again.")
    assert with_names(track) == track
    assert roster(track) == ("Ana", "")


def test_the_sources_names_go_to_the_translations_cues_by_time() -> None:
    turns = [Turn(0, 1900, "Ana"), Turn(1900, 4000, "Ben")]
    found = with_turns(script("Hola.", "Qué tal.", "Nadie."), turns)
    assert [cue.speaker for cue in found.cues] == ["Ana", "Ben", None]


# -- one voice for each, in every run


def test_voices_stay_when_a_reel_is_trimmed_or_a_new_name_comes() -> None:
    whole = assign(VOICE, "de-DE", ["Ana", "Ben", "Cleo"], roster=("Zoe", "Ana", "Ben", "Cleo"))
    trimmed = assign(VOICE, "de-DE", ["Cleo"], roster=("Zoe", "Ana", "Ben", "Cleo"))
    more = assign(VOICE, "de-DE", ["Abe", "Cleo"], roster=("Zoe", "Ana", "Ben", "Cleo", "Abe"))
    assert whole["Cleo"] == trimmed["Cleo"] == more["Cleo"]
    assert len(set(whole.values())) == 4


def test_a_voice_that_the_job_gives_to_somebody_is_theirs_alone() -> None:
    usual = assign(VOICE, "de-DE", ["Ana", "Ben"], roster=("Ana", "Ben"))
    pinned = assign(VOICE, "de-DE", ["Ana", "Ben"], roster=("Ana", "Ben"), pinned={"Ben": "f4"})
    assert pinned == {"Ana": usual["Ana"], "Ben": "de+f4"}
    taken = assign(
        VOICE, "de-DE", ["Ana", "Ben"], roster=("Ana", "Ben"), pinned={"Ben": usual["Ana"].partition("+")[2]}
    )
    assert taken["Ben"] == usual["Ana"]
    assert taken["Ana"] != taken["Ben"]


# -- by ear


def by_pitch(windows: np.ndarray) -> np.ndarray:
    """Stands in for the network: a window's spectrum, which is not the same for a deep and a high voice."""
    shape = windows.mean(axis=1)
    return (shape - shape.mean(axis=1, keepdims=True)).astype(np.float32)


def dialogue(folder: Path, store: LocalStore) -> tuple[Stems, list[tuple[int, int]]]:
    """Six lines, said in turns by a man and a woman, the last two by the man."""
    sound, cues = [np.zeros(RATE // 2, np.float32)], []
    for who in ("m3", "f2", "m3", "f2", "m3", "m3"):
        line = VOICE.speak("This is said by one of the two of us, and it goes on for a while.", f"en-us+{who}", 1.0)
        start = sum(map(len, sound)) * 1000 // RATE
        sound.append(resample(line.samples, line.rate, RATE) * np.float32(0.5))
        cues.append((start, sum(map(len, sound)) * 1000 // RATE))
        sound.append(np.zeros(RATE // 2, np.float32))
    frames = np.concatenate(sound)[:, None]
    with (folder / "sound.wav").open("wb") as file:
        write_header(file, 1, len(frames))
        write_frames(file, frames)
    audio = store.keep_file(folder / "sound.wav", ".wav")
    return Stems(kind="ducked", channels=1, samples=len(frames), original=Bed(audio=audio, power=audio)), cues


def never() -> None:
    """Nothing stops this work."""


def test_two_voices_are_told_apart_once_for_every_language(tmp_path: Path) -> None:
    store = LocalStore()
    stems, cues = dialogue(tmp_path, store)
    asked: list[int] = []

    def load() -> Encoder:
        asked.append(1)
        return by_pitch

    found = hear_speakers(stems, cues, 2, store, never, load=load)
    assert [turn.speaker[-1] for turn in found.turns] == ["1", "2", "1", "2", "1", "1"]
    assert [(turn.start_ms, turn.end_ms) for turn in found.turns] == cues
    assert found.genders == {"Speaker 1": "male", "Speaker 2": "female"}
    assert hear_speakers(stems, cues, 2, store, never, load=load) == found
    assert len(asked) == 1


def test_without_the_network_it_is_said_what_gets_it(tmp_path: Path) -> None:
    store = LocalStore()
    stems, cues = dialogue(tmp_path, store)
    with pytest.raises(EngineError, match="not on this machine") as caught:
        hear_speakers(stems, cues, 2, store, never)
    assert "polyreel models pull voice-prints" in caught.value.remedy


def test_likes_come_together_whatever_their_order() -> None:
    random = np.random.default_rng(4)
    centres = np.eye(3, 16)
    truth = random.integers(0, 3, 60)
    prints = centres[truth] + 0.1 * random.standard_normal((60, 16))
    prints = (prints / np.linalg.norm(prints, axis=1, keepdims=True)).astype(np.float32)
    groups = group_prints(prints, 3)
    assert len({(a, b) for a, b in zip(truth.tolist(), groups.tolist(), strict=True)}) == 3


def scattered(people: int, each: int, spread: float, seed: int = 4) -> tuple[np.ndarray, list[int]]:
    """Prints of people in a mixed order, each around a middle of its own; and whose they are."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.repeat(np.arange(people), each))
    prints = np.eye(people, 64)[truth] + spread * random.standard_normal((len(truth), 64))
    return (prints / np.linalg.norm(prints, axis=1, keepdims=True)).astype(np.float32), truth.tolist()


@pytest.mark.parametrize("people", [1, 2, 3, 5])
def test_how_many_speak_is_found(people: int) -> None:
    prints, truth = scattered(people, 12, spread=0.05)
    cues = [(3000 * at, 3000 * at + 2500) for at in range(len(prints))]
    found = tell_apart(prints, cues, None)
    assert max(found) == people
    assert len(set(zip(truth, found, strict=True))) == people


def test_who_says_next_to_nothing_is_counted_as_nobody() -> None:
    """A cough, or two words in a crowd, would else be a speaker of its own, with a voice of its own."""
    prints, _ = scattered(2, 20, spread=0.05)
    stray = np.zeros((1, 64), np.float32)
    stray[0, 60] = 1.0
    cues = [(3000 * at, 3000 * at + 2500) for at in range(40)] + [(130_000, 131_600)]
    assert max(tell_apart(np.concatenate([prints, stray]), cues, None)) == 2


def with_one_strange_line(ms: int, others: int = 10) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Two people's lines of 2.5 s, and one of a third voice, so long, nearer to the second."""
    prints, _ = scattered(2, others, spread=0.05)
    strange = 0.9 * np.eye(1, 64, 60) + np.sqrt(1 - 0.9**2) * np.eye(1, 64, 1)
    cues = [(3000 * at, 3000 * at + 2500) for at in range(len(prints))]
    return np.concatenate([prints, strange]).astype(np.float32), [*cues, (200_000, 200_000 + ms)]


def test_one_short_line_that_sounds_like_nobodys_is_no_person_and_is_told() -> None:
    """A distorted take: its print is as far from everybody's as a stranger's would be."""
    prints, cues = with_one_strange_line(3000)
    names, odd = _part_cues(prints, cues, None)
    second = names[int((prints[:-1] @ np.eye(64)[1]).argmax())]
    assert (max(names), names[-1], odd) == (2, second, [len(cues) - 1])


@pytest.mark.parametrize(("ms", "others"), [(6000, 10), (3000, 1)])
def test_a_long_line_or_one_of_few_may_be_somebodys(ms: int, others: int) -> None:
    names, odd = _part_cues(*with_one_strange_line(ms, others), None)
    assert (max(names), odd) == (3, [])


def test_a_number_that_the_job_says_counts_more_than_the_ear() -> None:
    prints, _ = scattered(2, 10, spread=0.05)
    cues = [(3000 * at, 3000 * at + 2500) for at in range(20)]
    assert max(tell_apart(prints, cues, 3)) == 3


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("[ANA] Hi.", "[BEN] No."), [("ANA", "Hi."), ("BEN", "No.")]),
        (("[ANA] Hi.",), [("ANA", "Hi.")]),
        (("- [ANA] Hi.\n- [BEN] No.",), [(None, "<v ANA>Hi.</v>\n<v BEN>No.</v>")]),
        (("ANA - Hi.", "BEN – No."), [("ANA", "Hi."), ("BEN", "No.")]),
        (("ANA: Wait.", "ANA - Hi."), [("ANA", "Wait."), ("ANA", "Hi.")]),
        (("ANA | Hi.", "BEN > No.", "ANA &gt; So."), [("ANA", "Hi."), ("BEN", "No."), ("ANA", "So.")]),
        (("ANA: Wait.", "[HANS] Hi.", "HANS: So."), [("ANA", "Wait."), ("HANS", "Hi."), ("HANS", "So.")]),
    ],
)
def test_capitals_in_brackets_or_before_a_sign_are_names(texts: tuple[str, ...], expected: list[Any]) -> None:
    assert said(with_names(script(*texts))) == expected


def test_names_in_brackets_may_stand_at_a_change_of_speakers_alone() -> None:
    found = with_names(script("[ANA] Hi.", *["So it went."] * 5, "[BEN] No.", *["And on."] * 5))
    assert [cue.speaker for cue in found.cues] == ["ANA"] * 6 + ["BEN"] * 6


@pytest.mark.parametrize(
    "texts",
    [
        ("OK - let's go.", "NO - wait.", "TV - it is off."),
        ("I - I don't know.", "A - a dog."),
        ("NASA - it flies.", "We saw it."),
        ("[MUSIC] Hi.", "[DOOR SLAMS] No.", "[IN SPANISH] So."),
        ("[Laughs] Hi.", "[2 + 3] No."),
        ("THE GPU > THE CPU", "A | B"),
    ],
)
def test_capitals_that_call_nobody_stay_as_they_are(texts: tuple[str, ...]) -> None:
    assert with_names(script(*texts)) == script(*texts)


@pytest.mark.parametrize("label", ["BEN", "CREAKS"])
def test_what_may_be_anothers_name_goes_to_nobody(label: str) -> None:
    """One that comes once in a script of labels with colons is a name or a sound, and Luis says neither's words."""
    found = with_names(script("ANA: Hi.", "LUIS: No.", "Well.", f"[{label}] Yes.", "And so on.", "ANA: So."))
    assert [cue.speaker for cue in found.cues] == ["ANA", "LUIS", "LUIS", None, None, "ANA"]
