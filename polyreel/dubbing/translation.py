"""Scripts for targets that have none: which ways there are, who drafts, and how a draft is fitted to its voice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyreel.engine.cores import PLACES
from polyreel.engine.threads import GoOn, in_thread
from polyreel.engine.transcribe.whisper import require_listener
from polyreel.engine.voice.port import Voice, assign
from polyreel.engine.voice.text.spoken import can_be_said
from polyreel.errors import EngineError, InvalidJob
from polyreel.errors.wording import spell_count
from polyreel.job import Job, Translation
from polyreel.store.port import Store
from polyreel.subtitles.model import Track

if TYPE_CHECKING:
    from polyreel.dubbing.casting import Casting
    from polyreel.dubbing.mending import Wording
    from polyreel.engine.speech.sentences import Sentence
    from polyreel.engine.speech.takes import Progress
    from polyreel.engine.translate.draft import Task
    from polyreel.engine.translate.port import Drafter, Term
    from polyreel.engine.translate.track import Piece

BLOCKS = {"openai": "chat", "libretranslate": "libretranslate", "deepl": "deepl"}
"""The credentials that a provider's account is saved as."""
SCRIPT_REMEDY = (
    "Give each target its script (`subtitles: FILE.srt` or .vtt, timed to the video); or name who "
    "drafts one (`translation: {provider: openai|libretranslate|deepl|argos, ...}`); or leave the target out."
)
"""What to do where nobody gave a script: one text, whichever check finds it first."""
_SHARE_DRAFTED, _SHARE_SAID = 0.7, 0.2


def require_ways(job: Job, without: Sequence[str]) -> None:
    """See that there is a way to the scripts of these languages, which were given none.

    Raises InvalidJob, or EngineError (``model_missing``).
    """
    if not without:
        return
    if job.translation is None:
        raise InvalidJob(
            f"no script for {', '.join(without)}, and no translator is set up",
            code="missing_script",
            where="targets",
            remedy=SCRIPT_REMEDY,
        )
    if job.translation.provider == "argos":
        from polyreel.engine.translate.argos import require_argos

        for locale in without:
            require_argos(job.source.locale, locale)
    if job.source.subtitles is None:
        require_listener(job.transcription.model)


def check_glossary(path: Path, source: str, target: str, shown: str) -> None:
    """See that a glossary can be read. Raises InvalidJob that names the file as the job does."""
    from polyreel.engine.translate.glossary import read_glossary

    try:
        read_glossary(path, source, target)
    except InvalidJob as error:
        error.where = error.where.replace(str(path), shown)
        raise


def keyless_client(asked: Translation) -> Any:
    """A client for a server that needs no key; for Argos, Argos itself."""
    from polyreel.engine.translate.argos import ArgosService
    from polyreel.vendors.translation.chat import ChatTranslator
    from polyreel.vendors.translation.libretranslate import LibreTranslator

    if asked.provider == "argos":
        return ArgosService()
    if asked.provider == "openai":
        return ChatTranslator(asked.model or "", base_url=asked.base_url or "")
    return LibreTranslator(base_url=asked.base_url or "")


def drafter_of(asked: Translation, client: Any) -> Drafter:
    """The drafter of a provider, over its client."""
    from polyreel.engine.translate.by_chat import ByChat
    from polyreel.engine.translate.by_lines import ByLines

    if asked.provider == "openai":
        if asked.model:
            client.model = asked.model
        return ByChat(client, f"openai {client.model}")
    return ByLines(client, asked.provider)


@dataclass(frozen=True, slots=True)
class Voicing:
    """Who will speak a draft: it is said while there is still time to reword it. What is said here is kept.

    ``casting`` is whose voice is whose, as the dub will have it, so that the dub finds its lines spoken.
    """

    voice: Voice
    asked: tuple[str, ...]
    store: Store
    casting: Casting | None = None


@dataclass(frozen=True, slots=True)
class Commission:
    """A track to translate, and what is known of where it goes. ``reel_ms`` is the reel's length."""

    track: Track
    source: str
    target: str
    profile: str
    reel_ms: int
    glossary: Path | None = None
    voicing: Voicing | None = None
    memory: Path | None = None
    """Approved lines of this pair of languages: JSON, ``[[source, target], ...]``."""


@dataclass(frozen=True, slots=True)
class Translated:
    """The drafted track, and what a person should know of it; the first note says that a machine made it."""

    track: Track
    notes: tuple[str, ...]


