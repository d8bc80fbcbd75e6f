"""How clean speech sounds, judged without a reference: DNSMOS P.835, a network that was taught with listeners' votes.

It hears 9.01 s of 16 kHz sound at once and gives three votes from 1 (bad) to 5 (excellent): of the speech itself, of
what lies under it, and of both together. It was taught with people's voices in noise: of how natural a synthetic voice
is it knows little, of noise, clipping and drop-outs much. Source: C. Reddy et al., *DNSMOS P.835*, ICASSP 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from polyreel.engine.backcheck.votes import Figures, Votes
from polyreel.engine.models import shelf
from polyreel.engine.models.registry import SPEECH_QUALITY
from polyreel.engine.models.sessions import Session
from polyreel.engine.sound.pcm import Samples

RATE = 16_000
WINDOW = int(9.01 * RATE)
"""Samples that the network takes at once."""
_INPUT = "input_1"
# From the network's figures to votes, lowest power last: the authors' own, for speech, background and both.
_VOTES = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)

Judge = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A window (1, `WINDOW`) in, the network's three figures (1, 3) out."""


def speech_judge() -> Judge:
    """The network from the shelf. Raises EngineError (``model_missing``, ``model_damaged``)."""
    session = Session(shelf.check_file(SPEECH_QUALITY, SPEECH_QUALITY.files[0].path))
    return lambda window: session.run({_INPUT: window})


def judge_speech(pieces: Sequence[Samples], judge: Judge, go_on: Callable[[], None]) -> Votes:
    """The mean vote on pieces of speech (mono, 16 kHz), one window each; a shorter piece is said again and again.

    Blocks; ``go_on`` may raise between windows. Raises ValueError where there is nothing to judge.
    """
    heard: list[Figures] = []
    for piece in pieces:
        if len(piece):
            go_on()
            heard.append(judge_window(piece, judge))
    return count_votes(heard)


def judge_window(piece: Samples, judge: Judge) -> Figures:
    """The network's figures for one piece of speech that is not empty. Blocks."""
    # Said over and over and not padded, as its authors' own script does: silence is not what it was taught to judge.
    speech, background, overall = judge(np.resize(piece, WINDOW).astype(np.float32)[None])[0].tolist()
    return speech, background, overall


def count_votes(heard: Sequence[Figures]) -> Votes:
    """The mean vote of some windows, by their figures. Raises ValueError where there are none."""
    if not heard:
        raise ValueError("no speech to judge")
    votes = [
        float(np.mean([np.polyval(curve, figures[place]) for figures in heard])) for place, curve in enumerate(_VOTES)
    ]
    return Votes(speech=round(votes[0], 2), background=round(votes[1], 2), overall=round(votes[2], 2))
