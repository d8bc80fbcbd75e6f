"""A language with how its terms are said, and the names in its script that nobody has said that of."""

from __future__ import annotations

from polyreel.dubbing.providers import provider_of
from polyreel.engine.voice.text.said_as import Pronunciation, with_shared
from polyreel.planning.names import unknown_names
from polyreel.plans import LanguagePlan
from polyreel.store.local import path_of
from polyreel.store.port import Store
from polyreel.subtitles import read_file


def with_pronunciations(
    language: LanguagePlan, said: tuple[Pronunciation, ...], shared: tuple[Pronunciation, ...], store: Store
) -> LanguagePlan:
    """The language with its own pronunciations in one file (what is changed for another changes nothing here).

    ``said`` are the job's, which count before ``shared``, the series'.
    """
    from polyreel.engine.voice.pronunciations import write_pronunciations

    mine, theirs = ([each for each in some if each.counts_in(language.locale)] for some in (said, shared))
    own = with_shared(mine, theirs)
    if language.problem:
        return language
    if not language.way.works_here:
        note = f"{provider_of(language.dubbing).title} takes no pronunciations: these terms are said as it knows them."
        return language.model_copy(update={"notes": (*language.notes, note)}) if own else language
    kept = store.keep_bytes(write_pronunciations(own), ".tsv") if own else None
    return language.model_copy(update={"pronunciations": kept, "names": _find_unknown_names(language, own)})


def _find_unknown_names(language: LanguagePlan, said: tuple[Pronunciation, ...]) -> tuple[str, ...]:
    if language.script is None:
        return ()
    source = read_file(path_of(language.source_script)).track if language.source_script else None
    script = read_file(path_of(language.script)).track
    return unknown_names(script, language.locale, said, source, language.job.source.locale)
