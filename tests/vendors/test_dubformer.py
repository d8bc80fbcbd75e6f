"""Dubformer, endpoint by endpoint, over real sockets."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyreel.vendors import errors
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.dubformer.models import CreateProject, MixingMode, Project, ProjectStatus, Retranslate
from polyreel.vendors.dubformer.problems import VideoInfoError
from tests.vendors.elsewhere import skip_there
from tests.vendors.lists import wait_until_gone, wait_until_listed
from tests.vendors.plain import post_plainly

Url = Callable[[str], str]
PATIENCE = 60.0
SRT = "1\n00:00:00,200 --> 00:00:01,200\nHello everybody.\n\n2\n00:00:01,400 --> 00:00:02,600\nThis is a film.\n"
VTT = "WEBVTT\n\n00:00.200 --> 00:01.200\nHello everybody.\n"


def _request(url: str, **more: Any) -> CreateProject:
    return CreateProject.model_validate(
        {"source_lang": "en", "target_lang": "fr-FR", "source_video_url": url, "source_script_content": SRT, **more}
    )


async def _settled(dubformer: DubformerClient, project_id: str) -> Project:
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    project = await dubformer.get_project(project_id)
    while project.status not in (ProjectStatus.READY, ProjectStatus.ERROR) and loop.time() < end:
        await asyncio.sleep(0.1)
        project = await dubformer.get_project(project_id)
    return project


async def _ready(dubformer: DubformerClient, project_id: str) -> Project:
    project = await _settled(dubformer, project_id)
    assert project.status is ProjectStatus.READY, project.error_message
    return project


async def _changed(dubformer: DubformerClient, project: Project, **more: Any) -> dict[str, Any]:
    voices = (await dubformer.get_voices())[project.target_lang]
    speakers = sorted({line.speaker_id for line in project.output_target_script})
    return {
        "target_script": [line.as_script_line().as_wire() for line in project.output_target_script],
        "target_speakers": [
            {"speaker_id": each, "style": voices[0].style, "voice_key": voices[0].voice_key} for each in speakers
        ],
        **more,
    }


@pytest.mark.parametrize("mode", list(MixingMode))
async def test_a_project_is_dubbed_in_every_mixing_mode(
    dubformer: DubformerClient, media_url: Url, mode: MixingMode, tmp_path: Path
) -> None:
    """Create, wait, fetch: video, speech alone, both scripts and the cast come back."""
    before = await dubformer.get_balance()
    submitted = await dubformer.create_project(_request(media_url("film.mp4"), name="Rehearsal", mixing_mode=mode))
    assert submitted.cost_minutes
    assert submitted.balance_minutes == before - submitted.cost_minutes
    assert submitted.translations_count == 0
    project = await _ready(dubformer, submitted.project_id)
    assert (project.source_lang, project.target_lang, project.mixing_mode) == ("en", "fr-FR", mode)
    assert project.completion_date
    assert project.output_target_script
    assert {line.speaker_id for line in project.output_target_script} <= {
        speaker.speaker_id for speaker in project.output_target_speakers
    }
    assert b"ftyp" in (await dubformer.download_video(project.project_id, tmp_path / "dub.mp4")).path.read_bytes()[:64]
    speech = await dubformer.download_speech(project.project_id, tmp_path / "speech.wav")
    assert speech.path.read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize(
    "option",
    [
        {"use_soundalike_voices": True},
        {"use_emotional_transfer": True},
        {"source_script_content": VTT},
        {"source_script_content": "Hello everybody. This is a film."},
        {"glossary_content": "film\tpellicule\nreel\tbobine\n"},
    ],
    ids=["soundalike", "emotional", "vtt", "text", "glossary"],
)
async def test_each_option_is_taken(dubformer: DubformerClient, media_url: Url, option: dict[str, Any]) -> None:
    """Voices, scripts in three formats, glossary."""
    submitted = await dubformer.create_project(_request(media_url("film.mp4"), **option))
    await _ready(dubformer, submitted.project_id)


async def test_a_youtube_link_goes_through(dubformer: DubformerClient) -> None:
    """The vendor fetches it, not we."""
    try:
        submitted = await dubformer.create_project(_request("https://www.youtube.com/watch?v=dQw4w9WgXcQ"))
    except VideoInfoError:
        skip_there("this server does not reach YouTube")
    assert submitted.project_id


async def test_the_same_key_buys_once(dubformer: DubformerClient, media_url: Url) -> None:
    """Asked again after a lost answer, the vendor gives the same project and takes nothing."""
    key, request = uuid.uuid4().hex, _request(media_url("film.mp4"))
    first = await dubformer.create_project(request, idempotency_key=key)
    balance = await dubformer.get_balance()
    again = await dubformer.create_project(request, idempotency_key=key)
    assert again.project_id == first.project_id
    assert await dubformer.get_balance() == balance
    with pytest.raises(errors.Refused):
        await dubformer.create_project(request.model_copy(update={"name": "Another"}), idempotency_key=key)


async def test_a_retranslation_speaks_the_changed_words(dubformer: DubformerClient, media_url: Url) -> None:
    """Validated first; not charged; counted."""
    submitted = await dubformer.create_project(_request(media_url("film.mp4")))
    project = await _ready(dubformer, submitted.project_id)
    wanted = await _changed(dubformer, project, mixing_mode="voiceover_only")
    wanted["target_script"][0]["text"] = "Au revoir le monde !"
    request = Retranslate.model_validate(wanted)
    assert (await dubformer.validate_translation_request(project.project_id, request)).valid
    balance = await dubformer.get_balance()
    again = await dubformer.retranslate(project.project_id, request)
    assert again.translations_count == 1
    assert await dubformer.get_balance() == balance
    changed = await _ready(dubformer, project.project_id)
    assert changed.output_target_script[0].text == "Au revoir le monde !"
    assert changed.mixing_mode is MixingMode.VOICEOVER_ONLY


async def test_cloned_voices_are_taken_in_a_retranslation(dubformer: DubformerClient, media_url: Url) -> None:
    """`soundalike` and `emotional_transfer` are voice keys too."""
    project = await _ready(dubformer, (await dubformer.create_project(_request(media_url("film.mp4")))).project_id)
    for voice in ("soundalike", "emotional_transfer"):
        wanted = await _changed(dubformer, project)
        for speaker in wanted["target_speakers"]:
            speaker["voice_key"] = voice
        request = Retranslate.model_validate(wanted)
        assert (await dubformer.validate_translation_request(project.project_id, request)).valid


async def test_an_unknown_voice_is_invalid(dubformer: DubformerClient, media_url: Url) -> None:
    """The page's own example of an invalid request."""
    project = await _ready(dubformer, (await dubformer.create_project(_request(media_url("film.mp4")))).project_id)
    wanted = await _changed(dubformer, project)
    wanted["target_speakers"][0]["voice_key"] = "unknown-voice"
    for call in (dubformer.validate_translation_request, dubformer.retranslate):
        with pytest.raises(errors.Invalid, match="unknown-voice") as caught:
            await call(project.project_id, Retranslate.model_validate(wanted))
        assert caught.value.vendor_code == "ValidationError"


