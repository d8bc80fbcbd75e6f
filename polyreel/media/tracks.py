"""Which tracks of a file are meant: the sound that is dubbed, the subtitles that are its script, what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from polyreel import locales
from polyreel.errors import InvalidJob, MediaError
from polyreel.errors.wording import spell_count
from polyreel.media.info import AudioStream, MediaInfo, SubtitleStream, Tracks

_AS_LONG = Fraction(1, 10)
_LEFT, _RIGHT = ("FL", "left", "l"), ("FR", "right", "r")


@dataclass(frozen=True, slots=True)
class SoundChoice:
    """The track (or the two mono tracks, left and right) that holds the original, and what a person should know."""

    tracks: Tracks
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """The number of the (left) track."""
        return self.tracks if isinstance(self.tracks, int) else self.tracks[0]


def choose_sound(info: MediaInfo, locale: str, asked: int | None = None) -> SoundChoice:
    """Find the sound track that speaks a job's source language.

    ``asked`` (counted from 0) decides. Else a track tagged with the language, before that the file's default one, and
    among equals the default one, then the first; commentary and audio description only where there is nothing else. Two
    mono tracks that belong together are taken as one stereo track. Raises MediaError where ``asked`` is not there.
    """
    if asked is not None:
        if asked >= len(info.audio):
            raise MediaError(
                f"there is no sound track number {asked}",
                code="missing_audio_track",
                where="source.audio_track",
                remedy=f"The video has {_count_sounds(info.audio)}: {_list_sounds(info)}.",
            )
        return SoundChoice(asked)
    chosen = _choose_likeliest(info.audio, locale)
    partner = _find_partner(info, chosen)
    tracks: Tracks = chosen if partner is None else (chosen, partner)
    return SoundChoice(tracks, _note_choice(info, tracks, locale))


def _choose_likeliest(sounds: Sequence[AudioStream], locale: str) -> int:
    def rank(place: int) -> tuple[bool, bool, bool, int]:
        one = sounds[place]
        return one.is_aside, not speaks(one.language, locale), not one.is_default, place

    return min(range(len(sounds)), key=rank)


def speaks(tag: str, locale: str) -> bool:
    """Whether a track's language tag (``ger``, ``deu``, ``de-AT``) names a locale's language."""
    try:
        return bool(tag) and locales.language(tag) == locales.language(locale)
    except InvalidJob:
        return False


def _find_partner(info: MediaInfo, chosen: int) -> int | None:
    """The right channel of a left one: cameras and broadcast files keep each in a track of its own."""
    left, following = info.audio[chosen], info.audio[chosen + 1 : chosen + 2]
    if not following or not _are_alike(left, following[0]):
        return None
    right = following[0]
    monos = sum(one.channels == 1 for one in info.audio)
    says_so = _is_side(left, _LEFT) and _is_side(right, _RIGHT)
    is_unnamed = not left.title and not right.title
    by_custom = info.container.startswith("mxf") or info.brand == "qt" or monos == len(info.audio) == 2
    return chosen + 1 if says_so or (is_unnamed and by_custom) else None


def _are_alike(one: AudioStream, other: AudioStream) -> bool:
    same = (one.channels, one.codec, one.sample_rate, one.language, one.is_aside)
    lengths_match = abs(one.duration - other.duration) <= _AS_LONG
    return same == (1, other.codec, other.sample_rate, other.language, other.is_aside) and (
        other.channels == 1 and lengths_match
    )


def _is_side(one: AudioStream, names: Sequence[str]) -> bool:
    return names[0] in one.layout or one.title.strip().lower() in names[1:]


def _note_choice(info: MediaInfo, tracks: Tracks, locale: str) -> tuple[str, ...]:
    if len(info.audio) < 2:
        return ()
    if isinstance(tracks, tuple):
        taken = f"Tracks {tracks[0]} and {tracks[1]} were taken together, as left and right"
    else:
        taken = f"Track {tracks} was taken as the original"
    kind = "video" if info.video else "source"
    untagged = not any(speaks(one.language, locale) for one in info.audio) and any(one.language for one in info.audio)
    doubt = f" (none is tagged {locales.english_name(locales.language(locale))})" if untagged else ""
    return (
        f"The {kind} has {_count_sounds(info.audio)}: {_list_sounds(info)}. {taken}{doubt}; "
        "`source.audio_track` chooses another. What is delivered carries the dub alone.",
    )


def _count_sounds(sounds: Sequence[AudioStream]) -> str:
    return spell_count(len(sounds), "sound track")


def _list_sounds(info: MediaInfo) -> str:
    return ", ".join(f"{place} {_describe_sound(one)}" for place, one in enumerate(info.audio))


def _describe_sound(one: AudioStream) -> str:
    facts = [
        name_language(one.language),
        # ffmpeg calls a layout that a file doesn't say "1 channels".
        "mono" if one.channels == 1 and one.layout in {"", "1 channels"} else one.layout or f"{one.channels} channels",
        one.title[:40],
    ]
    marks = [word for word, holds in (("default", one.is_default), ("commentary", one.is_aside)) if holds]
    return f"({', '.join(fact for fact in [*facts, *marks] if fact)})"


def name_language(tag: str) -> str:
    """A track's language in English; the tag itself where it is none, "no language" where there is none."""
    try:
        return locales.english_name(tag) if tag else "no language"
    except InvalidJob:
        return tag[:20]