async def draft_script(commission: Commission, drafter: Drafter, on_progress: Progress) -> Translated:
    """Draft a script: every cue kept at its place and time, glossary enforced, one round of shortening.

    Raises EngineError (``translation_failed``) where a line can't be had, or the draft is in another language.
    """
    from polyreel.engine.translate.draft import draft_lines, shorten_lines
    from polyreel.engine.translate.track import pieces_of, put_together

    pieces = pieces_of(commission.track)
    task, remembered = _with_memory(_make_task(commission, pieces), commission.memory)
    draft = await draft_lines(task, drafter, lambda share: on_progress(_SHARE_DRAFTED * share))
    lines, notes = draft.lines, draft.notes
    _require_language(lines, commission, drafter)
    if commission.voicing:
        async with PLACES.one():
            too_long = await in_thread(partial(_too_long, commission, pieces, lines, _while_it_is_said(on_progress)))
        if too_long:
            lines, better = await shorten_lines(task, drafter, lines, too_long)
            notes = [*notes, _shortening_note(len(too_long), better)]
    track = put_together(commission.track, pieces, lines, commission.profile, commission.target)
    whole = len(task.known) >= sum(can_be_said(text) for text in task.texts)
    return Translated(track, (*(() if whole else (_mark_of(drafter),)), *remembered, *notes))


async def shorten_wordings(
    wanted: Mapping[int, Wording], commission: tuple[str, str], terms: Sequence[Term], drafter: Drafter
) -> dict[int, str]:
    """Shorter wordings of a script's lines, by their numbers; what came back longer, or without its terms, is missing.

    ``commission`` is the source's locale and the target's. Raises what the drafter raises.
    """
    from polyreel.engine.translate.draft import Task, shorten_lines

    numbers = sorted(wanted)
    asked = [wanted[number] for number in numbers]
    # A line that nobody translated stands for itself.
    texts, most = [each.source or each.text for each in asked], [each.most for each in asked]
    task = Task(*commission, texts=texts, most=most, terms=terms)
    drafts = [each.text for each in asked]
    lines, _ = await shorten_lines(task, drafter, drafts, dict(enumerate(most)))
    return {number: line for number, line, draft in zip(numbers, lines, drafts, strict=True) if line != draft}


def _with_memory(task: Task, memory: Path | None) -> tuple[Task, tuple[str, ...]]:
    """The task with every line that was approved before, and what a person should know: those that are nearly so."""
    from polyreel.series.memory import Pair

    if memory is None:
        return task, ()
    pair = Pair([(source, target) for source, target in json.loads(memory.read_bytes())])
    known = {n: found for n, text in enumerate(task.texts) if (found := pair.exact(text))}
    notes = (
        [f"Of {spell_count(len(task.texts), 'line')} {len(known)} approved before, in the series' memory."]
        if known
        else []
    )
    near = [(n, like) for n, text in enumerate(task.texts) if n not in known and (like := pair.near(text))]
    if near:
        shown = "; ".join(f"line {n + 1}: '{each.source[:60]}' is '{each.target[:60]}'" for n, each in near[:5])
        more = f"; and {len(near) - 5} more" if len(near) > 5 else ""
        notes.append(f"{spell_count(len(near), 'line')} nearly as approved before: {shown}{more}.")
    return replace(task, known=known), tuple(notes)


def _while_it_is_said(on_progress: Progress) -> Progress:
    return lambda share: on_progress(_SHARE_DRAFTED + _SHARE_SAID * share)


def _mark_of(drafter: Drafter) -> str:
    return f"machine_draft: the script was translated by {drafter.name} and read by nobody."


def _shortening_note(asked: int, better: int) -> str:
    from polyreel.engine.translate import budget

    left = asked - better
    rest = f"; {left} stay{'s' * (left == 1)} long" if left else ""
    return (
        f"{spell_count(asked, 'line')} needed more than {budget.HURRIED} of the voice's pace: {better} shortened{rest}."
    )


def _make_task(commission: Commission, pieces: Sequence[Piece]) -> Task:
    from polyreel.engine.translate import budget
    from polyreel.engine.translate.draft import Task
    from polyreel.engine.translate.glossary import read_glossary

    pace = budget.usual_pace(commission.target)
    times = _times_ms(commission, pieces)
    terms = read_glossary(commission.glossary, commission.source, commission.target) if commission.glossary else ()
    return Task(
        source=commission.source,
        target=commission.target,
        texts=[piece.text for piece in pieces],
        most=[budget.count_characters(time, pace) for time in times],
        terms=terms,
    )