async def test_projects_are_listed_and_deleted(dubformer: DubformerClient, media_url: Url) -> None:
    """A deletion gives no minutes back."""
    submitted = await dubformer.create_project(_request(media_url("film.mp4"), name="Short-lived"))
    await _ready(dubformer, submitted.project_id)
    listed: dict[str, Project] = {}

    async def look() -> list[str]:
        listed.clear()
        listed.update({project.project_id: project for project in await dubformer.get_projects()})
        return list(listed)

    await wait_until_listed(look, {submitted.project_id})
    assert listed[submitted.project_id].name == "Short-lived"
    balance = await dubformer.get_balance()
    assert (await dubformer.delete_project(submitted.project_id)).success
    await wait_until_gone(look, submitted.project_id)
    assert await dubformer.get_balance() == balance


async def test_options_and_voices_speak_the_same_locales(dubformer: DubformerClient) -> None:
    """Sources without a region, targets with one, voices for targets."""
    options = await dubformer.get_options()
    assert "en" in options.source_langs
    assert "fr-FR" in options.target_langs
    voices = await dubformer.get_voices()
    assert set(voices) <= set(options.target_langs)
    assert all(voice.voice_key and voice.style in ("masculine", "feminine") for voice in voices["fr-FR"])


async def test_locales_are_checked_before_anything_is_spent(dubformer: DubformerClient) -> None:
    """Against what the vendor offers."""
    assert await dubformer.check_locales("en-US", "fr-fr") == ("en", "fr-FR")
    with pytest.raises(errors.UnsupportedLocale):
        await dubformer.check_locales("en-US", "la-VA")


