"""The port's values and the dub's checks."""

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from polyreel.dubbing.checks import check_dub, check_fit, check_loudness, check_true_peak
from polyreel.dubbing.limits import SoundLimits
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.engine.sound.pcm import open_track
from polyreel.engine.speech.script import extract_spoken_script
from polyreel.errors import EngineError
from polyreel.outcome import LineFit, StoredFile
from polyreel.subtitles.model import Cue, Track

REEL = StoredFile(uri="file:///one/reel.mp4", sha256="a" * 64, bytes=1)


def asked(**more: object) -> DubRequest:
    given = {"locale": "es-ES", "source_locale": "en-US", "reel": REEL, "duration": "42.4"}
    return DubRequest.model_validate({**given, **more})


def line(end_ms: int = 900, *, too_long: bool = False) -> LineFit:
    return LineFit(
        text="Hola.",
        cue_start_ms=0,
        cue_end_ms=1000,
        start_ms=0,
        end_ms=end_ms,
        natural_ms=900,
        ratio=1.0,
        too_long=too_long,
    )


def test_a_key_follows_content_and_options_but_not_places_or_signed_addresses() -> None:
    key = asked().key("embedded", 1)
    moved = REEL.model_copy(update={"uri": "file:///two/reel.mp4"})
    assert asked(reel=moved, media_url="https://example.com/x?sig=1").key("embedded", 1) == key
    changes = [{"mix": "voiceover"}, {"voices": ("f2",)}, {"duration": "42.5"}, {"options": {"lips": 1}}]
    assert len({asked(**change).key("embedded", 1) for change in changes} | {key}) == 5


def test_a_length_is_an_exact_fraction() -> None:
    assert asked(duration="1272/30").seconds == Fraction(212, 5)


@pytest.mark.parametrize(("lufs", "status"), [(-23.0, "pass"), (-22.1, "pass"), (-21.5, "warn"), (-20.0, "fail")])
def test_loudness_is_judged_by_its_distance_from_the_target(lufs: float, status: str) -> None:
    assert check_loudness(lufs, -23.0, SoundLimits()).status == status


def test_a_true_peak_over_its_limit_fails() -> None:
    assert check_true_peak(-1.0, -1.0).status == "pass"
    assert check_true_peak(-0.8, -1.0).status == "fail"


def test_a_long_line_is_a_warning_and_one_that_leaves_the_reel_a_failure() -> None:
    assert check_fit((line(),), 1000).status == "pass"
    assert check_fit((line(), line(too_long=True)), 1000).status == "warn"
    lost = check_fit((line(1200, too_long=True),), 1000)
    assert lost.status == "fail"
    assert "past the end" in lost.detail


def test_a_track_that_is_a_frame_too_short_fails() -> None:
    found = check_dub(Dubbed(locale="es-ES", seconds="10"), Fraction(101, 10), SoundLimits())
    assert {check.name: check.status for check in found}["duration"] == "fail"


def test_sounds_and_lyrics_are_noted_and_not_spoken() -> None:
    cues = (Cue(0, 900, "[applause]"), Cue(1000, 1900, "♪ la la ♪"), Cue(2000, 2900, "- Hello.\n- <i>Hi!</i>"))
    script = extract_spoken_script(Track(cues))
    assert [each.text for each in script.lines] == ["Hello.", "Hi!"]
    assert script.notes == ("Not spoken (sounds, lyrics, directions): “[applause]” (0.0 s), “♪ la la ♪” (1.0 s).",)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("[door slams] Hello there.", "Hello there."),
        ("Hello [laughs] there.", "Hello there."),
        ("［拍手］こんにちは。", "こんにちは。"),
        ("Hello (my friend).", "Hello (my friend)."),
        ("(whispering) Come here. (door opens)", "Come here."),
        ("- (MAN) Stop!\n- (laughs) Why?", "Stop! Why?"),
        ("He left. (And I was glad.)", "He left. (And I was glad.)"),
        ("（笑）そうですね（泣）", "そうですね"),
        ("[música] ♪", ""),
        ("[a\n♪ b]", ""),
    ],
)
def test_sounds_inside_a_line_are_not_spoken_and_asides_are(text: str, spoken: str) -> None:
    assert " ".join(line.text for line in extract_spoken_script(Track((Cue(0, 1000, text),))).lines) == spoken


def test_what_is_left_out_is_quoted_once_and_short() -> None:
    cues = (Cue(0, 900, "[door slams] Who is it? (sighs)"), Cue(1000, 1900, "(sighs) Me."), Cue(2000, 2900, "..."))
    notes = extract_spoken_script(Track((*cues, Cue(3000, 3900, f"[{'x' * 5000}]")))).notes
    assert notes[0].startswith(
        "Not spoken (sounds, lyrics, directions): “[door slams]” (0.0 s), “(sighs)” (0.0 s), “[x"
    )
    assert len(notes[0]) < 250
    assert notes[1] == "Nothing to say (no words) in 1 cue, at 2.0 s."


