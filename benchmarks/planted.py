"""What the checks of a dub find: defects planted in good dubs, one at a time, and good lines that are complained of.

Eight lines of talk over music in nine languages (``dialogue.tsv``), by the voices that a job would get. Each defect is
planted in the speech stem and in the mix and judged as a job's stages judge it: by the stem (`sound`, every line), by
what the listener hears of the mix as well (`heard`, two lines of each language), and so without stem or places, as of a
vendor's dub (`vendor`). Needs weights. ``POLYREEL_BENCH_LOCALES=es-ES`` takes some; ``planted:sound`` does not listen.
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import wave
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from polyreel.dubbing.choice import voice_for
from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.hearing import listen_to_dub
from polyreel.dubbing.limits import DubLimits
from polyreel.dubbing.line_checks import check_lines
from polyreel.dubbing.line_levels import check_line_loudness, check_over_background
from polyreel.dubbing.line_noise import check_line_noise
from polyreel.dubbing.placement import check_timing
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.relistening import memory_key
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, WHISPER_BASE
from polyreel.engine.separation.learned import write_frames, write_header
from polyreel.engine.separation.port import Ducked, part
from polyreel.engine.sound.meter import Meter, Power
from polyreel.engine.sound.stem import RATE, as_stem, read_stem
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.engine.transcribe.words import Heard
from polyreel.media.binaries import ffmpeg
from polyreel.outcome import Check, LineFit, StoredFile
from polyreel.sandbox.music import play_music
from polyreel.store.local import LocalStore, path_of

LINES = Path(__file__).with_name("dialogue.tsv")
STORE = Path(__file__).parent / "out" / "planted"
Sound = NDArray[np.float32]
Way = Literal["sound", "heard", "vendor"]
_GAPS_MS = (300, 500, 800, 200, 1200, 400, 700, 300)
_MUSIC_DB = -26.0
_LISTENED = (2, 5)


@dataclass(frozen=True, slots=True)
class Film:
    """A good dub, its speech and its mix as samples (mono, 48 kHz), and the gain of the one in the other."""

    dubbed: Dubbed
    request: DubRequest
    stem: Sound
    mix: Sound
    gain: float


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong with a line: in its speech, or in what is under it. ``found_by``: the checks that may see it."""

    name: str
    found_by: tuple[str, ...]
    speech: Callable[[Sound, LineFit, Sequence[LineFit]], Sound] | None = None
    under: Callable[[Film, LineFit], Sound] | None = None
    ways: tuple[Way, ...] = ("sound",)


def run(part_name: str = "") -> list[dict[str, Any]]:
    """A row per defect and way: how many were planted and found; and how many good lines were complained of."""
    if absent := shelf.list_absent(KOKORO, KOKORO_VOICES, WHISPER_BASE):
        return [{"name": f"needs weights: {shelf.pull_command(*absent)}"}]
    return asyncio.run(_rows(listens=part_name != "sound"))


async def _rows(*, listens: bool) -> list[dict[str, Any]]:
    counted: dict[tuple[str, Way], list[bool]] = defaultdict(list)
    store = LocalStore(STORE)
    for locale, texts in read_dialogue().items():
        film = await make_film(locale, texts, store)
        await _count_alarms(film, store, counted, listens=listens)
        for defect in DEFECTS:
            for place, line in enumerate(film.dubbed.lines):
                damaged = plant(film, defect, line)
                for way in defect.ways:
                    if way == "sound" or (listens and place in _LISTENED):
                        found = await judge(film, damaged, way, store, defect.found_by)
                        counted[defect.name, way].append(_names_line(found, line, defect))
    return [
        {"name": name, "way": way, "planted": len(hits), "found": sum(hits)} for (name, way), hits in counted.items()
    ]


