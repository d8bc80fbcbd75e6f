"""What may go out: every language's state, from its checks and the job's quality rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from polyreel.engine.separation.stems import Stems
from polyreel.errors.wording import spell_count
from polyreel.outcome import (
    CastSpeaker,
    Check,
    LanguageOutcome,
    Mending,
    Outcome,
    Problem,
    Reel,
    list_cloned_voices,
    list_recorded_lines,
    status_of,
)
from polyreel.plans import LanguagePlan, Plan
from tasks.run.cost import measure_cost
from tasks.run.progress import board
from tasks.run.values import LanguageResult, LanguageResults


def decide(plan: Plan, stems: Stems | None, reel: Reel, languages: LanguageResults) -> Outcome:
    """Every language's state: failed, held by the job's quality rule, or to be delivered."""
    finished = {each.locale: each for each in languages.finished}
    parted, own = _list_notes_on_parting(plan, stems, languages)
    notes = (*plan.notes, *reel.notes, *parted, *_notes_on_script(plan))
    decided = {
        language.locale: _decide_language(language, _add_notes(finished.get(language.locale), own), languages, notes)
        for language in plan.languages
    }
    return Outcome(
        job=plan.job.name,
        status=status_of(decided.values()) if decided else "completed",
        languages=decided,
        separation=_name_separation(plan, stems, languages),
        stages=board().stages(),
        speakers=_list_voices_of_speakers(languages),
        cost=measure_cost(reel),
        notes=notes,
    )


def _notes_on_script(plan: Plan) -> tuple[str, ...]:
    """What is to be said of the source's script, where it is delivered."""
    if not plan.job.scripts or plan.source_script:
        return ()
    return plan.heard_notes if plan.heard_script else ("No script of the source: it could not be written down.",)


def _list_dubbed(plan: Plan, languages: LanguageResults) -> list[LanguagePlan]:
    """The languages as they were dubbed, which a fallback may have done; before any is, as they are planned."""
    return [each.language or plan.language(each.locale) for each in languages.finished] or list(plan.runnable())


def _name_separation(plan: Plan, stems: Stems | None, languages: LanguageResults) -> str:
    """How speech and background were parted: here, by who dubs, or not at all where nothing is dubbed."""
    return plan.name_separation(_list_dubbed(plan, languages), stems.kind if stems else None)


def _list_notes_on_parting(
    plan: Plan, stems: Stems | None, languages: LanguageResults
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """What is to be said of the parting: of the whole job, or of the languages alone that were dubbed with it."""
    dubbed = _list_dubbed(plan, languages)
    here = [each.locale for each in dubbed if each.way.works_here]
    told = stems.notes if stems else ()
    if len(here) == len(dubbed):
        return told, {}
    return (), dict.fromkeys(here, told)


def _add_notes(result: LanguageResult | None, notes: Mapping[str, tuple[str, ...]]) -> LanguageResult | None:
    more = notes.get(result.locale, ()) if result else ()
    return result.model_copy(update={"notes": (*result.notes, *more)}) if result and more else result


def _list_voices_of_speakers(languages: LanguageResults) -> dict[str, CastSpeaker]:
    """Who has a name, and their voice in each language."""
    voices: dict[str, dict[str, str]] = {}
    for finished in languages.finished:
        # A line that another voice had to say, or was chosen to, counts only where its speaker says nothing else.
        for line in sorted(finished.lines, key=lambda line: not (line.retaken or line.chosen)):
            # A person's own recording says nothing of the voice to cast next time.
            if line.speaker and line.voice and not line.recorded_by:
                voices.setdefault(line.speaker, {})[finished.locale] = line.voice
    return {name: CastSpeaker(voices=voices[name]) for name in sorted(voices)}


def _decide_language(
    language: LanguagePlan, finished: LanguageResult | None, languages: LanguageResults, known: tuple[str, ...]
) -> LanguageOutcome:
    stages = board().stages(language.locale)
    held = languages.held.get(language.locale)
    if finished is None and held:
        return LanguageOutcome(status="held", error=held, notes=language.notes, stages=stages)
    if finished is None:
        error = languages.problems[language.locale]
        return LanguageOutcome(status="failed", error=error, notes=language.notes, stages=stages)
    failures = [check for check in finished.checks if check.status == "fail"]
    # Whoever approved the language has heard what the checks found: it is not held a second time for that.
    rule = language.job.quality.on_fail if failures and language.locale not in languages.approved else "deliver"
    refused = _refuse_failures(failures) if rule != "deliver" else None
    return LanguageOutcome(
        status="held" if held else {"deliver": "delivered", "hold": "held", "fail": "failed"}[rule],
        checks=finished.checks,
        mending=finished.mending,
        picture=finished.reel.yields if finished.reel else (),
        recordings=list_recorded_lines(finished.lines),
        cloned_voices=list_cloned_voices(language.clones, finished.lines),
        error=held or refused,
        # What is true of the whole reel is said once, with the job; what two stages found of a script, once as well.
        notes=(
            *(note for note in dict.fromkeys(finished.notes) if note not in known),
            *_note_mending(finished.mending),
        ),
        stages=stages,
    )


def _note_mending(found: Mending | None) -> tuple[str, ...]:
    if found is None or not found.flagged:
        return ()
    return (
        f"Of {spell_count(found.checked, 'line')} {found.flagged} did not pass: {found.mended} mended by themselves, "
        f"{found.left} left for a person; `mending` lists them.",
    )


def _refuse_failures(failures: Sequence[Check]) -> Problem:
    return Problem(
        code="quality",
        message=f"did not pass: {', '.join(check.name for check in failures)}",
        remedy="Look at the checks; correct the script, or set `quality: {on_fail: deliver}` to let it go out.",
    )
