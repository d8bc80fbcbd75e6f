"""Pocket TTS behind the voice port, over small nets of its form: added by folder, pulled, checked, spoken, cloned."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from deployments.commands.voices import voices
from polyreel.dubbing.choice import voice_for, voices_key
from polyreel.dubbing.roster import roster
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import POCKET_EN, POCKET_EN_VOICES, Model, ModelFile
from polyreel.engine.voice.pocket import files
from polyreel.engine.voice.pocket.text import frames_after_end, pad_text, prepare_text, split_text
from polyreel.engine.voice.pocket.tokenizer import open_tokenizer
from polyreel.engine.voice.pocket.voice import Clone, PocketVoice
from polyreel.errors import EngineError, InvalidJob, NoVoice
from polyreel.machine.files import sha256_of
from tests.pocket import DATA, HEARD, LAYER, PIECES, RATE, write_bundle


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "english_2026-04", "english_2026-04")


@pytest.fixture
def voice(fetched: Path) -> PocketVoice:
    files.add_folder(fetched)
    return PocketVoice()


def count_pieces(text: str) -> int:
    return len(files.find_placed("en").encode(text))


def test_a_line_ends_where_the_net_says_so_and_sounds_alike_every_time(voice: PocketVoice) -> None:
    said = voice.speak("Good morning.", "alba@en-GB", 1.0)
    # The net's end is heard at the step that makes 57 (60 - 4, and one more), 3 + 2 frames come after it.
    frames = 57 - 1 - HEARD - count_pieces("Good morning.") + 5
    assert said.rate == RATE
    assert said.ms == pytest.approx(frames * 80, abs=60)
    again = PocketVoice().speak("Good morning.", "alba@en-GB", 1.0)
    assert np.array_equal(said.samples, again.samples)
    other = voice.speak("Good morning.", "paul@en-GB", 1.0)
    # A tenth of what the small net remembers is the speaker's, the rest the text's 0.3.
    loudest = [float(np.abs(each.samples).max()) for each in (said, other)]
    assert loudest == pytest.approx([0.1 * 0.5 + 0.9 * 0.3, 0.1 * 0.25 + 0.9 * 0.3], rel=1e-3)
    assert voice.speak("Good morning.", "alba@en-GB", 1.25).ms == pytest.approx(said.ms / 1.25, abs=40)


def test_a_long_text_is_said_in_pieces_with_pauses(voice: PocketVoice) -> None:
    text = "This is a sentence with quite a few words in it, all of which have to be said. " * 4
    parts = split_text(text.strip(), 50, count_pieces)
    assert len(parts) > 1
    assert max(map(count_pieces, parts)) <= 50
    assert " ".join(parts).split() == text.split()
    assert voice.speak(text, "alba@en-GB", 1.0).ms > 400 * len(parts)


def test_sentencepiece_is_read_as_sentencepiece_reads_itself() -> None:
    """The pairs were made by the sentencepiece library from the same model."""
    tokenizer = open_tokenizer(PIECES, sha256_of(PIECES))
    for text, pieces in json.loads((DATA / "pocket" / "pieces.json").read_text("utf-8")).items():
        assert tokenizer.encode(text).ids == pieces, text


def test_the_text_is_written_as_the_voices_were_taught() -> None:
    assert prepare_text(" he said \u2018no\u2019 ,", "en", keeps_semicolons=True) == "He said 'no'."
    assert prepare_text("\u201eJa\u201c (sagt er) \u2013 nein; doch", "de", keeps_semicolons=False) == (
        "Ja sagt er, nein, doch."
    )
    assert prepare_text("Alors : oui !", "fr", keeps_semicolons=False) == "Alors, oui!"
    assert prepare_text("?!", "en", keeps_semicolons=True) == ""
    assert pad_text("Ja.", pads_short=True) == " " * 8 + "Ja."
    assert (frames_after_end("Ja.", None), frames_after_end("Das ist ein ganzer Satz.", None)) == (5, 3)
    assert split_text("x" * 120, 50, len) == ["x" * 30] * 4


def test_it_is_cast_and_listed_with_its_licence_and_forgotten_when_removed(fetched: Path) -> None:
    before = voices_key("auto")
    files.add_folder(fetched)
    assert PocketVoice().cast("en-GB") == ("alba@en-GB", "paul@en-GB")
    assert voice_for("auto").cast("en-US")[0] == "pocket:alba@en-US"
    assert not PocketVoice().speaks("de-DE")
    listed = [each for each in roster("en-US") if each.engine == "pocket"]
    assert [(each.name, each.gender, each.grade) for each in listed] == [
        ("pocket:alba", "female", "not measured"),
        ("pocket:paul", "male", "not measured"),
    ]
    assert all("CC-BY-4.0" in each.licence for each in listed)
    assert voices_key("auto") != before
    assert CliRunner().invoke(voices, ["remove", "pocket"]).exit_code == 0
    assert voices_key("auto") == before


def test_a_folder_is_added_by_command_and_its_hashes_are_said(fetched: Path) -> None:
    done = CliRunner().invoke(voices, ["add", str(fetched)])
    assert done.exit_code == 0, done.output
    digest = files.find_placed("en").files["mimi_decoder"].sha256
    assert f"mimi_decoder: SHA-256 {digest}" in done.output


def shelve(model: Model, folder: Path, names: list[str]) -> Model:
    """A registered model, of the small nets' bytes, as a pull has put it on the shelf."""
    small = tuple(ModelFile(name, (folder / name).stat().st_size, sha256_of(folder / name)) for name in names)
    shelf.folder_of(model).mkdir(parents=True)
    for name in names:
        shutil.copyfile(folder / name, shelf.folder_of(model) / name)
    return replace(model, files=small)