async def _count_alarms(
    film: Film, store: LocalStore, counted: dict[tuple[str, Way], list[bool]], *, listens: bool
) -> None:
    for way in ("sound", "heard", "vendor") if listens else ("sound",):
        found = await judge(film, (film.stem, film.mix), way, store)
        told = " ".join(check.detail for check in found if check.status != "pass")
        counted["(nothing)", way] += [_place_of(line) in told for line in film.dubbed.lines]
        if told:
            print(f"{film.dubbed.locale}, good, {way}: {told}", flush=True)


def read_dialogue() -> dict[str, list[str]]:
    wanted = [each for each in os.environ.get("POLYREEL_BENCH_LOCALES", "").split(",") if each]
    rows = [line.split("\t") for line in LINES.read_text("utf-8").splitlines() if line[:1] != "#"]
    return {locale: texts for locale, *texts in rows if not wanted or locale in wanted}


# -- good dubs


async def make_film(locale: str, texts: Sequence[str], store: LocalStore) -> Film:
    """A film of talk over music, dubbed by the engine; what was spoken once is kept."""
    script, length_ms = _write_script(texts)
    with store.open_scratch() as folder:
        bed_path = folder / "bed.wav"
        music = np.concatenate(list(play_music(length_ms * 48)))[: length_ms * 48]
        music *= 10 ** (_MUSIC_DB / 20) / np.sqrt(np.square(music).mean())
        with bed_path.open("wb") as file:
            write_header(file, 2, len(music))
            write_frames(file, music.astype(np.float32))
        bed = await part(bed_path, store, Ducked(), duration=Fraction(length_ms, 1000))
        reel = await asyncio.to_thread(store.keep_file, bed_path, ".wav")
    kept = store.keep_bytes(script.encode(), ".srt")
    request = DubRequest(
        locale=locale,
        source_locale="en-US",
        reel=reel,
        duration=str(Fraction(length_ms, 1000)),
        script=kept,
        source_script=kept,
        stems=bed.model_copy(update={"kind": "given", "background": bed.original}),
        target_lufs=-23.0,
    )
    dubber = EmbeddedDubber(store, voice_for("auto"))
    receipt = await dubber.submit(request)
    await dubber.wait(request, receipt)
    dubbed = await dubber.collect(request, receipt)
    assert dubbed.speech is not None
    assert dubbed.audio is not None
    stem = read_stem(path_of(dubbed.speech), 0, dubbed.speech.bytes // 2)
    mix = _decode(path_of(dubbed.audio), len(stem))
    return Film(dubbed, request, stem, mix, float(mix @ stem / (stem @ stem)))


def _write_script(texts: Sequence[str]) -> tuple[str, int]:
    at, cues = 500, []
    for number, (text, gap) in enumerate(zip(texts, _GAPS_MS, strict=True), 1):
        wide = sum(ord(sign) > 0x2E80 for sign in text)
        end = at + 300 + 75 * len(text) + 110 * wide
        cues.append(f"{number}\n{_format_time(at)} --> {_format_time(end)}\n{text}\n")
        at = end + gap
    return "\n".join(cues), at + 1000


def _format_time(ms: int) -> str:
    return f"00:{ms // 60_000:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"


def _decode(path: Path, samples: int) -> Sound:
    command = [str(ffmpeg()), "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    found = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4")
    return np.pad(found, (0, max(0, samples - len(found))))[:samples]


# -- defects


def _moved(ms: int) -> Callable[[Sound, LineFit, Sequence[LineFit]], Sound]:
    def damage(stem: Sound, line: LineFit, _lines: Sequence[LineFit]) -> Sound:
        return _put(_without(stem, line), _cut(stem, line), line.start_ms + ms)

    return damage


def _swapped(stem: Sound, line: LineFit, lines: Sequence[LineFit]) -> Sound:
    place = lines.index(line)
    other = lines[place - 1 if place == len(lines) - 1 else place + 1]
    bare = _without(_without(stem, line), other)
    return _put(_put(bare, _cut(stem, line), other.start_ms), _cut(stem, other), line.start_ms)


def _missing(stem: Sound, line: LineFit, _lines: Sequence[LineFit]) -> Sound:
    return _without(stem, line)


def _doubled(stem: Sound, line: LineFit, _lines: Sequence[LineFit]) -> Sound:
    """Said again at once, over whatever follows."""
    return _put(stem, _cut(stem, line), line.end_ms + 100)


def _gained(db: float) -> Callable[[Sound, LineFit, Sequence[LineFit]], Sound]:
    def damage(stem: Sound, line: LineFit, _lines: Sequence[LineFit]) -> Sound:
        louder = stem.copy()
        louder[line.start_ms * 48 : line.end_ms * 48] *= 10 ** (db / 20)
        return louder

    return damage


def _hissing(db: float) -> Callable[[Sound, LineFit, Sequence[LineFit]], Sound]:
    def damage(stem: Sound, line: LineFit, _lines: Sequence[LineFit]) -> Sound:
        sound = _cut(stem, line)
        noise = np.random.default_rng(1).standard_normal(len(sound)).astype(np.float32)
        return _put(stem, noise * np.sqrt(np.square(sound).mean()) * np.float32(10 ** (db / 20)), line.start_ms)

    return damage


def _clipped(db: float) -> Callable[[Sound, LineFit, Sequence[LineFit]], Sound]:
    def damage(stem: Sound, line: LineFit, _lines: Sequence[LineFit]) -> Sound:
        """Driven so far beyond what its recorder could hold, and brought back to its own loudness."""
        sound = _cut(stem, line)
        most = np.abs(sound).max() * 10 ** (-db / 20)
        flat = np.clip(sound, -most, most)
        flat *= np.sqrt(np.square(sound).mean() / np.square(flat).mean())
        return _put(_without(stem, line), flat, line.start_ms)

    return damage


def _music_under(db: float) -> Callable[[Film, LineFit], Sound]:
    def damage(film: Film, line: LineFit) -> Sound:
        """More of what is under the line, that much louder than it was."""
        bed = film.mix - film.gain * film.stem
        return _put(np.zeros_like(bed), _cut(bed, line) * np.float32(10 ** (db / 20) - 1), line.start_ms)

    return damage


_ALL: tuple[Way, ...] = ("sound", "heard", "vendor")
_HEARD: tuple[Way, ...] = ("heard", "vendor")
_TIMING = ("line_timing",)
DEFECTS = (
    *(
        Defect(f"{abs(ms) / 1000} s {'early' if ms < 0 else 'late'}", _TIMING, _moved(ms), ways=_ALL)
        for ms in (-400, -800, -1500, 400, 800, 1500)
    ),
    Defect("swapped with the next", _TIMING, _swapped, ways=_ALL),
    Defect("missing", ("silent_lines", "line_timing"), _missing),
    Defect("said twice", _TIMING, _doubled, ways=_HEARD),
    *(Defect(f"{db:+d} dB", ("line_loudness",), _gained(db), ways=("sound", "vendor")) for db in (-10, -6, 6, 10)),
    *(Defect(f"hiss at {db} dB", ("line_noise",), _hissing(db)) for db in (-30, -25, -20)),
    *(Defect(f"clipped by {db} dB", ("line_clipping",), _clipped(db)) for db in (6, 10, 15)),
    *(
        Defect(f"music {db} dB louder", ("speech_over_background",), under=_music_under(db), ways=("sound", "vendor"))
        for db in (6, 12, 18)
    ),
)


def plant(film: Film, defect: Defect, line: LineFit) -> tuple[Sound, Sound]:
    """The film's stem and mix with the defect in one line."""
    stem = defect.speech(film.stem, line, film.dubbed.lines) if defect.speech else film.stem
    mix = film.mix + np.float32(film.gain) * (stem - film.stem)
    return stem, mix + defect.under(film, line) if defect.under else mix


def _cut(sound: Sound, line: LineFit) -> Sound:
    return sound[line.start_ms * 48 : line.end_ms * 48]


def _without(sound: Sound, line: LineFit) -> Sound:
    bare = sound.copy()
    bare[line.start_ms * 48 : line.end_ms * 48] = 0
    return bare


def _put(sound: Sound, piece: Sound, at_ms: int) -> Sound:
    start = max(0, at_ms * 48)
    length = min(len(piece), len(sound) - start)
    fuller = sound.copy()
    fuller[start : start + length] += piece[:length]
    return fuller


# -- judging


EVERY = ("line_timing", "line_loudness", "speech_over_background", "silent_lines", "line_noise")


async def judge(
    film: Film, damaged: tuple[Sound, Sound], way: Way, store: LocalStore, names: Sequence[str] = EVERY
) -> list[Check]:
    """What a job's checks say of a damaged dub: with its stem, listened to as well, or as a vendor's.

    ``names`` are those checks whose work is to be done. Nothing of the damaged dub stays in the store.
    """
    stem, mix = damaged
    with _keep_briefly(store, as_stem(stem), ".s16", film.dubbed.speech) as speech:
        dubbed = film.dubbed.model_copy(update={"speech": speech, "power": None})
        heard = await _listen(film, dubbed, mix, store) if way != "sound" else None
        return _check(dubbed, mix, heard, way, names)


def _check(dubbed: Dubbed, mix: Sound, heard: Heard | None, way: Way, names: Sequence[str]) -> list[Check]:
    limits = DubLimits.of("netflix", "source").lines
    speech, lines = dubbed.speech, dubbed.lines
    if way == "vendor":
        speech, lines = None, tuple(map(_as_vendors, lines))
    found: list[Check | None] = []
    if "line_timing" in names:
        found.append(check_timing(lines, speech, heard, dubbed.locale, limits))
    if {"line_loudness", "speech_over_background"} & set(names):
        power = _measure_power(mix)
        found.append(check_line_loudness(lines, speech, power, limits))
        found.append(check_over_background(lines, speech, power, limits))
    if speech and "silent_lines" in names:
        found += check_lines(speech, lines, limits)
    if speech and {"line_noise", "line_clipping"} & set(names):
        found += check_line_noise(lines, speech, limits)
    return [check for check in found if check is not None]


def _measure_power(mix: Sound) -> Power:
    meter = Meter(1, RATE)
    meter.feed(mix.reshape(-1, 1))
    found: Power = meter.power()[:, 0]
    return found


def _as_vendors(line: LineFit) -> LineFit:
    """A line of which no more is known than its cue, which is as long as what is said in it."""
    at = {"start_ms": line.cue_start_ms, "end_ms": line.end_ms, "cue_end_ms": line.end_ms, "voice": ""}
    return line.model_copy(update=at)


async def _listen(film: Film, dubbed: Dubbed, mix: Sound, store: LocalStore) -> Heard | None:
    """What is heard in a mix: what is new in it against the good dub, which alone is remembered."""
    listener = usual_listener()
    key = memory_key(film.request, f"{listener.name} {listener.version}")
    good = store.load_record(key)
    with _keep_briefly(store, _write_wave(mix), ".wav") as audio:
        heard = await listen_to_dub(
            dubbed.model_copy(update={"audio": audio}), film.request, listener, lambda _: None, store
        )
    if good is not None:
        store.save_record(key, good)
    return heard


def _write_wave(mix: Sound) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(as_stem(mix))
    return written.getvalue()


@contextmanager
def _keep_briefly(
    store: LocalStore, content: bytes, suffix: str, good: StoredFile | None = None
) -> Iterator[StoredFile]:
    """A file in the store until it was judged: hundreds of them, of 3 MB each, would stay. The ``good`` one does."""
    kept = store.keep_bytes(content, suffix)
    try:
        yield kept
    finally:
        if good is None or kept.sha256 != good.sha256:
            path_of(kept).unlink(missing_ok=True)


def _names_line(found: Sequence[Check], line: LineFit, defect: Defect) -> bool:
    """Whether one of the checks that may see it complains of this very line."""
    said = " ".join(check.detail for check in found if check.name in defect.found_by and check.status != "pass")
    return _place_of(line) in said


def _place_of(line: LineFit) -> str:
    return f"{line.start_ms / 1000:.1f} s"
