"""Who dubs a job, who drafts its scripts, and each provider's own options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, Strict, model_validator

from polyreel.job.review import PersonName
from polyreel.job.values import (
    Asked,
    BlockName,
    HttpAddress,
    LoudnessAsked,
    Mix,
    Place,
    Separation,
    Slug,
    VoiceKind,
)


class Fit(Asked):
    """What may give way where a line is longer than its time."""

    picture: bool = Field(
        default=False,
        title="Picture gives way",
        description="true: the picture is slowed or held, within bounds; each language then has its own. For courses.",
    )


class Consent(Asked):
    """That somebody has agreed to their voice being used."""

    by: PersonName = Field(title="By", description="Whose voice it is, or who may consent for them.")
    file: Place = Field(
        title="File", description="The consent itself: a signed letter, a recording. Its hash is kept with the dub."
    )
    path_fields: ClassVar = ("file",)


class Clone(Asked):
    """A voice cloned from a person's sample, which takes that person's consent."""

    speaker: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        title="Speaker",
        description="Whose lines it says, by the name in the script. Left out: everybody's who has no other.",
    )
    sample: Place = Field(
        title="Sample", description="A sound file of the person: 3 s at least, of a longer one the first 30 s count."
    )
    consent: Consent = Field(title="Consent", description="Nobody's voice is cloned without it.")
    path_fields: ClassVar = ("sample",)

    def with_paths(self, place: Callable[[str], str]) -> Self:
        """As everywhere, the consent's file too."""
        return super().with_paths(place).model_copy(update={"consent": self.consent.with_paths(place)})


class EmbeddedDubbing(Asked):
    """Dubbed on this machine, with no account."""

    provider: Literal["embedded"] = Field(default="embedded", title="Provider", description="This machine.")
    credentials: BlockName | None = Field(default=None, title="Credentials", description="Not needed here.")
    mix: Mix = Field(
        default="dub",
        title="Mix",
        description="dub: speech replaced, background kept. voiceover: over the ducked original. speech_only.",
    )
    loudness: LoudnessAsked = Field(
        default="auto",
        title="Loudness",
        description="auto: source, and podcast for sound without a picture. source: as loud as the reel. ebu -23, "
        "atsc -24, netflix -27, web and podcast -16 LUFS.",
    )
    separation: Separation = Field(
        default="auto",
        title="Separation",
        description="auto: the given clean background; else learned, with its model; else ducked.",
    )
    voices: VoiceKind = Field(
        default="auto",
        title="Voices",
        description="auto: neural where weights are here and speak the language, else basic. Or only one.",
    )
    prosody: Literal["own", "follow"] = Field(
        default="own",
        title="Prosody",
        description="own: as the voice says it. follow: lines as loud and as fast as the original's, within bounds.",
    )
    fit: Fit = Field(
        default_factory=Fit, title="Fit", description="What may give way to a line that is too long, beside its pace."
    )
    clones: Annotated[tuple[Clone, ...], Strict(False)] = Field(
        default=(),
        max_length=20,
        title="Clones",
        description="Optional: voices cloned on this machine (Pocket TTS), each with its owner's consent.",
    )
    younger_fields: ClassVar = ("prosody", "fit", "clones")
    works_here: ClassVar = True

    @model_validator(mode="after")
    def _clones_agree(self) -> EmbeddedDubbing:
        speakers = [each.speaker for each in self.clones]
        if len(set(speakers)) < len(speakers):
            raise ValueError("clones: one speaker has two; keep one")
        if self.clones and self.voices == "basic":
            raise ValueError("clones: `voices: basic` clones nobody; leave one of the two out")
        return self

    def with_paths(self, place: Callable[[str], str]) -> Self:
        """As everywhere, in each clone too."""
        clones = tuple(each.with_paths(place) for each in self.clones)
        return super().with_paths(place).model_copy(update={"clones": clones})

    def key_inputs(self, *without: str) -> dict[str, Any]:
        """As everywhere; `auto` stands for the default that was called `source` before, so that old dubs stay done."""
        named = {"auto": "source", "source": "as the source"}.get(self.loudness, self.loudness)
        return {**super().key_inputs(*without), **({} if "loudness" in without else {"loudness": named})}


