"""What a C2PA manifest of ours says: what was done, by what kind of source, to what, and who knows."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from polyreel.errors.wording import spell_count
from polyreel.outcome import ClonedRecord, RecordedLine, ReviewRecord
from polyreel.packaging.provenance.notices import notice_in

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
LABEL = "org.polyreel.localisation"
INGREDIENT = "source"
# A manifest is read by anybody's tool, and travels in each file: it has to stay small.
_LONGEST_NAME, _LONGEST_REASON = 100, 500
MOST_RECORDED = 500
_MOST_PEOPLE = 5
_JOINERS = "\u200c\u200d"  # Persian and Indian names are written with them
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_NO_MARKUP = str.maketrans({"<": "‹", ">": "›"})


@dataclass(frozen=True, slots=True)
class Dub:
    """One language's dub. ``voices``: who spoke, by speaker; "" is the only one.

    ``is_trained``: the voices are a trained model's (else made by rules). ``is_machine_text``: a machine wrote the
    script, and nobody read it. ``watermark``: whose inaudible mark is in the speech; empty: none. ``reviews``: what
    people decided on exactly this dub and its script, and the edit that made that script. ``recordings``: the lines
    that people recorded themselves. ``cloned_voices``: the voices cloned from people's samples, with their consents.
    """

    locale: str
    provider: str
    voices: tuple[tuple[str, str], ...]
    is_trained: bool
    is_machine_text: bool
    watermark: str = ""
    reviews: tuple[ReviewRecord, ...] = ()
    recordings: tuple[RecordedLine, ...] = ()
    cloned_voices: tuple[ClonedRecord, ...] = ()

    @property
    def source_type(self) -> str:
        """IPTC's word for what the sound is now."""
        if self.recordings and not self.voices:
            return f"{_SOURCE_TYPES}composite"
        kind = "compositeWithTrainedAlgorithmicMedia" if self.is_trained else "compositeSynthetic"
        return f"{_SOURCE_TYPES}{kind}"

    def facts(self) -> dict[str, Any]:
        """The same as plain JSON."""
        # Without a review, a recording or a mark nothing is added: what was signed before would be signed anew.
        decided: dict[str, Any] = {"reviews": [_review_facts(each) for each in self.reviews]} if self.reviews else {}
        if self.recordings:
            decided["recorded_lines"] = describe_recorded(self.recordings)
        if self.cloned_voices:
            decided["cloned_voices"] = [_clone_facts(each) for each in self.cloned_voices]
        if self.watermark:
            decided["watermark"] = self.watermark
        return {
            "locale": self.locale,
            "dubbed_by": self.provider,
            "voices": dict(self.voices),
            "digital_source_type": self.source_type,
            "script": "written by a machine, read by nobody" if self.is_machine_text else "given",
            **decided,
            "notice": notice_in(self.locale),
        }


def _clone_facts(record: ClonedRecord) -> dict[str, Any]:
    """Whose lines, from which sample, and the consent to that."""
    return {
        "speaker": _as_words(record.speaker, _LONGEST_NAME),
        "voice": record.voice,
        "sample_sha256": record.sample_sha256,
        "consent": {"by": _as_words(record.consent_by, _LONGEST_NAME), "sha256": record.consent_sha256},
    }


def _review_facts(record: ReviewRecord) -> dict[str, str]:
    """Who decided what, of which kind and when, and why where they said so."""
    said = {"did": record.did, "stage": record.stage, "by": _as_words(record.by, _LONGEST_NAME), "at": record.at}
    return said | ({"reason": _as_words(record.reason, _LONGEST_REASON)} if record.reason else {})


def describe_recorded(lines: Sequence[RecordedLine]) -> list[dict[str, Any]]:
    """Which lines people recorded themselves, as plain JSON: the first `MOST_RECORDED` of them."""
    return [
        {"at_ms": each.at_ms, "until_ms": each.until_ms, "by": _as_words(each.by, _LONGEST_NAME)}
        for each in lines[:MOST_RECORDED]
    ]


def _describe_speech(dub: Dub) -> str:
    people = list(dict.fromkeys(_as_words(each.by, _LONGEST_NAME) for each in dub.recordings))
    if not people:
        return f"Speech in {dub.locale} by synthetic voices"
    shown = ", ".join(people[:_MOST_PEOPLE]) + (" and others" if len(people) > _MOST_PEOPLE else "")
    lines = f"{spell_count(len(dub.recordings), 'line')} recorded by {shown}"
    return f"Speech in {dub.locale}: {lines}" + ("; the rest by synthetic voices" if dub.voices else "")


