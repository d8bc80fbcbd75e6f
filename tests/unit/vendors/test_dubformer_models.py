"""Dubformer's words: strict when we speak, tolerant when we listen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from polyreel.vendors import errors
from polyreel.vendors.dubformer.client import DubformerClient
from polyreel.vendors.dubformer.locales import carries_emotion, source_lang, target_lang
from polyreel.vendors.dubformer.models import Balance, CreateProject, MixingMode, Project, ProjectStatus, Retranslate
from polyreel.vendors.dubformer.problems import VideoInfoError, project_failed

MINIMAL = {"source_lang": "en", "target_lang": "fr-FR", "source_video_url": "https://youtu.be/dQw4w9WgXcQ"}
LINE = {"start_ms": 0, "end_ms": 900, "text": "Bonjour", "speaker_id": 1}
SPEAKER = {"speaker_id": 1, "style": "feminine", "voice_key": "soundalike"}
SUBMITTED = {"project_id": "12345", "cost_minutes": 10, "balance_minutes": 90, "translations_count": 0}
Answers = Callable[..., bytes]


def test_a_request_is_spelled_as_the_page_has_it() -> None:
    """Every documented field; a YouTube link goes through as it is."""
    every = {
        **MINIMAL,
        "name": "My project",
        "mixing_mode": "voiceover_without_original_voice",
        "use_emotional_transfer": True,
        "use_soundalike_voices": True,
        "source_script_content": "WEBVTT\n",
        "glossary_content": "reel\tbobine\n",
    }
    assert CreateProject.model_validate(every).as_wire() == every
    assert CreateProject.model_validate(MINIMAL).as_wire() == MINIMAL


def test_the_source_loses_its_region_and_the_target_keeps_it() -> None:
    """As the page wants them."""
    request = CreateProject.model_validate({**MINIMAL, "source_lang": "en-US", "target_lang": "pt_br"})
    assert (request.source_lang, request.target_lang) == ("en", "pt-BR")


@pytest.mark.parametrize(
    ("tag", "offered", "spelled"),
    [("fr", ("fr-FR",), "fr-FR"), ("fr-fr", ("fr-FR", "fr-CA"), "fr-FR"), ("uk-UA", (), "uk-UA")],
)
def test_a_target_is_found_among_what_is_offered(tag: str, offered: tuple[str, ...], spelled: str) -> None:
    """A language alone is enough where there is one region."""
    assert target_lang(tag, offered) == spelled


@pytest.mark.parametrize(("tag", "offered"), [("fr", ()), ("fr", ("fr-FR", "fr-CA")), ("fr-BE", ("fr-FR",))])
def test_a_target_that_is_not_offered_is_typed(tag: str, offered: tuple[str, ...]) -> None:
    """Before anything is spent."""
    with pytest.raises(errors.UnsupportedLocale) as caught:
        target_lang(tag, offered)
    assert caught.value.remedy


def test_a_source_that_is_not_offered_is_typed() -> None:
    """Checked without its region."""
    assert source_lang("en-GB", ("en",)) == "en"
    with pytest.raises(errors.UnsupportedLocale):
        source_lang("eu-ES", ("en",))


@pytest.mark.parametrize(
    ("tag", "carried"),
    [
        ("en-US", True),
        ("es-MX", True),
        ("fr-FR", True),
        ("de-AT", True),
        ("it-IT", True),
        ("pt-BR", True),
        ("ja-JP", False),
    ],
)
def test_emotion_is_carried_into_six_languages(tag: str, carried: bool) -> None:
    """And refused, typed, for the others."""
    assert carries_emotion(tag) is carried
    wanted = {**MINIMAL, "target_lang": tag, "use_emotional_transfer": True}
    if carried:
        CreateProject.model_validate(wanted)
        return
    with pytest.raises(errors.UnsupportedLocale):
        CreateProject.model_validate(wanted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_script": []},
        {"target_speakers": []},
        {"target_script": [{**LINE, "text": "  "}]},
        {"target_script": [{**LINE, "end_ms": 0}]},
        {"target_script": [{**LINE, "start_ms": -1}]},
        {"target_script": [{**LINE, "speaker_id": 2}]},
        {"target_speakers": [SPEAKER, SPEAKER]},
        {"target_speakers": [{**SPEAKER, "style": "robotic"}]},
        {"mixing_mode": "loud"},
        {"extra": 1},
    ],
)
def test_a_retranslation_is_checked_before_it_is_sent(wrong: dict[str, Any]) -> None:
    """What the vendor would refuse is refused here."""
    with pytest.raises(ValidationError):
        Retranslate.model_validate({"target_script": [LINE], "target_speakers": [SPEAKER], **wrong})


def test_the_pages_ready_project_is_read() -> None:
    """The page's own sample, with its missing quotes put in."""
    project = Project.model_validate(
        {
            "name": "My project",
            "source_lang": "en",
            "target_lang": "fr-FR",
            "mixing_mode": "voiceover_with_original_track",
            "cost_minutes": 10,
            "created_date": "2024-06-01T12:00:00Z",
            "status": "READY",
            "completion_date": "2024-06-02T12:00:00Z",
            "output_video_url": "https://example.com/output_video.mp4",
            "output_tts_audio_url": "https://example.com/output_tts_audio.wav",
            "output_source_script": [{"start_ms": 100, "end_ms": 1544, "text": "Hello world!", "speaker_id": 1}],
            "output_target_script": [{"start_ms": 100, "end_ms": 1544, "text": "Bonjour le monde!", "speaker_id": 1}],
            "output_target_speakers": [{"speaker_id": 1, "voice_key": "voice:Rachel", "style": "feminine"}],
            "a_new_field": {},
        }
    )
    assert project.status is ProjectStatus.READY
    assert project.mixing_mode is MixingMode.WITH_ORIGINAL_TRACK
    assert project.output_target_script[0].as_script_line().text == "Bonjour le monde!"
    assert project.output_target_speakers[0].voice_key == "voice:Rachel"