@pytest.mark.parametrize(
    ("text", "spoken", "left_out"),
    [
        ("*Sighs* I told you so. *laughs*", "I told you so.", ["*Sighs*", "*laughs*"]),
        ("*Never* do that again, *ever*.", "Never do that again, ever.", []),
        ("*coughs* excuse me", "excuse me", ["*coughs*"]),
        ("*I can't believe it!*", "I can't believe it!", []),
        ("♪ Happy birthday to you ♪\n- Thank you all!", "Thank you all!", ["♪ Happy birthday to you ♪"]),
        ("<i>♪ Old song ♪</i>\nTurn that off!", "Turn that off!", ["♪ Old song ♪"]),
        ("Oh ♪ la la ♪ said the bird.", "Oh said the bird.", ["♪ la la ♪"]),
        ("♪ O say\ncan you see ♪\nShe sings.", "She sings.", ["♪ O say can you see ♪"]),
        ("♪ One line\n♪ and one more", "", ["♪ One line", "♪ and one more"]),
        ("It was sung ♪", "", ["It was sung ♪"]),
        ("# Sing a song #\nStop.", "Stop.", ["# Sing a song #"]),
        ("#1 is the key of C#", "#1 is the key of C#", []),
        ("(555) 010-4477 is our number.", "(555) 010-4477 is our number.", []),
        ("Call today: (555) 010-4477.", "Call today: (555) 010-4477.", []),
        ("(c) is right. (ii) isn't. (2 + 3) is 5.", "(c) is right. (ii) isn't. (2 + 3) is 5.", []),
        ("It is over. (At least for now) Go.", "It is over. (At least for now) Go.", []),
        ("Sí. (Suena el teléfono) ¿Diga?", "Sí. ¿Diga?", ["(Suena el teléfono)"]),
        ("(whispering) Come. (louder) Now!", "Come. Now!", ["(whispering)", "(louder)"]),
        ("- (sighs) No.\n- [both] Yes!", "No. Yes!", ["(sighs)", "[both]"]),
        ("I &lt;3 you, &lt;sighs> all", "I 3 you, all", ["<sighs>"]),
        (">> Good evening.\n>>> News.", "Good evening. News.", []),
        ("<br>", "", []),
        ("[2 + 3] is 5, and [555] a number, a[0] an entry.", "[2 + 3] is 5, and [555] a number, a[0] an entry.", []),
        ("Was he (un)happy?\n(un)likely. (TM) stands.", "Was he (un)happy? (un)likely. (TM) stands.", []),
        ("(V.O.) It began.", "It began.", ["(V.O.)"]),
        ("*rires* Bonjour. *soupirs*", "Bonjour.", ["*rires*", "*soupirs*"]),
    ],
)
def test_what_is_said_is_judged_by_line_and_span(text: str, spoken: str, left_out: list[str]) -> None:
    script = extract_spoken_script(Track((Cue(0, 1000, text),)))
    assert " ".join(line.text for line in script.lines) == spoken
    notes = " ".join(script.notes)
    assert all(f"“{each}”" in notes for each in left_out)
    assert notes.count("“") == len(left_out)


def test_two_voices_of_one_cue_share_its_time() -> None:
    script = extract_spoken_script(Track((Cue(0, 1000, "<v Ana>Yes.</v>\n<v Ben>Nope</v>"),)))
    assert [(each.speaker, each.start_ms, each.end_ms) for each in script.lines] == [
        ("Ana", 0, 500),
        ("Ben", 500, 1000),
    ]


def test_a_negative_number_keeps_its_sign() -> None:
    assert extract_spoken_script(Track((Cue(0, 1000, "-5 degrees"),))).lines[0].text == "-5 degrees"


def test_a_working_track_is_read_anywhere_and_is_silent_beyond_its_end(tmp_path: Path) -> None:
    path = tmp_path / "ramp.wav"
    ramp = np.arange(-500, 500, dtype="<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(ramp.tobytes())
    track = open_track(path)
    assert (track.channels, track.samples) == (2, 500)
    np.testing.assert_array_equal(track.read(490, 5).ravel() * 32768, ramp[980:990])
    assert not track.read(498, 10)[2:].any()
    assert len(track.exactly(600).read(0, 600)) == 600


def test_what_is_no_working_track_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    with pytest.raises(EngineError, match="not a working track"):
        open_track(path)