def _times_ms(commission: Commission, pieces: Sequence[Piece]) -> list[int]:
    """The time of each piece: its cue's, shared by how much each speaker says."""
    from polyreel.engine.translate import budget

    cues = budget.times_ms(commission.track.cues, commission.reel_ms)
    said: dict[int, int] = {}
    for piece in pieces:
        said[piece.cue] = said.get(piece.cue, 0) + max(1, len(piece.text))
    return [cues[piece.cue] * max(1, len(piece.text)) // said[piece.cue] for piece in pieces]


def _require_language(lines: Sequence[str], commission: Commission, drafter: Drafter) -> None:
    from polyreel.engine.translate.identify import find_contradiction

    wrong = find_contradiction(" ".join(lines), commission.target)
    if wrong:
        raise EngineError(
            f"{drafter.name} answered in {wrong} instead of {commission.target}",
            code="translation_failed",
            where=commission.target,
            remedy="Try another model or service, or give the target its script.",
        )


# -- the voice's own time


def _too_long(
    commission: Commission, pieces: Sequence[Piece], lines: Sequence[str], on_progress: Progress, go_on: GoOn
) -> dict[int, int]:
    """Pieces that the voice can't say in time without being noticed, and the characters it has time for. Blocks."""
    from polyreel.engine.speech import fit
    from polyreel.engine.speech.script import extract_spoken_script
    from polyreel.engine.speech.sentences import into_sentences
    from polyreel.engine.translate import budget
    from polyreel.engine.translate.track import put_together

    voicing = commission.voicing
    assert voicing is not None  # noqa: S101 - the caller has looked
    draft = put_together(commission.track, pieces, lines, commission.profile, commission.target)
    sentences = into_sentences(
        line for line in extract_spoken_script(draft).lines if line.start_ms < commission.reel_ms
    )
    lengths = _measure_sentences(voicing, commission.target, sentences, on_progress, go_on)
    spoken = [sentence for sentence in sentences if sentence in lengths]
    waiting = [fit.Spoken(s.start_ms, s.end_ms, lengths[s], s.speaker) for s in spoken]
    places = fit.fit(waiting, commission.reel_ms)
    cues = budget.times_ms(commission.track.cues, commission.reel_ms)
    found: dict[int, int] = {}
    for sentence, place in zip(spoken, places, strict=True):
        if place.ratio > budget.HURRIED or place.too_long:
            time = min(place.length_ms, sum(cues[cue] for cue in {line.cue for line in sentence.lines}))
            share = min(1.0, budget.HURRIED * time / lengths[sentence])
            found |= _share_budget(sentence, share, pieces, lines)
    return found


def _share_budget(sentence: Sentence, share: float, pieces: Sequence[Piece], lines: Sequence[str]) -> dict[int, int]:
    """The same share of its characters for each piece of a sentence: the voice's own pace, measured on it."""
    cues = {line.cue for line in sentence.lines}
    return {
        number: max(1, int(len(lines[number]) * share))
        for number, piece in enumerate(pieces)
        if piece.cue in cues and piece.speaker == sentence.speaker
    }


def _measure_sentences(
    voicing: Voicing, locale: str, sentences: Sequence[Sentence], on_progress: Progress, go_on: GoOn
) -> Mapping[Sentence, int]:
    """How long each sentence takes at the voice's own pace, in ms; what can't be said is missing."""
    from polyreel.engine.speech.booth import Booth
    from polyreel.engine.speech.takes import record_naturals

    casting = _cast(voicing, locale, sentences)
    asked = [(sentence.text, casting[sentence.speaker]) for sentence in sentences]
    takes = record_naturals(Booth(voicing.voice, voicing.store), asked, on_progress, go_on)
    return {sentence: take.ms for sentence, each in zip(sentences, asked, strict=True) if (take := takes[each])}


def _cast(voicing: Voicing, locale: str, sentences: Sequence[Sentence]) -> Mapping[str | None, str]:
    known = voicing.casting
    return assign(
        voicing.voice,
        locale,
        (sentence.speaker for sentence in sentences),
        voicing.asked,
        roster=known.roster if known else (),
        pinned=dict(known.pinned) if known else None,
        genders=dict(known.genders) if known else None,
    )
