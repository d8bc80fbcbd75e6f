"""What a user asks for: a strict model, the same for a job file, the flow's parameter and the UI's form."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from polyreel.job.delivery import (
    Delivery,
    FolderDelivery,
    NomadDelivery,
    NomadStaging,
    PluginDelivery,
    S3Delivery,
    S3Staging,
    Staging,
    TPStreamsDelivery,
    VideoJungleDelivery,
    VideoJungleStaging,
)
from polyreel.job.dubbing import (
    Dubbing,
    DubformerDubbing,
    EmbeddedDubbing,
    Fit,
    PanjayaDubbing,
    PluginDubbing,
    Translation,
)
from polyreel.job.packaging import FILMS, Master, Package, PackageKind, PackageOrKind, Provenance
from polyreel.job.quality import CheckLimits, Limit, Quality
from polyreel.job.review import Reviewers, ReviewStage, ReviewStages, ReviewTimeout
from polyreel.job.source import Source, Speaker, Target, TargetOrLocale, Transcription, Trim
from polyreel.job.values import (
    ADDRESS,
    Asked,
    BlockName,
    HttpAddress,
    Locale,
    LoudnessAsked,
    LoudnessTarget,
    Mix,
    Place,
    ScriptFormat,
    Separation,
    SeriesPlace,
    Slug,
    SoundContainer,
    SubtitleFormat,
    SubtitleKind,
    SubtitleProfile,
    VoiceKind,
)

__all__ = [
    "ADDRESS",
    "Asked",
    "BlockName",
    "Budget",
    "CheckLimits",
    "Delivery",
    "Dubbing",
    "DubformerDubbing",
    "EmbeddedDubbing",
    "Fit",
    "FolderDelivery",
    "HttpAddress",
    "Job",
    "Limit",
    "Locale",
    "LoudnessAsked",
    "LoudnessTarget",
    "Master",
    "Mix",
    "NomadDelivery",
    "NomadStaging",
    "Package",
    "PackageKind",
    "PackageOrKind",
    "PanjayaDubbing",
    "Place",
    "PluginDelivery",
    "PluginDubbing",
    "Provenance",
    "Quality",
    "ReviewStage",
    "ReviewTimeout",
    "S3Delivery",
    "S3Staging",
    "ScriptFormat",
    "Separation",
    "Slug",
    "SoundContainer",
    "Source",
    "Speaker",
    "Staging",
    "SubtitleFormat",
    "SubtitleKind",
    "SubtitleProfile",
    "Subtitles",
    "TPStreamsDelivery",
    "Target",
    "TargetOrLocale",
    "Transcription",
    "Translation",
    "Trim",
    "VideoJungleDelivery",
    "VideoJungleStaging",
    "VoiceKind",
]


class Subtitles(Asked):
    """Which subtitle files are delivered, and how they are checked."""

    formats: Annotated[tuple[SubtitleFormat, ...], Strict(False)] = Field(
        default=("srt", "vtt"), title="Formats", description="One file per format and language."
    )
    kinds: Annotated[tuple[SubtitleKind, ...], Strict(False)] = Field(
        default=("subtitles",),
        min_length=1,
        title="Kinds",
        description="subtitles: what is said. captions: with speakers and sounds, for who does not hear (.sdh). "
        "forced: signs and foreign lines alone (.forced). One file of each, per format and language.",
    )
    bilingual: bool = Field(
        default=False,
        title="Bilingual",
        description="A further file with the source's lines below (.bilingual); heard, where no script is given.",
    )
    timing: Literal["script", "spoken"] = Field(
        default="script",
        title="Timing",
        description="script: as the script has it. spoken: as the dub's voices begin and end, on frames, by the shots.",
    )
    mend: bool = Field(
        default=False,
        title="Mend",
        description="Wrap, split, merge and extend cues that are not as the profile has it; every mend is listed.",
    )
    profile: SubtitleProfile = Field(default="netflix", title="Profile", description="Whose limits are checked.")
    accept_repairs: bool = Field(
        default=False,
        title="Accept repairs",
        description="Go on when a script had to be repaired or loses text in reading.",
    )


class Budget(Asked):
    """What the job may cost at most."""

    minutes: float | None = Field(
        default=None, gt=0, le=1_000_000, title="Minutes", description="Refuse above this, before spending."
    )


class Job(Asked):
    """One reel in, every language out."""

    name: Slug = Field(title="Name", description="A slug; it names the output folder.", examples=["welcome"])
    source: Source = Field(title="Source", description="The video, and what is known of it.")
    trim: Trim | None = Field(default=None, title="Trim", description="Optional: the part of the video to dub.")
    targets: Annotated[tuple[TargetOrLocale, ...], Strict(False)] = Field(
        max_length=200, title="Targets", description="The languages to dub into; none, with `scripts`, for those alone."
    )
    scripts: Annotated[tuple[ScriptFormat, ...], Strict(False)] = Field(
        default=(),
        title="Scripts",
        description="The source's script as files, written down where none is given; docx and json for each language "
        "too: a dubbing list with the source's lines beside the target's.",
    )
    speakers: dict[str, Speaker] | None = Field(
        default=None,
        title="Speakers",
        description="Whose voice is whose, by the name in the scripts. The outcome's `speakers` has this very shape.",
    )
    series: SeriesPlace | None = Field(
        default=None,
        title="Series",
        description="Optional: what jobs of a series share (cast, glossary, approved lines, profile): a name below "
        "POLYREEL_HOME/series, or a folder (with a slash in it).",
        examples=["harbour", "./series/harbour"],
    )
    dubbing: Dubbing = Field(
        default_factory=EmbeddedDubbing, title="Dubbing", description="Who dubs, and how it is mixed."
    )
    transcription: Transcription = Field(
        default_factory=Transcription,
        title="Transcription",
        description="How the source is listened to, where its script is missing.",
    )
    translation: Translation | None = Field(
        default=None, title="Translation", description="Who drafts the scripts of targets without one."
    )
    pronunciations: Place | None = Field(
        default=None,
        title="Pronunciations",
        description="Optional: how terms are said. A TSV file (term, respelling or /IPA/, locale, voice) or a W3C PLS.",
    )
    output: SoundContainer | None = Field(
        default=None,
        title="Output",
        description="Optional, of a source without a picture: what each dub is delivered in. m4a, mp3 or wav; like the "
        "source's where left out. Films are delivered as MP4.",
    )
    subtitles: Subtitles = Field(
        default_factory=Subtitles, title="Subtitles", description="Which files are delivered, and how they are checked."
    )
    packaging: Annotated[tuple[PackageOrKind, ...], Strict(False)] = Field(
        default=(), max_length=2, title="Packaging", description="Streaming packages with every language in one."
    )
    masters: Annotated[tuple[Master, ...], Strict(False)] = Field(
        default=(),
        title="Masters",
        description="mp4, mkv: one film with the original, every dub and every text. Per language: wav (the mix as "
        "Broadcast Wave), stems (dialogue; music and effects), otio (a timeline of the lines), "
        "aaf (the lines with their sound), burned (a film with its subtitles in the picture).",
    )
    provenance: Provenance | None = Field(
        default=None, title="Provenance", description="Optional: sign what is delivered, and say how it was made."
    )
    delivery: Annotated[tuple[Delivery, ...], Strict(False)] = Field(
        default_factory=lambda: (FolderDelivery(),),
        min_length=1,
        title="Delivery",
        description="Where the results go.",
    )
    staging: Staging | None = Field(
        default=None,
        title="Staging",
        description="Optional: where local media waits for vendors that fetch by URL; removed afterwards.",
    )
    fallback: Annotated[tuple[Dubbing, ...], Strict(False)] = Field(
        default=(),
        max_length=5,
        title="Fallback",
        description="Optional: who dubs a language when the first can't, tried in order.",
    )
    wait: Literal["hold", "suspend"] = Field(
        default="hold",
        title="While vendors work",
        description="hold: the run's process waits. suspend: it ends, and a change at the vendor wakes the run.",
    )
    forget_after: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        title="Forget after",
        description="Optional: days after which housekeeping deletes the vendor's copy of a dub; goes before its own.",
    )
    budget: Budget | None = Field(default=None, title="Budget", description="Optional: what it may cost at most.")
    review: ReviewStages = Field(
        default=(),
        title="Review",
        description="Optional: where each language waits for a person: script (before its speech is bought or made), "
        "final (before delivery), or both.",
    )
    reviewers: dict[Locale, Reviewers] = Field(
        default_factory=dict,
        title="Reviewers",
        description='Optional: who decides on a language, by name: {"es-ES": "Ana"}. Anybody where nobody is named.',
    )
    review_timeout: ReviewTimeout | None = Field(
        default=None,
        title="Review timeout",
        description="Optional: what happens to a review on which nobody decides; else it waits as long as it takes.",
    )
    quality: Quality = Field(
        default_factory=Quality, title="Quality", description="What happens to a language whose checks fail."
    )
    after_crash: Literal["stop", "resume"] = Field(
        default="stop",
        title="After a crash",
        description="resume: when the machine or the run dies, `polyreel up` goes on with it from what was finished.",
    )

    @model_validator(mode="after")
    def _something_is_asked(self) -> Job:
        if not self.targets and not self.scripts:
            raise ValueError("no targets: name a language to dub into, or `scripts: [srt, docx]` for the script alone")
        # Each of these is made of a dub: without one it would be left out in silence.
        idle = [name for name in ("packaging", "masters", "provenance", "review") if getattr(self, name)]
        if idle and not self.targets:
            raise ValueError(f"no targets, and `{idle[0]}` is of dubs: name a language to dub into, or leave it out")
        return self

    @model_validator(mode="after")
    def _who_is_paid_is_told_the_language(self) -> Job:
        # An order is known by its source's language: one that is heard otherwise the next time would be bought again.
        if self.source.locale == "und" and not all(each.works_here for each in (self.dubbing, *self.fallback)):
            raise ValueError("source: locale `und` is for the embedded engine alone; name the language for a vendor")
        return self

    @model_validator(mode="after")
    def _somebody_here_can_mend(self) -> Job:
        # Mending says single lines anew, which a vendor's dub does not allow: its sound comes as a whole.
        if self.quality.mend and not any(each.works_here for each in (self.dubbing, *self.fallback)):
            raise ValueError(
                "quality: `mend` is for dubs made on this machine, and no provider of the job is `embedded`"
            )
        return self

    @model_validator(mode="after")
    def _a_glossary_is_there(self) -> Job:
        named = self.translation and self.translation.glossary
        if self.transcription.glossary and not named and not self.series:
            raise ValueError("transcription: no glossary to take words from: name one in `translation`, or a `series`")
        return self

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

    @model_validator(mode="after")
    def _packages_agree(self) -> Job:
        kinds = [each.kind for each in self.packaging]
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"packaging names {kinds[0]} twice; keep one")
        # The media lies once, in HLS's folder; the DASH manifest refers to it there.
        if len({each.model_dump_json(exclude={"kind"}) for each in self.packaging}) > 1:
            raise ValueError("hls and dash share their media: give both packages the same options")
        if self.wants_voiceover and self.dubbing.mix == "voiceover":
            raise ValueError("packaging: `voiceover` is for a voice-over beside a dub, and the dub is one already")
        return self

    @property
    def wants_voiceover(self) -> bool:
        """Whether packages and film masters hold a voice-over of each language beside its dub."""
        return any(each.voiceover for each in self.packaging)

    @model_validator(mode="after")
    def _descriptions_have_a_place(self) -> Job:
        is_given = self.source.audio_description or any(each.audio_description for each in self.targets)
        if is_given and not self.packaging and not FILMS & set(self.masters):
            raise ValueError(
                "an audio description is given, and nothing holds it: ask for `packaging` or `masters: [mkv]`"
            )
        return self

    @model_validator(mode="after")
    def _fallbacks_make_sense(self) -> Job:
        asked = [self.dubbing, *self.fallback]
        if len({each.model_dump_json() for each in asked}) < len(asked):
            raise ValueError("the fallback names a way of dubbing twice; keep one")
        return self

    @model_validator(mode="after")
    def _reviewers_have_something_to_review(self) -> Job:
        targets = {target.locale for target in self.targets}
        for locale in self.reviewers:
            if locale not in targets:
                raise ValueError(f"reviewers are named for {locale}, which is no target")
        if self.review_timeout and not self.review:
            raise ValueError("review_timeout has nothing to time: add `review: script` or `review: final`")
        if self.reviewers and not self.review:
            raise ValueError("reviewers are named, and nothing waits for them: add `review: script` or `review: final`")
        return self
