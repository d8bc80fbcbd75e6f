"""What a user asks for: a strict model, the same for a job file, the flow's parameter and the UI's form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from polyreel import locales

Mix = Literal["dub", "voiceover", "speech_only"]
SubtitleFormat = Literal["srt", "vtt", "txt", "docx"]
SubtitleProfile = Literal["netflix", "bbc", "none"]
Packaging = Literal["hls", "dash"]
LoudnessTarget = Literal["source", "ebu", "atsc", "netflix", "web"]
Separation = Literal["auto", "given", "learned", "ducked"]
VoiceKind = Literal["auto", "neural", "basic"]


def _locale(value: str) -> str:
    # pydantic shows a ValueError at its field; our own error would stop at the first one.
    from polyreel.errors import InvalidJob

    try:
        return locales.canonical(value)
    except InvalidJob as error:
        raise ValueError(f"{error.message} {error.remedy}") from None


Locale = Annotated[str, StringConstraints(min_length=2, max_length=35), AfterValidator(_locale)]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?$"),
]
BlockName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]
Place = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f\x7f]+$")]
HttpAddress = Annotated[
    str, StringConstraints(max_length=2048, pattern=r"^https?://[^\s/?#@\x00-\x1f]+(?:/[^\s?#\x00-\x1f]*)?$")
]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class Asked(BaseModel):
    """A part of a job: frozen, strict about types, and without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(Asked):
    """The reel: one video, the language it speaks, and what is known of it."""

    media: Place = Field(
        title="Media",
        description="The video: a path (relative to the job file), an http(s):// or an s3:// address.",
        examples=["narrated.mp4", "https://example.com/reel.mp4", "s3://films/reel.mp4"],
    )
    locale: Locale = Field(title="Spoken language", description="A BCP-47 tag.", examples=["en-US"])
    subtitles: Place | None = Field(
        default=None, title="Script", description="Optional: the script in the source language (.srt or .vtt)."
    )
    background: Place | None = Field(
        default=None,
        title="Clean background",
        description="Optional: a music-and-effects track without speech (path or address).",
    )
    speakers: int | None = Field(
        default=None, ge=1, le=50, title="Speakers", description="Optional: how many people speak."
    )
    credentials: BlockName | None = Field(
        default=None,
        title="Object store",
        description="Name of saved s3 credentials, for the s3:// addresses of this job; else the environment's.",
    )