def test_a_failed_project_becomes_an_error() -> None:
    """With the vendor's words."""
    project = Project.model_validate({"status": "error", "error_message": "No speech found"})
    error = project_failed("12345", project)
    assert "No speech found" in error.message
    assert error.job_id == "12345"


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (400, "ValidationError", errors.Invalid),
        (402, "PaymentRequiredError", errors.PaymentRequired),
        (400, "PaymentRequiredError", errors.PaymentRequired),
        (401, "UnauthorizedError", errors.Unauthorized),
        (400, "VideoInfoError", VideoInfoError),
        (400, "SomethingElse", errors.Invalid),
        (500, "ValidationError", errors.ServerError),
    ],
)
async def test_each_documented_error_type_has_its_class(
    peer: Any, make_answer: Answers, status: int, word: str, kind: type[errors.CallError]
) -> None:
    """Whatever status it comes with."""
    peer.will(make_answer(status, {"error": word, "message": "source_lang is required"}))
    async with DubformerClient("key-1234", base_url=peer.url) as client:
        with pytest.raises(kind) as caught:
            await client.create_project(CreateProject.model_validate(MINIMAL))
    assert caught.value.vendor_code == word


async def test_every_post_carries_a_key_and_keeps_it(peer: Any, make_answer: Answers) -> None:
    """Fixed before the first attempt; another call has another; the caller's own is used as given."""
    peer.will(b"", make_answer(500, {}), make_answer(200, SUBMITTED))
    async with DubformerClient("key-1234", base_url=peer.url) as client:
        request = CreateProject.model_validate(MINIMAL)
        assert (await client.create_project(request)).project_id == "12345"
        again = Retranslate.model_validate({"target_script": [LINE], "target_speakers": [SPEAKER]})
        await client.retranslate("12345", again)
        peer.will(make_answer(200, {"valid": True}))
        await client.validate_translation_request("12345", again, idempotency_key="mine")
    keys = [seen.headers["idempotency-key"] for seen in peer.seen]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert keys[4] == "mine"
    assert all(seen.headers["content-type"] == "application/json" for seen in peer.seen)


async def test_a_deletion_whose_answer_was_lost_is_a_deletion(peer: Any, make_answer: Answers) -> None:
    """The second attempt finds nothing: that is what was wanted."""
    missing = make_answer(404, {"error": "NotFoundError", "message": "No such project"})
    async with DubformerClient("key-1234", base_url=peer.url) as client:
        peer.will(b"", missing)
        assert (await client.delete_project("12345")).success
        peer.will(missing)
        with pytest.raises(errors.NotFound):
            await client.delete_project("12345")


async def test_an_id_can_not_lead_elsewhere(peer: Any, make_answer: Answers) -> None:
    """Ids come from vendors and from people: they are quoted."""
    peer.will(make_answer(200, {"status": "ready"}))
    async with DubformerClient("key-1234", base_url=peer.url) as client:
        await client.get_project("../balance?x=1")
    assert peer.seen[0].target == "/api/v1/projects/..%2Fbalance%3Fx%3D1"


def test_null_is_read_as_what_is_not_there_yet() -> None:
    """A project at work may have every field of a finished one, without a value; a time may have a fraction."""
    nothing = {"output_video_url": None, "output_target_script": None, "output_target_speakers": None, "name": None}
    seen = Project.model_validate({"status": "in_progress", **nothing})
    assert (seen.output_video_url, seen.output_target_script, seen.output_target_speakers) == (None, (), ())
    line = {"start_ms": 100.4, "end_ms": 1544.6, "text": "Bonjour", "speaker_id": 1.0}
    (read,) = Project.model_validate({"output_target_script": [line]}).output_target_script
    assert (read.start_ms, read.end_ms, read.speaker_id) == (100, 1545, 1)


@pytest.mark.parametrize("minutes", ["nan", "inf", "lots", None])
def test_a_balance_is_a_number_that_a_quote_can_be_compared_with(minutes: Any) -> None:
    """Nothing is less than NaN: every quote would suffice."""
    with pytest.raises(ValueError, match="balance_minutes"):
        Balance.model_validate({"balance_minutes": minutes})


def test_a_speaker_s_style_is_read_in_any_case_and_goes_out_as_the_page_spells_it() -> None:
    """A re-translation repeats what the project told."""
    told = Project.model_validate({"output_target_speakers": [{"speaker_id": "1", "style": "FEMININE"}]})
    assert told.output_target_speakers[0].style == SPEAKER["style"]
