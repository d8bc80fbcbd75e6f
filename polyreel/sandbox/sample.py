"""A reel made on the spot: a moving picture, a spoken narration, music under it, and its scripts in six languages.

Nothing is downloaded. The picture shows the sound's own wave; the narration is espeak-ng's; the music is four chords.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.media.audio import aac_options
from polyreel.media.command import Stream, generate_input, local_input, local_output, run
from polyreel.sandbox.music import BAR_MS as _SLOT_MS
from polyreel.sandbox.music import RATE as _RATE
from polyreel.sandbox.music import play_music

_FPS = 25
_LEAD_MS = 600
_GAP_MS = 150

SOURCE_LOCALE = "en-US"

# The same six sentences in each language; short enough for every voice, and for every reader (Netflix: Japanese at four
# characters a second). Japanese is written in kana because espeak-ng spells kanji out.
LINES: dict[str, tuple[str, ...]] = {
    "en-US": (
        "Welcome to a very short film.",
        "Its picture was drawn a moment ago.",
        "The music is made of four chords.",
        "And this voice was spoken right here.",
        "Soon you will hear it in other languages.",
        "One reel in, every language out.",
    ),
    "es-ES": (
        "Bienvenidos a una película muy corta.",
        "La imagen se dibujó hace un momento.",
        "La música tiene cuatro acordes.",
        "Y esta voz ha nacido aquí mismo.",
        "Pronto la oiréis en otros idiomas.",
        "Entra una cinta, salen todas las lenguas.",
    ),
    "fr-FR": (
        "Bienvenue dans un tout petit film.",
        "L'image vient d'être dessinée.",
        "La musique tient en quatre accords.",
        "Et cette voix est née ici même.",
        "Bientôt, elle parlera d'autres langues.",
        "Une bobine, et toutes les langues.",
    ),
    "de-DE": (
        "Willkommen zu einem sehr kurzen Film.",
        "Das Bild entstand vor einem Moment.",
        "Die Musik hat nur vier Akkorde.",
        "Und diese Stimme kommt von hier.",
        "Bald spricht sie andere Sprachen.",
        "Ein Film hinein, alle Sprachen heraus.",
    ),
    "ja-JP": (
        "みじかい えいがです",
        "えは いま かきました",
        "おとは よっつの わおん",
        "こえも ここで できた",
        "つぎは ほかの ことばで",
        "すべての ことばへ",
    ),
    "ar": (
        "أهلًا بكم في فيلم قصير جدًا.",
        "رُسمت هذه الصورة قبل لحظات.",
        "الموسيقى من أربعة أنغام فقط.",
        "وهذا الصوت وُلد هنا أيضًا.",
        "قريبًا تسمعونه بلغات أخرى.",
        "شريط واحد يدخل، وكل اللغات تخرج.",
    ),
}

# Looked for in order, for the running time in the picture's corner; without any of them there is none.
_FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf",
    "/usr/share/fonts/dejavu-sans-mono-fonts/DejaVuSansMono.ttf",
    "/System/Library/Fonts/Menlo.ttc",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a sample's files are. ``translations`` are scripts by locale; ``job`` dubs the sample into all of them."""

    video: Path
    script: Path
    background: Path
    translations: dict[str, Path]
    job: Path


async def make_sample(folder: Path, seconds: int = 20) -> Sample:
    """Make the sample reel in a folder. ``seconds`` is its length, from 8 up; a long one says its lines over again.

    Raises ValueError for a shorter one, and what the voice and ffmpeg raise (`EngineError`, `ToolError`).
    """
    # The lead-in and two lines of narration; one line alone shows nothing of gaps and order.
    if seconds < 8:
        raise ValueError("a sample of less than 8 seconds has no room for its narration")
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    slots = (seconds * 1000 - _LEAD_MS) // _SLOT_MS
    background, mixed = folder / "sample.background.wav", folder / ".mixed.wav"
    try:
        await asyncio.to_thread(_make_sound, background, mixed, slots, seconds)
        await run(_draw_film(mixed, folder / "sample.mp4", seconds))
    finally:
        mixed.unlink(missing_ok=True)
    return _describe_sample(folder, background, slots)


def _describe_sample(folder: Path, background: Path, slots: int) -> Sample:
    scripts = {locale: folder / f"sample.{locale}.srt" for locale in LINES}
    for locale, path in scripts.items():
        path.write_text(_write_srt(LINES[locale], slots), encoding="utf-8")
    script = scripts.pop(SOURCE_LOCALE)
    job = folder / "job.yaml"
    job.write_text(_write_job(script, background, scripts), encoding="utf-8")
    return Sample(folder / "sample.mp4", script, background, scripts, job)