def _as_words(text: str, most: int) -> str:
    """People's words as one bounded line, in which nothing is markup or turns the text around it.

    Whoever shows a manifest may put it into a page or a terminal as it is.
    """
    seen = "".join(" " if letter.isspace() else letter for letter in text[: most * 4])
    kept = "".join(letter for letter in seen if letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN)
    words = " ".join(kept.translate(_NO_MARKUP).split())
    return words if len(words) <= most else f"{words[: most - 1]}…"


def describe_reviews(dub: dict[str, Any]) -> Sequence[str]:
    """What people decided on a dub, from its `Dub.facts` as they were read: ``approved (final) by Ana, 2026-...``."""
    # Read from a file that anybody may have made: what has another form is passed over.
    found = [each for each in dub.get("reviews") or () if isinstance(each, dict)]
    told = [
        {name: _as_words(str(each.get(name, "")), _LONGEST_NAME) for name in ("did", "stage", "by", "at")}
        for each in found
    ]
    return [f"{each['did']} ({each['stage']}) by {each['by']}, {each['at']}" for each in told]


def describe_clones(dub: dict[str, Any]) -> Sequence[str]:
    """The cloned voices of a dub, from its `Dub.facts` as they were read: ``a cloned voice, with consent by Ana``."""
    found = [each for each in dub.get("cloned_voices") or () if isinstance(each, dict)]
    told = [(each, given) for each in found if isinstance(given := each.get("consent"), dict)]
    return [
        f"a cloned voice{f' for {who}' if (who := _as_words(str(each.get('speaker', '')), _LONGEST_NAME)) else ''}, "
        f"with consent by {_as_words(str(given.get('by', '')), _LONGEST_NAME)} "
        f"(SHA-256 {_as_words(str(given.get('sha256', '')), _LONGEST_NAME)})"
        for each, given in told
    ]


@dataclass(frozen=True, slots=True)
class Story:
    """How a file came to be. ``is_test``: it is signed by a key that proves nothing."""

    title: str
    source_locale: str
    source_title: str
    source_sha256: str
    dubs: tuple[Dub, ...]
    is_test: bool = False

    def facts(self) -> dict[str, Any]:
        """The same as plain JSON: an assertion of our own, and an entry of the delivery's manifest."""
        warning = {"signed_with": "A TEST KEY: IT PROVES NOTHING"} if self.is_test else {}
        return {
            **warning,
            "title": self.title,
            "source": {"title": self.source_title, "sha256": self.source_sha256, "locale": self.source_locale},
            "dubs": [each.facts() for each in self.dubs],
        }


def manifest_of(story: Story) -> dict[str, Any]:
    """A C2PA manifest definition. The ingredient labelled `INGREDIENT` is added with the file itself."""
    agent = {"name": "polyreel", "version": version("polyreel")}
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [INGREDIENT]}}
    actions = [action for each in story.dubs for action in _list_actions(each, story, agent)]
    return {
        "claim_generator_info": [agent],
        "title": story.title,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [opened, *actions]}},
            {"label": LABEL, "data": story.facts()},
        ],
    }


def _list_actions(dub: Dub, story: Story, agent: dict[str, Any]) -> list[dict[str, Any]]:
    languages = {"sourceLanguage": story.source_locale, "targetLanguage": dub.locale}
    translated: dict[str, Any] = {"action": "c2pa.translated", "softwareAgent": agent, "parameters": languages}
    if dub.is_machine_text:
        translated["digitalSourceType"] = f"{_SOURCE_TYPES}trainedAlgorithmicMedia"
    dubbed = {
        "action": "c2pa.dubbed",
        "softwareAgent": {"name": dub.provider},
        "digitalSourceType": dub.source_type,
        "description": _describe_speech(dub),
    }
    # The mark says that a machine spoke, and not which file it was: C2PA calls that unbound.
    marked = {"action": "c2pa.watermarked.unbound", "softwareAgent": {"name": dub.watermark}}
    return [translated, dubbed, *([marked] if dub.watermark else [])]
