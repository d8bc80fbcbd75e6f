"""What a job says and nothing comes of: a voice that is not there, a locale that is not spoken, a name nobody has.

Such rows are no faults: a file of pronunciations is shared by jobs of other languages, and a machine has its own
voices. But a slip looks just the same, so that it is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from polyreel import locales
from polyreel.dubbing.casting import name_speakers
from polyreel.engine.voice.text.said_as import Pronunciation, are_same_term
from polyreel.job import Job
from polyreel.plans import LanguagePlan
from polyreel.store.local import path_of
from polyreel.subtitles import read_file

_SHOWN = 5
# What people are called who are told apart by ear.
_BY_EAR = re.compile(r"Speaker \d+")


def note_unused_rows(
    said: Sequence[Pronunciation], languages: Sequence[LanguagePlan], shared: Sequence[Pronunciation] = ()
) -> tuple[str, ...]:
    """Notes on pronunciations that count nowhere. ``said`` are the job's own, ``shared`` its series'."""
    spoken = [each.locale for each in languages if each.way.works_here and not each.problem]
    if not spoken:
        return ()
    return (*_note_other_languages(said, spoken), *_note_unknown_voices((*said, *shared), spoken))


def _note_unknown_voices(said: Sequence[Pronunciation], spoken: Sequence[str]) -> Iterable[str]:
    for voice in dict.fromkeys(each.voice for each in said if each.voice):
        rows = [each for each in said if each.voice == voice]
        # Of a language that this job doesn't speak nothing is lost here.
        heard = {locale for each in rows for locale in spoken if each.counts_in(locale)}
        if heard and not _is_named_anywhere(voice, heard):
            yield (
                f"pronunciations: no voice of {_join(sorted(heard))} on this machine is called '{voice}', so that "
                f"what is said for it of {_join(each.term for each in rows)} counts nowhere "
                f"(`polyreel voices {min(heard)}` lists the names)."
            )


def _is_named_anywhere(voice: str, heard: Iterable[str]) -> bool:
    from polyreel.dubbing.roster import is_voice_named

    return any(is_voice_named(locale, voice) for locale in heard)


def _note_other_languages(said: Sequence[Pronunciation], spoken: Sequence[str]) -> Iterable[str]:
    if said and not any(each.counts_in(locale) for each in said for locale in spoken):
        own = dict.fromkeys(each.locale for each in said)
        yield (
            f"pronunciations: its rows are for {_join(own)}, and this job speaks {_join(spoken)}: none of them counts."
        )
        return
    for region in dict.fromkeys(each.locale for each in said if "-" in each.locale):
        near = [locale for locale in spoken if locales.language(locale) == locales.language(region)]
        rows = [each for each in said if each.locale == region and not _is_said_in(each, said, near)]
        if near and rows:
            yield (
                f"pronunciations: {_join(each.term for each in rows)} {'are' if len(rows) > 1 else 'is'} said for "
                f"{region} alone, and this job speaks {_join(near)}: write `{locales.language(region)}` for both."
            )


def _is_said_in(row: Pronunciation, said: Sequence[Pronunciation], spoken: Sequence[str]) -> bool:
    return any(are_same_term(row, each) and each.counts_in(locale) for each in said for locale in spoken)


def note_missing_columns(job: Job, languages: Sequence[LanguagePlan]) -> tuple[str, ...]:
    """A note on the languages that a glossary with a column for each has none for."""
    from polyreel.engine.translate.glossary import has_column

    absent = [
        each.locale
        for each in languages
        if each.glossary and not has_column(path_of(each.glossary), job.source.locale, each.locale)
    ]
    if not absent:
        return ()
    return (f"glossary: it has no column for {_join(absent)}, so that no terms count there.",)


def note_unused_speakers(job: Job, languages: Sequence[LanguagePlan]) -> tuple[str, ...]:
    """Notes on people and languages in a job's own ``speakers`` that it has nothing of.

    ``job`` is as it was given: the cast of a series has people who are not in each of its films.
    """
    told = job.speakers or {}
    if not told or not languages:
        return ()
    notes: list[str] = []
    others = dict.fromkeys(chain.from_iterable(each.voices for each in told.values()))
    if absent := [locale for locale in others if locale not in {each.locale for each in languages}]:
        notes.append(f"speakers: voices are named for {_join(absent)}, which this job does not dub into.")
    people = _list_people(job, languages)
    strangers = [name for name in told if name not in people and not _is_by_ear(name, job)]
    if strangers:
        there = f"there are {_join(filter(None, people))}" if any(people) else "no script names anybody"
        notes.append(f"speakers: nobody is called {_join(strangers)} in the scripts ({there}): nothing comes of it.")
    return tuple(notes)


def _is_by_ear(name: str, job: Job) -> bool:
    return job.source.several_may_speak and _BY_EAR.fullmatch(name) is not None


def _list_people(job: Job, languages: Sequence[LanguagePlan]) -> list[str]:
    """Everybody whom the scripts that are known by now name."""
    from polyreel.engine.speakers.named import roster

    files = dict.fromkeys(script for each in languages for script in (each.source_script, each.script) if script)
    tracks = (name_speakers(read_file(path_of(file)).track, job) for file in files)
    return list(dict.fromkeys(chain.from_iterable(map(roster, tracks))))


def _join(told: Iterable[str]) -> str:
    names = list(dict.fromkeys(told))
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