@pytest.mark.parametrize("name", ["nonsense.mp4", "missing.mp4"])
async def test_what_is_no_video_is_refused_or_ends_in_error(
    dubformer: DubformerClient, media_url: Url, name: str
) -> None:
    """A `VideoInfoError`, which costs nothing; where the vendor looks later, an error that the project names."""
    before = await dubformer.get_balance()
    refusal: VideoInfoError | None = None
    project: Project | None = None
    try:
        submitted = await dubformer.create_project(_request(media_url(name)))
        project = await _settled(dubformer, submitted.project_id)
    except VideoInfoError as error:
        refusal = error
    if project:
        assert project.status is ProjectStatus.ERROR
        assert project.error_message
    else:
        assert refusal
        assert refusal.vendor_code == "VideoInfoError"
        assert await dubformer.get_balance() == before


async def test_what_does_not_exist_is_not_found(dubformer: DubformerClient) -> None:
    """Whatever is asked of it."""
    line = {"start_ms": 0, "end_ms": 1, "text": "x", "speaker_id": 1}
    speaker = {"speaker_id": 1, "style": "feminine", "voice_key": "soundalike"}
    request = Retranslate.model_validate({"target_script": [line], "target_speakers": [speaker]})
    for call in (
        dubformer.get_project("999"),
        dubformer.delete_project("999"),
        dubformer.retranslate("999", request),
        dubformer.validate_translation_request("999", request),
    ):
        with pytest.raises(errors.NotFound):
            await call


async def test_a_wrong_key_is_unauthorized(vendor_url: str) -> None:
    """With the vendor's own word, and without the key."""
    async with DubformerClient("wrong-key-12345", base_url=f"{vendor_url}/dubformer") as stranger:
        with pytest.raises(errors.Unauthorized) as caught:
            await stranger.get_balance()
    assert caught.value.vendor_code == "UnauthorizedError"
    assert "wrong-key-12345" not in str(caught.value) + repr(caught.value.facts)


@pytest.mark.parametrize(
    "wrong",
    [
        {"source_lang": "en-US"},
        {"target_lang": "fr"},
        {"mixing_mode": "loud"},
        {"source_lang": None},
    ],
)
async def test_the_vendor_refuses_what_the_page_rules_out(
    vendor_url: str, media_url: Url, wrong: dict[str, Any]
) -> None:
    """`{"error": "ValidationError", "message": ...}`."""
    base = {"source_lang": "en", "target_lang": "fr-FR", "source_video_url": media_url("film.mp4")}
    headers = {"Authorization": "Bearer dubformer-sandbox"}
    at = f"{vendor_url}/dubformer/api/v1/projects"
    response = await asyncio.to_thread(post_plainly, at, {**base, **wrong}, headers)
    assert response.status_code in (400, 422)
    assert response.json()["error"] == "ValidationError"
    assert response.json()["message"]