def test_a_pulled_one_speaks_as_an_added_one_does_under_the_same_key(
    fetched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [path.name for path in fetched.iterdir() if path.is_file()]
    speakers = ["alba.safetensors", "paul.safetensors"]
    monkeypatch.setattr(files, "POCKET_EN", shelve(POCKET_EN, fetched, names))
    monkeypatch.setattr(files, "POCKET_EN_VOICES", shelve(POCKET_EN_VOICES, fetched / "embeddings", speakers))
    key, said = voices_key("auto"), PocketVoice().speak("Good morning.", "alba@en-GB", 1.0)
    files.add_folder(fetched)
    assert voices_key("auto") == key
    assert np.array_equal(PocketVoice().speak("Good morning.", "alba@en-GB", 1.0).samples, said.samples)
    files.remove_all()
    assert files.list_languages() == ()


def test_what_is_registered_names_the_parts_that_a_bundle_is_made_of() -> None:
    parts = dict(files._name_parts(file.path for file in POCKET_EN.files))
    assert set(parts) == {"bundle", "tokenizer", "mark", *files._EDITIONS}
    assert set(parts.values()) == {file.path for file in POCKET_EN.files}, "nothing is fetched that nobody uses"
    assert all(PocketVoice().gender(Path(file.path).stem) for file in POCKET_EN_VOICES.files)


def test_a_file_that_has_changed_since_is_not_run(voice: PocketVoice) -> None:
    net = files.root() / "en" / "mimi_decoder_int8.onnx"
    net.write_bytes(net.read_bytes() + b"\0")
    with pytest.raises(EngineError, match="changed since it came") as damaged:
        voice.speak("Good morning.", "alba@en-GB", 1.0)
    assert damaged.value.code == "model_damaged"


@pytest.mark.parametrize(
    ("path", "content", "named"),
    [
        ("mimi_decoder_int8.onnx", b"no net", "can't load"),
        ("bundle.json", b"{}", "lacks 'schema_version'"),
        ("bundle.json", b'{"schema_version": 1}', "of form 1"),
        ("tokenizer.model", b"\xff\xff\xff", "no SentencePiece model"),
        ("tokenizer.model", b"{}", "no tokenizer"),
        ("bos_before_voice.npy", b"\x93NUMPY", "can't be used"),
        ("embeddings/alba.safetensors", b"\xff" * 16, "no safetensors file"),
        ("embeddings/alba.safetensors", struct.pack("<Q", 2) + b"{}", "lacks transformer"),
    ],
)
def test_a_folder_that_holds_something_else_is_refused_whole(
    fetched: Path, path: str, content: bytes, named: str
) -> None:
    (fetched / path).write_bytes(content)
    with pytest.raises(EngineError, match=named):
        files.add_folder(fetched)
    assert files.list_languages() == ()
    assert not list(files.root().glob(".adding*"))


def test_a_speaker_of_other_nets_is_refused(fetched: Path) -> None:
    cache = np.zeros((2, 1, 200, 2, 2), "<f4").tobytes()
    head = json.dumps(
        {f"{LAYER}/cache": {"dtype": "F32", "shape": [2, 1, 200, 2, 2], "data_offsets": [0, len(cache)]}}
    ).encode()
    (fetched / "embeddings" / "vera.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + cache)
    with pytest.raises(EngineError, match="another shape"):
        files.add_folder(fetched)


def test_a_folder_without_its_nets_is_refused_by_what_is_missing(fetched: Path) -> None:
    (fetched / "text_conditioner.onnx").unlink()
    with pytest.raises(InvalidJob, match="text_conditioner missing"):
        files.add_folder(fetched)


def test_what_it_was_not_taught_is_refused_and_named(voice: PocketVoice) -> None:
    with pytest.raises(EngineError, match="can't read this") as refused:
        voice.speak("日本語", "alba@en-GB", 1.0)
    assert refused.value.code == "unreadable"
    with pytest.raises(NoVoice, match="not on this machine in 'de'"):
        voice.cast("de-DE")
    with pytest.raises(NoVoice, match="no Pocket TTS voice 'caruso'"):
        voice.resolve("en-GB", "caruso")


def sample_of(folder: Path, loud: float) -> Clone:
    """Three seconds of a tone, as a person's sample is kept: WAV, 48 kHz, one channel."""
    sound = (loud * np.sin(np.arange(3 * 48_000) * 2 * np.pi * 150 / 48_000) * 32767).astype("<i2").tobytes()
    head = (
        b"RIFF"
        + struct.pack("<I", 36 + len(sound))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 48_000, 96_000, 2, 16)
    )
    path = folder / f"{loud}.wav"
    path.write_bytes(head + b"data" + struct.pack("<I", len(sound)) + sound)
    return Clone(path, sha256_of(path))


def test_a_cloned_voice_is_heard_and_is_nobodys_but_its_jobs(voice: PocketVoice, tmp_path: Path) -> None:
    soft, loud = sample_of(tmp_path, 0.2), sample_of(tmp_path, 0.9)
    cloned = PocketVoice((soft, loud))
    said = [cloned.speak("Good morning.", cloned.resolve("en-GB", each.name), 1.0).samples for each in (soft, loud)]
    assert np.abs(said[1]).max() > 1.3 * np.abs(said[0]).max()
    assert cloned.cast("en-GB") == voice.cast("en-GB"), "nobody else is cast with it"
    assert cloned.gender(loud.name) is None
    with pytest.raises(NoVoice, match="states the consent"):
        voice.resolve("en-GB", loud.name)
    with pytest.raises(NoVoice, match="states the consent"):
        voice_for("auto").resolve("en-GB", f"pocket:{loud.name}")


def test_a_bundle_without_its_encoder_speaks_and_clones_nobody(fetched: Path, tmp_path: Path) -> None:
    (fetched / "mimi_encoder.onnx").unlink()
    files.add_folder(fetched)
    clone = sample_of(tmp_path, 0.9)
    cloned = PocketVoice((clone,))
    assert cloned.speak("Good morning.", "alba@en-GB", 1.0).ms > 500
    with pytest.raises(EngineError, match=r"no mimi_encoder\.onnx") as refused:
        cloned.speak("Good morning.", f"{clone.name}@en-GB", 1.0)
    assert refused.value.code == "cannot_clone"
