"""What a C2PA manifest of ours says: what was done, by what kind of source, to what, and who knows."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from polyreel.packaging.provenance.notices import notice_in

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
LABEL = "org.polyreel.localisation"
INGREDIENT = "source"


@dataclass(frozen=True, slots=True)
class Dub:
    """One language's dub. ``voices``: who spoke, by speaker; "" is the only one.

    ``is_trained``: the voices are a trained model's (else made by rules). ``is_machine_text``: a machine wrote the
    script, and nobody read it.
    """

    locale: str
    provider: str
    voices: tuple[tuple[str, str], ...]
    is_trained: bool
    is_machine_text: bool

    @property
    def source_type(self) -> str:
        """IPTC's word for what the sound is now."""
        kind = "compositeWithTrainedAlgorithmicMedia" if self.is_trained else "compositeSynthetic"
        return f"{_SOURCE_TYPES}{kind}"

    def facts(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {
            "locale": self.locale,
            "dubbed_by": self.provider,
            "voices": dict(self.voices),
            "digital_source_type": self.source_type,
            "script": "written by a machine, read by nobody" if self.is_machine_text else "given",
            "notice": notice_in(self.locale),
        }


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
    actions = [action for each in story.dubs for action in _actions(each, story, agent)]
    return {
        "claim_generator_info": [agent],
        "title": story.title,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [opened, *actions]}},
            {"label": LABEL, "data": story.facts()},
        ],
    }


def _actions(dub: Dub, story: Story, agent: dict[str, Any]) -> list[dict[str, Any]]:
    languages = {"sourceLanguage": story.source_locale, "targetLanguage": dub.locale}
    translated: dict[str, Any] = {"action": "c2pa.translated", "softwareAgent": agent, "parameters": languages}
    if dub.is_machine_text:
        translated["digitalSourceType"] = f"{_SOURCE_TYPES}trainedAlgorithmicMedia"
    dubbed = {
        "action": "c2pa.dubbed",
        "softwareAgent": {"name": dub.provider},
        "digitalSourceType": dub.source_type,
        "description": f"Speech in {dub.locale} by synthetic voices",
    }
    return [translated, dubbed]
