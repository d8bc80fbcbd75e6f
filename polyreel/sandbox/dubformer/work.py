"""What happens to a Dubformer project: in_progress -> ready or error; the same again for each translation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

from polyreel.sandbox.box import Box
from polyreel.sandbox.dubformer.voices import voices_of
from polyreel.sandbox.dubformer.wire import Mixing
from polyreel.sandbox.jobs import Job
from polyreel.sandbox.state import Json
from polyreel.sandbox.work.ffmpeg import ToolFailed
from polyreel.sandbox.work.port import Dubbed, Mix, NothingSaid, Order
from polyreel.sandbox.work.script import Line, script_lines

NAME = "dubformer"
WORK_SECONDS = 60.0
MIXES: dict[str, Mix] = dict(zip(get_args(Mixing), ("speech_only", "voiceover", "dub"), strict=True))


def begin_dub(box: Box, project: Json) -> None:
    """Start dubbing a project as it stands."""
    box.jobs.start(NAME, "dub", project["id"], after=WORK_SECONDS, translation=project["translations_count"])


def estimate_completion(box: Box) -> str:
    """When a project begun now would be done."""
    due = box.clock.now() + box.settings.pace.wait(WORK_SECONDS)
    return datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def dub_project(box: Box, job: Job) -> None:
    """Dub, unless a later translation has overtaken this one."""
    documents = box.documents(NAME)
    project = documents.need("project", job.subject)
    # Not an error: the newer translation has a job of its own, and two jobs must not write one result.
    if project["translations_count"] != job.payload["translation"]:
        return
    try:
        if rehearsed := box.faults.take("job_fails", NAME, "dub"):
            raise ToolFailed(rehearsed.message or rehearsed.code or "An error occurred during processing.")
        finished = await _write_outputs(box, project)
    except (NothingSaid, ToolFailed) as error:
        why = str(error) or "No speech was found in the video."
        documents.change("project", project["id"], status="error", error_message=why)
        return
    # The earlier dub stays until the new one is there.
    box.files.remove(project.get("video"), project.get("voice"))
    stamp = box.clock.stamp()
    documents.move_on("project", project["id"], ("in_progress",), "ready", completion_date=stamp, **finished)


async def _write_outputs(box: Box, project: Json) -> Json:
    folder = box.files.new_folder()
    try:
        dubbed = await box.studio.dub(
            Order(
                media=box.files.path(project["source"]),
                source_locale=project["source_lang"],
                target_locale=project["target_lang"],
                mix=MIXES[project["mixing_mode"]],
                folder=folder,
                script=tuple(_make_line(line) for line in project["target_script"]),
                source_script=_source_script(project),
            )
        )
        return _keep_outputs(box, project, dubbed)
    finally:
        box.files.remove(folder.name)


def _source_script(project: Json) -> tuple[Line, ...]:
    content = project["source_script_content"]
    return tuple(script_lines(content, project["seconds"])) if content else ()


def _keep_outputs(box: Box, project: Json, dubbed: Dubbed) -> Json:
    speakers = project["target_speakers"] or [_first_voice(project)]
    return {
        "video": dubbed.video.rename(box.files.new(".mp4")).name,
        "voice": dubbed.voice.rename(box.files.new(".wav")).name,
        "output_source_script": [_describe_line(line) for line in dubbed.source_lines],
        "output_target_script": [_describe_line(line) for line in dubbed.target_lines],
        "output_target_speakers": speakers,
    }


def _first_voice(project: Json) -> Json:
    voice = voices_of(project["target_lang"])[0]
    key = voice["voice_key"]
    if project["use_soundalike_voices"]:
        key = "soundalike"
    if project["use_emotional_transfer"]:
        key = "emotional_transfer"
    return {"speaker_id": 1, "voice_key": key, "style": voice["style"]}


def _make_line(line: Json) -> Line:
    return Line(line["start_ms"], line["end_ms"], line["text"], line["speaker_id"])


def _describe_line(line: Line) -> Json:
    return {"start_ms": line.start_ms, "end_ms": line.end_ms, "text": line.text, "speaker_id": line.speaker}


STEPS = {"dub": dub_project}