# -- sound


def _make_sound(background: Path, mixed: Path, slots: int, seconds: int) -> None:
    """Both tracks in one pass, a slot at a time: a long sample needs no more memory than a short one."""
    spoken = _make_narration()
    with _open_wav(background) as music_file, _open_wav(mixed) as mixed_file:
        for number, music in enumerate(play_music(seconds * _RATE, _LEAD_MS * _RATE // 1000), start=-1):
            voice = np.zeros(len(music), np.float32)
            if 0 <= number < slots:
                line = spoken[number % len(spoken)][: len(music)]
                voice[: len(line)] = line
            music_file.writeframes(_to_pcm(music))
            mixed_file.writeframes(_to_pcm(music + voice[:, None]))


def _make_narration() -> list[Samples]:
    """Each English line at the reel's rate, peaking at half of full scale. A slot's sound begins with its line."""
    voice = EspeakVoice()
    narrator = voice.cast(SOURCE_LOCALE)[0]
    spoken = [voice.speak(line, narrator, 1.0) for line in LINES[SOURCE_LOCALE]]
    lines = [resample(speech.samples, speech.rate, _RATE) for speech in spoken]
    return [np.multiply(line, 0.5 / np.abs(line).max(), dtype=np.float32) for line in lines]


@contextmanager
def _open_wav(path: Path) -> Iterator[wave.Wave_write]:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        yield file


def _to_pcm(sound: Samples) -> bytes:
    return (np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()


# -- picture


def _draw_film(sound: Path, target: Path, seconds: int) -> Stream:
    heard = local_input(sound).audio.filter_multi_output("asplit")
    waves = heard[0].filter(
        "showwaves", s="1280x260", mode="cline", rate=_FPS, colors="white", scale="sqrt", draw="full"
    )
    colours = "c0=0x1b1735:c1=0x4b3fb5:c2=0x0f5e6b:c3=0x8a3b6b:nb_colors=4:seed=7:speed=0.012"
    # Drawn small and made larger: colours that flow into each other lose nothing, and it takes a tenth of the time.
    sky = generate_input(f"gradients=s=320x180:r={_FPS}:d={seconds}:type=linear:{colours},scale=1280:720:flags=bicubic")
    progress = generate_input(f"color=c=0xd9d6ec:s=1280x8:r={_FPS}:d={seconds}")
    picture = sky.overlay(waves, x=0, y="(H-h)/2", eof_action="repeat")
    picture = _time_picture(picture.overlay(progress, x=f"-w+w*t/{seconds}", y="H-h"))
    video = {"vcodec": "libx264", "preset": "superfast", "crf": 25, "pix_fmt": "yuv420p", "g": 2 * _FPS}
    options = {**video, **aac_options(2), "ar": _RATE, "t": seconds, "movflags": "+faststart"}
    return local_output(picture, heard[1], path=target, format="mp4", **options)


def _time_picture(picture: Stream) -> Stream:
    font = next((font for font in _FONTS if Path(font).is_file()), None)
    if font is None:
        return picture
    place = {"x": "w-text_w-40", "y": 36, "fontsize": 40, "fontcolor": "white@0.75"}
    return picture.drawtext(text="%{pts:hms}", escape_text=False, fontfile=font, **place)


# -- texts


def _write_srt(lines: tuple[str, ...], slots: int) -> str:
    cues = [
        f"{number + 1}\n{_format_stamp(start)} --> {_format_stamp(start + _SLOT_MS - _GAP_MS)}\n"
        f"{lines[number % len(lines)]}\n"
        for number in range(slots)
        for start in [_LEAD_MS + number * _SLOT_MS]
    ]
    return "\n".join(cues)


def _format_stamp(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{ms:03d}"


def _write_job(script: Path, background: Path, scripts: dict[str, Path]) -> str:
    targets = "".join(f"  - locale: {locale}\n    subtitles: {path.name}\n" for locale, path in scripts.items())
    return f"""\
# The sample's job: dub it into every language that has a script.
name: sample
source:
  media: sample.mp4
  locale: {SOURCE_LOCALE}
  subtitles: {script.name}
  background: {background.name}
  speakers: 1
targets:
{targets}dubbing:
  provider: embedded
  mix: dub
subtitles:
  formats: [srt, vtt]
  profile: netflix
delivery:
  - to: folder
    path: ../out
"""