class Trim(Asked):
    """The part of the reel to dub. Seconds from its start; either end may be left out."""

    start: Seconds | None = Field(
        default=None, title="Start (s)", description="Seconds from the source's start.", examples=[5]
    )
    end: Seconds | None = Field(
        default=None, title="End (s)", description="Seconds from the source's start.", examples=[17.5]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Trim:
        if self.end is not None and self.end <= (self.start or 0):
            raise ValueError(f"the end ({self.end:g} s) must come after the start ({self.start or 0:g} s)")
        return self


class Target(Asked):
    """One language to dub into."""

    locale: Locale = Field(title="Language", description="A BCP-47 tag.", examples=["es-ES"])
    subtitles: Place | None = Field(
        default=None, title="Script", description="The script in this language (.srt or .vtt), timed to the reel."
    )
    voice: str | Annotated[tuple[str, ...], Strict(False)] | None = Field(
        default=None, title="Voice", description="Optional: a voice of the provider, or one per speaker."
    )


class Speaker(Asked):
    """One person who speaks in the source."""

    gender: Literal["female", "male"] | None = Field(
        default=None, title="Gender", description="Optional: whose voice it should sound like, where none is named."
    )
    voices: dict[Locale, str] = Field(
        default_factory=dict, title="Voices", description="The voice in each language: `es-ES: VOICE`."
    )


def _target(value: Any) -> Any:
    return {"locale": value} if isinstance(value, str) else value


def _target_schema() -> dict[str, Any]:
    return {
        "anyOf": [
            Target.model_json_schema(mode="validation"),
            {"type": "string", "title": "Language", "description": "Short form: the locale alone."},
        ]
    }


TargetOrLocale = Annotated[Target, BeforeValidator(_target), WithJsonSchema(_target_schema())]


class EmbeddedDubbing(Asked):
    """Dubbed on this machine, with no account."""

    provider: Literal["embedded"] = Field(default="embedded", title="Provider", description="This machine.")
    credentials: BlockName | None = Field(default=None, title="Credentials", description="Not needed here.")
    mix: Mix = Field(
        default="dub",
        title="Mix",
        description="dub: speech replaced, background kept. voiceover: over the ducked original. speech_only.",
    )
    loudness: LoudnessTarget = Field(
        default="source",
        title="Loudness",
        description="source: as loud as the reel. ebu -23, atsc -24, netflix -27, web -16 LUFS.",
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


Dubbing = Annotated[EmbeddedDubbing | PanjayaDubbing | DubformerDubbing, Field(discriminator="provider")]


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

    @model_validator(mode="after")
    def _one_way_in(self) -> Translation:
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


class Subtitles(Asked):
    """Which subtitle files are delivered, and how they are checked."""

    formats: Annotated[tuple[SubtitleFormat, ...], Strict(False)] = Field(
        default=("srt", "vtt"), title="Formats", description="One file per format and language."
    )
    profile: SubtitleProfile = Field(default="netflix", title="Profile", description="Whose limits are checked.")
    accept_repairs: bool = Field(
        default=False,
        title="Accept repairs",
        description="Go on when a script had to be repaired or loses text in reading.",
    )


class FolderDelivery(Asked):
    """Into a folder on this machine."""

    to: Literal["folder"] = Field(default="folder", title="To", description="A folder on this machine.")
    path: Place = Field(default="out", title="Folder", description="Relative to the job file.")


class VendorDelivery(Asked):
    """Into a vendor's library, or an object store."""

    to: Literal["tpstreams", "nomad", "videojungle", "s3"] = Field(title="To", description="Whose library.")
    credentials: BlockName | None = Field(default=None, title="Credentials", description="Name of a saved block.")
    path: Place | None = Field(default=None, title="Folder or prefix", description="Optional: where in the library.")


Delivery = Annotated[FolderDelivery | VendorDelivery, Field(discriminator="to")]


class Budget(Asked):
    """What the job may cost at most."""

    minutes: float | None = Field(
        default=None, gt=0, le=1_000_000, title="Minutes", description="Refuse above this, before spending."
    )


class Quality(Asked):
    """What happens to a language whose checks fail."""

    on_fail: Literal["deliver", "hold", "fail"] = Field(
        default="deliver",
        title="When a check fails",
        description="deliver: it goes out all the same. hold: it waits for a person. fail: it is not delivered.",
    )


class Job(Asked):
    """One reel in, every language out."""

    name: Slug = Field(title="Name", description="A slug; it names the output folder.", examples=["welcome"])
    source: Source = Field(title="Source", description="The video, and what is known of it.")
    trim: Trim | None = Field(default=None, title="Trim", description="Optional: the part of the video to dub.")
    targets: Annotated[tuple[TargetOrLocale, ...], Strict(False)] = Field(
        min_length=1, max_length=200, title="Targets", description="The languages to dub into."
    )
    speakers: dict[str, Speaker] | None = Field(
        default=None,
        title="Speakers",
        description="Whose voice is whose, by the name in the scripts. The outcome's `speakers` has this very shape.",
    )
    dubbing: Dubbing = Field(
        default_factory=EmbeddedDubbing, title="Dubbing", description="Who dubs, and how it is mixed."
    )
    translation: Translation | None = Field(
        default=None, title="Translation", description="Who drafts the scripts of targets without one."
    )
    subtitles: Subtitles = Field(
        default_factory=Subtitles, title="Subtitles", description="Which files are delivered, and how they are checked."
    )
    packaging: Annotated[tuple[Packaging, ...], Strict(False)] = Field(
        default=(), title="Packaging", description="Streaming packages with every language in one."
    )
    delivery: Annotated[tuple[Delivery, ...], Strict(False)] = Field(
        default_factory=lambda: (FolderDelivery(),),
        min_length=1,
        title="Delivery",
        description="Where the results go.",
    )
    budget: Budget | None = Field(default=None, title="Budget", description="Optional: what it may cost at most.")
    quality: Quality = Field(
        default_factory=Quality, title="Quality", description="What happens to a language whose checks fail."
    )
    after_crash: Literal["stop", "resume"] = Field(
        default="stop",
        title="After a crash",
        description="resume: when the machine or the run dies, `polyreel up` goes on with it from what was finished.",
    )

    @model_validator(mode="after")
    def _targets_make_sense(self) -> Job:
        seen: set[str] = set()
        for target in self.targets:
            if target.locale == self.source.locale:
                raise ValueError(f"target {target.locale} is the language of the source; leave it out")
            if target.locale in seen:
                raise ValueError(f"target {target.locale} is listed twice; keep one")
            seen.add(target.locale)
        return self
