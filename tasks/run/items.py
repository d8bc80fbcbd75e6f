"""A finished language's files, at their places below the delivery."""

from __future__ import annotations

from polyreel.delivery.port import Item
from polyreel.plans import Plan
from polyreel.subtitles.formats.registry import suffix_of
from tasks.run.values import LanguageResult

# What a file of text says of its kind in its name, as players look for it.
TRACK_TAGS = {"captions": "sdh", "forced": "forced", "bilingual": "bilingual"}


def items_of_language(plan: Plan, finished: LanguageResult) -> list[Item]:
    """The film (or the sound), and the files of text of every kind that the job asks for; none that would be empty."""
    language, subtitles = plan.language(finished.locale), plan.job.subtitles
    wanted = subtitles.formats if "subtitles" in subtitles.kinds else ()
    named = [(finished.role, finished.container, finished.video)]
    if finished.tracks.is_empty:
        wanted = ()
    named += [
        ("subtitles", suffix_of(each)[1:], file) for each, file in finished.tracks.files.items() if each in wanted
    ]
    named += [
        (each.kind, f"{TRACK_TAGS[each.kind]}{suffix_of(each.format)}", each.file)
        for each in finished.tracks.more
        if each.kind == "forced" or not finished.tracks.is_empty  # forced lines have a file of their own
    ]
    return [
        Item(path=language.file_name(ending), stored_file=file, role=role, locale=finished.locale)
        for role, ending, file in named
    ]