def choose_subtitles(info: MediaInfo, locale: str, asked: int | None = None) -> SubtitleStream:
    """Find the subtitle track that is a script in a language; ``asked`` (counted from 0) decides.

    Raises MediaError where there is none, where only pictures of text are, or where it can't be told which.
    """
    if asked is not None and asked >= len(info.subtitles):
        raise _no_subtitles(info, f"there is no subtitle track number {asked} in the video")
    if asked is not None:
        return _require_text(info, info.subtitles[asked])
    texts = [one for one in info.subtitles if one.is_text]
    tagged = [one for one in texts if speaks(one.language, locale)]
    found = sorted(tagged, key=lambda one: (one.is_forced, not one.is_default, one.index))
    if not found and len(texts) == 1 and not texts[0].language:
        found = texts
    if not found:
        name = locales.english_name(locales.language(locale))
        raise _no_subtitles(info, f"the video holds no {name} subtitles that can be read as text")
    return found[0]


def _require_text(info: MediaInfo, one: SubtitleStream) -> SubtitleStream:
    if one.is_text:
        return one
    raise MediaError(
        f"these subtitles are pictures of text ({one.codec}), which can't be read",
        code="unsupported_media",
        where=f"subtitle track {info.subtitles.index(one)}",
        remedy="Give the script as a file (.srt or .vtt).",
    )


def _no_subtitles(info: MediaInfo, message: str) -> MediaError:
    held = f"It holds: {list_subtitles(info)}." if info.subtitles else "It holds no subtitles at all."
    remedy = f"{held} Name one (`embedded:0`), or give the script as a file."
    return MediaError(message, code="invalid_input", where=str(info.path), remedy=remedy)


def list_subtitles(info: MediaInfo) -> str:
    """Every subtitle track with its number, language and kind."""
    return ", ".join(
        f"{place} ({', '.join([name_language(one.language), one.codec, *(['forced'] if one.is_forced else [])])})"
        for place, one in enumerate(info.subtitles)
    )


def note_left_out(info: MediaInfo, script_is_embedded: bool) -> tuple[str, ...]:
    """What a delivered dub has no place for, in one sentence each; chapters are kept, so they are not named, and of a
    cover beside sound alone `sound_file.note_not_carried` tells."""
    notes, kind = [], "video" if info.video else "source"
    if info.subtitles and not script_is_embedded:
        offer = (
            " (`source.subtitles: embedded` takes them as the script)"
            if any(one.is_text for one in info.subtitles)
            else ""
        )
        notes.append(f"Subtitles inside the {kind} were left out: {list_subtitles(info)}{offer}.")
    if info.timecode and info.video:
        notes.append(f"The video's timecode ({info.timecode}) was left out: delivered videos begin at zero.")
    counted = {
        "picture track": info.other_pictures - (info.cover is not None and info.video is None),
        "attachment": info.attachments,
        "data track": info.data_tracks,
    }
    rest = [spell_count(count, name) for name, count in counted.items() if count]
    if rest:
        notes.append(f"Also left out of the {kind}: {', '.join(rest)}.")
    if info.video and info.stated > info.duration + max(Fraction(1), info.duration / 50):
        stated, found = float(info.stated), float(info.duration)
        notes.append(f"The video says it lasts {stated:.1f} s, but breaks off at {found:.1f} s: it may be incomplete.")
        return tuple(notes)
    longest = max((one.duration for one in info.audio), default=Fraction(0))
    if info.video and longest > info.duration + 1:
        lengths = f"{float(longest):.1f} s, the picture {float(info.duration):.1f} s"
        notes.append(f"The sound lasts {lengths}: what is heard after the picture's end was left out.")
    return tuple(notes)
