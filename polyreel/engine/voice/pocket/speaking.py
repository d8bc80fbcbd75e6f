"""Pocket TTS's nets, run one after the other: text and voice into frames of a latent, and those into sound.

One net remembers the voice, the text and what was said so far, and says for each frame what comes next and whether it
was the last; a second one turns noise into the frame; a third makes sound of the frames. All that they remember goes
in and out of every run. The noise is drawn by the text, the voice and nothing else: a line sounds the same every time.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.models.sessions import Session
from polyreel.engine.sound.pcm import Samples, open_track
from polyreel.engine.sound.resample import resample
from polyreel.engine.sound.stem import RATE
from polyreel.engine.voice.pocket.bundle import Arrays, Bundle, State, make_states
from polyreel.engine.voice.pocket.files import ENCODER, Placed, find_placed, require_encoder
from polyreel.errors import EngineError

# Kyutai's own bound of a line's length: what goes on beyond it has missed its end.
_PIECES_PER_SECOND, _SPARE_S = 3.0, 2.0
# Kyutai's threshold for "that was the last frame". No word is said within half a second, so it isn't believed there.
_END, _FIRST_END = -4.0, 6
# Its states carry over between runs, so that a long line takes no more memory than a short one.
_FRAMES_AT_ONCE = 8
# A sample takes room in the net's memory, which the line needs as well.
_LONGEST_SAMPLE_S = 30.0


def synthesise(placed: Placed, pieces: Sequence[int], voice: Arrays, after_end: int, seed: str) -> Samples:
    """Say pieces of text in a voice (the states after it was heard). Raises EngineError."""
    bundle = placed.read_bundle()
    main = placed.open_net("flow_lm_main")
    numbers = np.array([pieces], np.int64)
    written = placed.open_net("text_conditioner").run({"token_ids": numbers}).reshape(1, -1, bundle.conditioning)
    nothing = np.zeros((1, 0, bundle.latent), np.float32)
    states = _run_step(main, bundle.speech_states, {"sequence": nothing, "text_embeddings": written, **voice})[1]
    # Past its capacity the net's cache is full, and the run fails inside onnxruntime.
    room = bundle.capacity - _count_heard(bundle, voice) - len(pieces)
    most = min(room, math.ceil((len(pieces) / _PIECES_PER_SECOND + _SPARE_S) * bundle.frame_rate))
    frames = _say_frames(placed, bundle, states, most, after_end, seed)
    if not frames:
        raise _no_sound()
    return _make_sound(placed, bundle, np.concatenate(frames, axis=1))


def _say_frames(
    placed: Placed, bundle: Bundle, states: Arrays, most: int, after_end: int, seed: str
) -> list[NDArray[np.float32]]:
    main, flow = placed.open_net("flow_lm_main"), placed.open_net("flow_lm_flow")
    drawn = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
    no_text = np.zeros((1, 0, bundle.conditioning), np.float32)
    frame = np.full((1, 1, bundle.latent), np.nan, np.float32)  # before the first one there is none
    begin, end = np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32)
    frames: list[NDArray[np.float32]] = []
    last = most
    for step in range(most):
        said, states = _run_step(main, bundle.speech_states, {"sequence": frame, "text_embeddings": no_text, **states})
        # Only the first such sign counts: it stays on afterwards.
        if last == most and step >= _FIRST_END and float(said[1].ravel()[0]) > _END:
            last = step + after_end
        if step >= last:
            break
        noise = drawn.normal(0.0, math.sqrt(bundle.temperature), (1, bundle.latent)).astype(np.float32)
        moved = noise + flow.run({"c": said[0], "s": begin, "t": end, "x": noise})
        frame = moved.reshape(1, 1, bundle.latent)
        frames.append(frame)
    return frames


def _make_sound(placed: Placed, bundle: Bundle, frames: NDArray[np.float32]) -> Samples:
    decoder, states = placed.open_net("mimi_decoder"), make_states(bundle.sound_states)
    heard: list[Samples] = []
    for at in range(0, frames.shape[1], _FRAMES_AT_ONCE):
        block = frames[:, at : at + _FRAMES_AT_ONCE]
        said, states = _run_step(decoder, bundle.sound_states, {"latent": block, **states})
        heard.append(said[0].astype(np.float32).ravel())
    sound = np.concatenate(heard)
    if not np.isfinite(sound).all():
        raise _no_sound()
    # Whoever encodes it takes -1 to 1 as full scale; nothing bounds what the decoder gives.
    return np.clip(sound, -1, 1)


def _run_step(net: Session, states: Sequence[State], given: Arrays) -> tuple[list[NDArray[Any]], Arrays]:
    """One run: what it says, in order, and what it remembers."""
    found = net.run_all(given)
    back = {state.back for state in states}
    if not back <= found.keys():
        raise EngineError(
            "a net of Pocket TTS does not give its states back.",
            code="model_damaged",
            where="bundle",
            remedy="Add it again from a bundle that was not changed: `polyreel voices remove`, then `add`.",
        )
    return [value for name, value in found.items() if name not in back], {
        state.given: found[state.back] for state in states
    }


def _count_heard(bundle: Bundle, voice: Arrays) -> int:
    """How many steps of the nets' memory the voice takes."""
    steps = [voice[state.given] for state in bundle.speech_states if state.key in ("step", "offset")]
    return max((int(each.ravel()[0]) for each in steps if each.size), default=0)


# -- hearing a voice


def hear_voice(placed: Placed, sample: Path, sha256: str) -> Arrays:
    """The states after a person's sample (WAV, 48 kHz) was heard; of a longer one, its first 30 s.

    Raises EngineError: ``cannot_clone`` where the bundle has no encoder.
    """
    require_encoder(placed)
    return dict(_hear_sample(placed.language, placed.fingerprint, sample, sha256))


@lru_cache(maxsize=4)
def _hear_sample(language: str, _fingerprint: str, sample: Path, _sha256: str) -> Arrays:
    placed = find_placed(language)
    bundle = placed.read_bundle()
    track = open_track(sample)
    whole = track.read(0, min(track.samples, round(_LONGEST_SAMPLE_S * RATE))).mean(axis=1)
    sound = resample(whole, RATE, bundle.rate)
    # The encoder takes whole frames alone.
    padded = np.pad(sound, (0, -len(sound) % bundle.frame)).astype(np.float32)
    heard = placed.open_net(ENCODER).run({"audio": padded[None, None]}).reshape(1, -1, bundle.conditioning)
    mark = placed.read_mark()
    if mark is not None:
        heard = np.concatenate([mark.reshape(1, -1, bundle.conditioning), heard], axis=1)
    nothing = np.zeros((1, 0, bundle.latent), np.float32)
    given = {"sequence": nothing, "text_embeddings": heard, **make_states(bundle.speech_states)}
    return _run_step(placed.open_net("flow_lm_main"), bundle.speech_states, given)[1]


def _no_sound() -> EngineError:
    return EngineError(
        "Pocket TTS gave no sound for a line.", remedy="Change the line's words, or name another voice for it."
    )
