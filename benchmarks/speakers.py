"""Who speaks when, by ear alone: mixes of our own of one to five people, whose every moment is known.

Dialogues of Kokoro's voices over music, a short pause between their turns; no script. Whisper writes down what is said,
the voice prints tell the cues apart. ``error`` is the share of all speech that is given to somebody else, or to nobody,
under the best assignment of heard speakers to true ones; once with their number given, once with it to be found.
Needs weights.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from polyreel.engine.models.registry import KOKORO, KOKORO_VOICES, VOICE_PRINTS, WHISPER_BASE
from polyreel.engine.models.shelf import is_here, pull_command
from polyreel.engine.separation.learned import write_frames, write_header
from polyreel.engine.separation.stems import Bed, Stems
from polyreel.engine.sound.pcm import Samples
from polyreel.engine.sound.resample import resample
from polyreel.engine.speakers.diarise import hear_speakers
from polyreel.engine.speakers.named import Turn
from polyreel.engine.transcribe.cues import into_cues
from polyreel.engine.transcribe.listening import listen
from polyreel.engine.transcribe.whisper import RATE as HEARD_RATE
from polyreel.engine.transcribe.whisper import usual_listener
from polyreel.engine.voice.kokoro.voice import KokoroVoice
from polyreel.sandbox.music import RATE, play_music
from polyreel.store.local import LocalStore

LOCALE = "en-US"
VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george", "am_puck")
PEOPLE = (1, 2, 3, 5)
MUSIC_DB = -20.0
GOAL = 0.15
_PAUSES_S = (0.15, 0.9)
LINES = (
    "Did you read the letter that came this morning?",
    "I did, and I still don't believe a word of it.",
    "The train leaves at nine, so we have to hurry.",
    "My brother has lived in that house for twenty years.",
    "Nobody told me that the meeting had been moved.",
    "If it rains tomorrow we can work inside instead.",
    "That is the best coffee I have had in weeks.",
    "Please put the keys back where you found them.",
)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A mix (mono, 48 kHz) and who speaks in it when."""

    sound: Samples
    truth: tuple[Turn, ...]


def run(part: str = "") -> Iterator[dict[str, Any]]:
    """A row per number of people, as soon as it is measured; ``speakers:5`` is one of them."""
    needed = (KOKORO, KOKORO_VOICES, VOICE_PRINTS, WHISPER_BASE)
    if not is_here(*needed):
        yield {"name": f"needs weights: {pull_command(*needed)}"}
        return
    numbers = (int(part),) if part else PEOPLE
    takes = speak_lines(max(numbers))
    with tempfile.TemporaryDirectory() as folder:
        for people in numbers:
            yield _row(people, Path(folder), takes)


def speak_lines(people: int) -> dict[tuple[str, int], Samples]:
    """Every line of so many voices, at 48 kHz, equally loud."""
    kokoro = KokoroVoice()
    takes: dict[tuple[str, int], Samples] = {}
    for voice in VOICES[:people]:
        for number, line in enumerate(LINES):
            said = kokoro.speak(line, f"{voice}@{LOCALE}", 1.0)
            sound = resample(said.samples, said.rate, RATE)
            takes[voice, number] = np.multiply(sound, 0.1 / float(np.sqrt(np.square(sound).mean())), dtype=np.float32)
    return takes


def mix_dialogue(people: int, takes: dict[tuple[str, int], Samples], seed: int = 1) -> Dialogue:
    """Eight lines of each, never two of one in a row where there are others, over music."""
    chance = random.Random(seed)
    waiting = {voice: chance.sample(range(len(LINES)), len(LINES)) for voice in VOICES[:people]}
    pieces, truth, at, last = [np.zeros(RATE, np.float32)], [], RATE, ""
    while any(waiting.values()):
        most = max(len(lines) for voice, lines in waiting.items() if voice != last or people == 1)
        voice = chance.choice([v for v, lines in waiting.items() if len(lines) == most and (v != last or people == 1)])
        take = takes[voice, waiting[voice].pop()]
        pause = np.zeros(int(chance.uniform(*_PAUSES_S) * RATE), np.float32)
        truth.append(Turn(at * 1000 // RATE, (at + len(take)) * 1000 // RATE, voice))
        pieces += [take, pause]
        at, last = at + len(take) + len(pause), voice
    speech = np.concatenate(pieces)
    music = np.concatenate(list(play_music(len(speech)))).mean(axis=1)
    music *= 0.1 / np.sqrt(np.square(music).mean()) * 10 ** (MUSIC_DB / 20)
    return Dialogue((speech + music).astype(np.float32), tuple(truth))


def _row(people: int, folder: Path, takes: dict[tuple[str, int], Samples]) -> dict[str, Any]:
    dialogue = mix_dialogue(people, takes)
    cues = asyncio.run(_hear_cues(dialogue))
    store = LocalStore(folder / str(people))
    stems = _stems(dialogue, folder, store)
    told = hear_speakers(stems, cues, people, store, lambda: None)
    found = hear_speakers(stems, cues, None, store, lambda: None)
    return {
        "name": f"{people} people, {len(dialogue.truth)} turns",
        "cues": len(cues),
        "error, number given": round(speaker_error(dialogue.truth, told.turns), 3),
        "error, number found": round(speaker_error(dialogue.truth, found.turns), 3),
        "found": len({turn.speaker for turn in found.turns}),
        "genders": f"{len(found.genders)} told",
        "goal": f"< {GOAL}",
    }


async def _hear_cues(dialogue: Dialogue) -> list[tuple[int, int]]:
    sound = resample(dialogue.sound, RATE, HEARD_RATE)

    async def blocks() -> AsyncIterator[Samples]:
        yield sound

    heard = await listen(blocks(), usual_listener(), LOCALE, samples=len(sound), on_progress=lambda _: None)
    cues = into_cues(list(heard.words()), "none", LOCALE, len(sound) * 1000 // HEARD_RATE)
    return [(cue.start_ms, cue.end_ms) for cue in cues]


def _stems(dialogue: Dialogue, folder: Path, store: LocalStore) -> Stems:
    path = folder / "sound.wav"
    with path.open("wb") as file:
        write_header(file, 1, len(dialogue.sound))
        write_frames(file, dialogue.sound[:, None])
    audio = store.keep_file(path, ".wav")
    return Stems(kind="ducked", channels=1, samples=len(dialogue.sound), original=Bed(audio=audio, power=audio))


def speaker_error(truth: Sequence[Turn], heard: Sequence[Turn]) -> float:
    """The share of the truth's time that is not given to its speaker, under the best assignment of names."""
    together: Counter[tuple[str, str]] = Counter()
    for own in truth:
        for other in heard:
            shared = min(own.end_ms, other.end_ms) - max(own.start_ms, other.start_ms)
            together[own.speaker, other.speaker] += max(0, shared)
    people = list(dict.fromkeys(turn.speaker for turn in truth))
    names = list(dict.fromkeys(turn.speaker for turn in heard))
    names += [""] * (len(people) - len(names))
    best = max(
        sum(together[who, name] for who, name in zip(people, chosen, strict=True))
        for chosen in permutations(names, len(people))
    )
    return 1 - best / sum(turn.end_ms - turn.start_ms for turn in truth)


if __name__ == "__main__":
    print(json.dumps(list(run()), indent=2))