class PanjayaDubbing(Asked):
    """Dubbed by Panjaya Dubbing Studio."""

    provider: Literal["panjaya"] = Field(title="Provider", description="Panjaya Dubbing Studio.")
    credentials: BlockName | None = Field(default=None, title="Credentials", description="Name of a saved block.")
    mix: Mix = Field(default="dub", title="Mix", description="dub: speech replaced, background kept.")
    lips_model: Literal["real_face", "real_face_turbo"] | None = Field(
        default=None, title="Lips model", description="Optional: which of Panjaya's models moves the lips."
    )
    voice_anonymization: float = Field(
        default=0.0, ge=0, le=1, title="Voice anonymization", description="0: the voice as it is, 1: not to be known."
    )


class DubformerDubbing(Asked):
    """Dubbed by Dubformer."""

    provider: Literal["dubformer"] = Field(title="Provider", description="Dubformer.")
    credentials: BlockName | None = Field(default=None, title="Credentials", description="Name of a saved block.")
    mix: Mix = Field(default="dub", title="Mix", description="dub: speech replaced, background kept.")
    soundalike_voices: bool = Field(
        default=False, title="Soundalike voices", description="Voices that sound like the original's."
    )
    emotional_transfer: bool = Field(
        default=False, title="Emotional transfer", description="The original's feelings in the new voice."
    )
    glossary: Place | None = Field(default=None, title="Glossary", description="A TSV file.")
    path_fields: ClassVar = ("glossary",)


class PluginDubbing(Asked):
    """Dubbed by a provider that an installed package brings (docs/plugins.md)."""

    provider: Literal["plugin"] = Field(title="Provider", description="A provider of an installed package.")
    name: Slug = Field(title="Plug-in", description="The provider's name, as its package has it.")
    mix: Mix = Field(default="dub", title="Mix", description="dub: speech replaced, background kept.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        title="Options",
        description='The provider\'s own options, which it checks itself, as JSON: {"pitch": "low"}.',
    )

    @property
    def plugin(self) -> str:
        """The entry point's name."""
        return self.name

    @property
    def credentials(self) -> None:
        """None of ours: a plug-in brings its own."""


Dubbing = Annotated[
    EmbeddedDubbing | PanjayaDubbing | DubformerDubbing | PluginDubbing, Field(discriminator="provider")
]


class Translation(Asked):
    """Who drafts scripts for targets that have none. Drafts are marked as machine translation wherever they go."""

    provider: Literal["openai", "libretranslate", "deepl", "argos"] = Field(
        title="Provider",
        description="openai: any OpenAI-style chat endpoint (a local Ollama or vLLM, or a hosted one).",
    )
    credentials: BlockName | None = Field(
        default=None, title="Credentials", description="Name of a saved block; keys never stand in a job."
    )
    model: str | None = Field(
        default=None, min_length=1, max_length=200, title="Model", description="For openai: the model's name."
    )
    glossary: Place | None = Field(
        default=None, title="Glossary", description="A TSV file: a term, a tab, its translation."
    )
    base_url: HttpAddress | None = Field(
        default=None,
        title="Base URL",
        description="A server that needs no key, instead of credentials.",
        examples=["http://127.0.0.1:11434/v1"],
    )
    path_fields: ClassVar = ("glossary",)

    @model_validator(mode="after")
    def _one_way_in(self) -> Translation:
        # Else a job file could have a saved key sent to any server that it names.
        if self.credentials and self.base_url:
            raise ValueError("give credentials or base_url: a saved key is sent to its own address alone")
        if self.provider == "argos":
            if self.credentials or self.base_url or self.model:
                raise ValueError("argos runs on this machine: it takes no credentials, base_url or model")
        elif not self.credentials and (self.provider == "deepl" or not self.base_url):
            raise ValueError(f"{self.provider} needs credentials" + _OR_ADDRESS[self.provider])
        if self.model and self.provider != "openai":
            raise ValueError("model is for openai alone")
        if self.provider == "openai" and self.base_url and not self.model:
            raise ValueError("openai with a base_url needs a model")
        return self


_OR_ADDRESS = {
    "openai": ", or the base_url and model of a local server",
    "libretranslate": ", or a base_url",
    "deepl": "",
}
