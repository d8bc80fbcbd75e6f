"""How far a dub may be from what it should be: the limits of each profile, and those that a job sets itself.

Beyond the first of a pair a check warns, beyond the second it fails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyreel.job import CheckLimits, Limit, LoudnessTarget, SubtitleProfile

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class SoundLimits:
    """Of the sound as a whole, by the job's loudness target.

    ``loudness_lu`` off the target; ``speech_left_db`` relative to the original's speech; ``range_lu`` in LU, None: the
    reel's own and a little more, and ``range_fail_lu`` in LU, None: a little beyond the former; ``stray_ms`` of speech
    where no line is due.
    """

    loudness_lu: Pair = (1.0, 2.0)
    speech_left_db: Pair = (-20.0, -12.0)
    range_lu: float | None = 20.0
    range_fail_lu: float | None = None
    stray_ms: Pair = (100.0, 1000.0)


@dataclass(frozen=True, slots=True)
class LineLimits:
    """Of each line, by the profile.

    ``silent`` and ``clipped`` are the shares of a dub's lines that may be missing, and cut off. ``timing_ms`` is how
    far from its place a line may be heard, ``loudness_db`` how far from the dub's others, ``over_background_db`` the
    least that it may be above what is under it, ``noise_db`` the least that it may be above its own hiss.
    ``flattened`` is the share of its loud samples that may lie at its peak: clipped sound has many.
    """

    silent: Pair = (0.0, 0.0)
    clipped: Pair = (0.0, 0.1)
    timing_ms: Pair = (300.0, 1000.0)
    loudness_db: Pair = (4.0, 8.0)
    over_background_db: Pair = (6.0, 2.0)
    noise_db: Pair = (40.0, 26.0)
    flattened: Pair = (0.2, 0.35)


@dataclass(frozen=True, slots=True)
class WordLimits:
    """Of the words that were heard: errors per word, or per sign, and the probability of the dub's language."""

    errors: Pair = (0.15, 0.30)
    language: Pair = (0.5, 0.15)


@dataclass(frozen=True, slots=True)
class VoiceLimits:
    """Of the voices.

    ``accent``: a line less likely to be in its language is doubtful, and below the second foreign;
    ``accented_share`` of doubtful lines fails. ``own_voice``: a line less like its speaker's others is doubtful, and
    below the second another voice; two speakers more ``alike`` than that are hardly to be told apart. ``least_vote``:
    the least that DNSMOS may give. ``below_original``: how many points of 5 it may be below the original's.
    """

    accent: Pair = (0.5, 0.15)
    accented_share: float = 0.2
    own_voice: Pair = (0.75, 0.68)
    alike: float = 0.93
    below_original: Pair | None = (0.7, 1.3)
    least_vote: Pair = (2.4, 1.8)


# Netflix's Sound Mix Specifications ask for 18 LU at most; EBU Tech 3343 calls 20 LU the most that homes can use. For
# the web, which is heard on telephones, 15 is our own figure.
_SOUND: dict[LoudnessTarget, SoundLimits] = {
    "source": SoundLimits(range_lu=None),
    "ebu": SoundLimits(),
    "atsc": SoundLimits(),
    "netflix": SoundLimits(range_lu=18.0),
    "web": SoundLimits(range_lu=15.0),
    "podcast": SoundLimits(range_lu=15.0),
}
_STRICT: tuple[SubtitleProfile, ...] = ("netflix", "bbc", "ebu", "dcmp", "plain")
_LINES: dict[SubtitleProfile, LineLimits] = {
    **dict.fromkeys(_STRICT, LineLimits()),
    "none": LineLimits(
        timing_ms=(500.0, 1500.0), loudness_db=(6.0, 10.0), over_background_db=(4.0, 0.0), noise_db=(32.0, 20.0)
    ),
}
_WORDS: dict[SubtitleProfile, WordLimits] = {
    **dict.fromkeys(_STRICT, WordLimits()),
    "none": WordLimits(errors=(0.25, 0.50)),
}
_VOICES: dict[SubtitleProfile, VoiceLimits] = {
    **dict.fromkeys(_STRICT, VoiceLimits()),
    "none": VoiceLimits(
        accent=(0.3, 0.15),
        accented_share=0.4,
        own_voice=(0.65, 0.55),
        alike=0.96,
        below_original=(1.0, 1.6),
        least_vote=(2.0, 1.5),
    ),
}


@dataclass(frozen=True, slots=True)
class DubLimits:
    """Every limit that a dub is judged by."""

    sound: SoundLimits
    lines: LineLimits
    words: WordLimits
    voices: VoiceLimits

    @classmethod
    def of(cls, profile: SubtitleProfile, target: LoudnessTarget, asked: CheckLimits | None = None) -> DubLimits:
        """Those of a job: its profile's and its target's, but for what it sets itself."""
        given = asked or CheckLimits()
        sound, lines, words, voices = _SOUND[target], _LINES[profile], _WORDS[profile], _VOICES[profile]
        return cls(
            replace(
                _with_range(sound, given.loudness_range),
                loudness_lu=_merge(sound.loudness_lu, given.loudness),
                speech_left_db=_merge(sound.speech_left_db, given.background_speech),
                stray_ms=_merge(sound.stray_ms, given.speech_window),
            ),
            LineLimits(
                silent=_merge(lines.silent, given.silent_lines),
                clipped=_merge(lines.clipped, given.clipped_speech),
                timing_ms=_merge(lines.timing_ms, given.line_timing),
                loudness_db=_merge(lines.loudness_db, given.line_loudness),
                over_background_db=_merge(lines.over_background_db, given.speech_over_background),
                noise_db=_merge(lines.noise_db, given.line_noise),
                flattened=_merge(lines.flattened, given.line_clipping),
            ),
            WordLimits(
                errors=_merge(words.errors, given.back_transcription), language=_merge(words.language, given.language)
            ),
            replace(
                voices,
                accent=_merge(voices.accent, given.accent),
                own_voice=_merge(voices.own_voice, given.one_voice),
                least_vote=_merge(voices.least_vote, given.speech_quality),
                # Who says which vote is enough does not want it to depend on the original's.
                below_original=voices.below_original if _is_empty(given.speech_quality) else None,
            ),
        )


def _merge(usual: Pair, asked: Limit | None) -> Pair:
    """What the job says; of a half that it leaves out the profile's, or the other where the profile's is not beyond."""
    if asked is None:
        return usual
    warn, fail = asked.warn, asked.fail
    further = max if usual[1] >= usual[0] else min
    nearer = min if usual[1] >= usual[0] else max
    if warn is None:
        return usual if fail is None else (nearer(usual[0], fail), fail)
    return warn, further(usual[1], warn) if fail is None else fail


def _with_range(usual: SoundLimits, asked: Limit | None) -> SoundLimits:
    if asked is None:
        return usual
    return replace(usual, range_lu=usual.range_lu if asked.warn is None else asked.warn, range_fail_lu=asked.fail)


def _is_empty(asked: Limit | None) -> bool:
    return asked is None or (asked.warn is None and asked.fail is None)
