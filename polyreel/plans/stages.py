"""The stages by name, in their order, and the version of what each makes."""

from __future__ import annotations

from polyreel.job import Job

JOB_STAGES = ("ingest", "trim", "separate")
LANGUAGE_STAGES = ("script", "submit", "dub", "collect", "listen", "subtitles", "mux", "check")
CLOSING_STAGES = ("package", "master", "sign", "deliver")


def asks_for_watermark(job: Job) -> bool:
    """Whether speech that is dubbed here gets an inaudible mark."""
    return job.provenance is not None and job.provenance.watermark


def step_of_place(stage: str, place: str) -> str:
    """What a stage that is done once per place is shown as: ``deliver nomad``."""
    return f"{stage} {place}"


def closing_steps(job: Job) -> tuple[str, ...]:
    """The closing stages as they are shown: a delivery for each kind of place."""
    places = dict.fromkeys(step_of_place(CLOSING_STAGES[-1], each.to) for each in job.delivery)
    return (*CLOSING_STAGES[:-1], *places)


# A stage whose result would come out differently than before gets a new number here, and only that stage is redone.
# (Not "transcribe" when its words' times got better: a vendor's dub of an older transcript would be bought anew.)
VERSIONS = {
    "trim": 2,
    "separate": 2,
    "transcribe": 2,
    "identify": 1,
    "translate": 3,
    "script": 3,
    "picture": 2,
    "submit": 2,
    "dub": 1,
    "collect": 1,
    "voiceover": 1,
    "listen": 4,
    "mend": 3,
    "shots": 1,
    "subtitles": 3,
    "mux": 2,
    "check": 9,
    "package": 5,
    "master": 2,
    "sign": 1,
    "report": 5,
}
