"""Panjaya's words: strict when we speak, tolerant when we listen."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from polyreel.errors import InvalidJob
from polyreel.vendors.calls import Reply
from polyreel.vendors.errors import Facts, Malformed, UnsupportedLocale
from polyreel.vendors.panjaya.client import PanjayaClient, _read_asset
from polyreel.vendors.panjaya.locales import SOURCES, TARGETS, source_locale, target_locale
from polyreel.vendors.panjaya.models import (
    AddLanguages,
    Asset,
    AssetErrorCode,
    CreateAsset,
    TargetLanguage,
    Version,
    VersionStatus,
)
from polyreel.vendors.panjaya.problems import asset_failed, version_failed

MINIMAL = {"media_url": "https://host/film.mp4", "locale": "en-US", "languages": [{"locale": "fr-FR"}]}


def test_a_request_is_spelled_as_the_page_has_it() -> None:
    """Every documented field, and nothing that was not given."""
    every = {
        **MINIMAL,
        "languages": [{"locale": "fr-FR", "srt": "1\n00:00:00,000 --> 00:00:01,000\nBonjour\n"}],
        "speakers_count": 2,
        "start_time": 0.5,
        "end_time": 30.0,
        "callback_url": "https://us/cb",
        "lips_model": "real_face_turbo",
        "voice_anonymization": 0.5,
        "background_url": "https://host/music.wav",
    }
    assert CreateAsset.model_validate(every).as_wire() == every
    assert CreateAsset.model_validate(MINIMAL).as_wire() == MINIMAL


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "x"},
        {"voice_anonymization": 1.1},
        {"voice_anonymization": float("nan")},
        {"lips_model": "fastest"},
        {"speakers_count": 0},
        {"start_time": -1},
        {"start_time": 5, "end_time": 5},
        {"media_url": "file:///etc/passwd"},
        {"callback_url": "not a url"},
    ],
)
def test_what_the_page_does_not_have_is_never_sent(wrong: dict[str, Any]) -> None:
    """Unknown and impossible fields stop here, before they cost anything."""
    with pytest.raises(ValidationError):
        CreateAsset.model_validate({**MINIMAL, **wrong})


def test_hebrew_is_a_source_only() -> None:
    """Typed, before any call, and with what to do."""
    assert source_locale("he-IL") == "he-IL"
    with pytest.raises(UnsupportedLocale) as caught:
        CreateAsset.model_validate({**MINIMAL, "languages": [{"locale": "he-IL"}]})
    assert (caught.value.vendor, caught.value.locale, caught.value.role) == ("panjaya", "he-IL", "target")
    assert "another provider" in caught.value.remedy


@pytest.mark.parametrize(
    ("given", "spelled"),
    [("fr_fr", "fr-FR"), ("FR-fr", "fr-FR"), ("fr", "fr-FR"), ("fil-PH", "fil-PH"), ("ja", "ja-JP")],
)
def test_locales_are_spelled_the_vendors_way(given: str, spelled: str) -> None:
    """Case, underscores, and a language that has only one region there."""
    assert target_locale(given) == spelled


@pytest.mark.parametrize("tag", ["es", "pt", "en-GB", "ca-ES", "fr-CA"])
def test_a_region_is_never_changed_silently(tag: str) -> None:
    """Somebody asked for that region, or has to say which."""
    with pytest.raises(UnsupportedLocale):
        target_locale(tag)


def test_a_source_may_have_another_region() -> None:
    """British English is heard as English."""
    assert source_locale("en-GB") == "en-US"


def test_no_locale_at_all_is_an_invalid_job() -> None:
    """A typing error is not the vendor's business."""
    with pytest.raises(InvalidJob):
        target_locale("klingonese-XX-YY-ZZ")


def test_the_lists_of_locales_are_whole() -> None:
    """36 languages from, and one fewer into."""
    assert len(TARGETS) == 35
    assert {"he-IL"} == SOURCES - TARGETS


@pytest.mark.parametrize(
    "answer",
    [
        {"id": 5, "dubbings": [{"id": "d", "locale": "fr-FR", "versions": [{"id": "v", "status": "Completed"}]}]},
        {"asset_id": "5", "languages": [{"locale": "fr-fr", "version_id": "v", "status": "completed"}]},
        {"AssetId": "5", "versions": [{"versionId": "v", "language": "fr_FR", "status": "COMPLETED"}]},
    ],
)
def test_an_asset_is_read_in_any_of_its_shapes(answer: dict[str, Any]) -> None:
    """The page shows no answer, so ids, nesting and case may be anything sensible."""
    asset = Asset.model_validate(answer)
    assert asset.asset_id == "5"
    assert [(each.version_id, each.status) for each in asset.dubs_of("fr-FR")] == [("v", VersionStatus.COMPLETED)]
    assert asset.dubs_of("de-DE") == []


def test_a_new_status_is_unknown_and_not_an_error() -> None:
    """A vendor may add words."""
    assert Version.model_validate({"id": "v", "status": "Polishing"}).status is VersionStatus.UNKNOWN


@pytest.mark.parametrize("code", [code for code in AssetErrorCode if code is not AssetErrorCode.UNKNOWN])
def test_every_documented_failure_is_typed(code: AssetErrorCode) -> None:
    """Its code is the vendor's word, and it says what to do."""
    asset = Asset.model_validate({"id": "a", "status": "Failed", "error": {"code": code.value, "message": "No."}})
    error = asset_failed(asset)
    assert asset.failed
    assert (error.code, error.vendor_code, error.job_id) == (code.value, code.value, "a")
    assert error.remedy


@pytest.mark.parametrize("trouble", [None, "it broke", {"code": "brand_new", "detail": "it broke"}, {}])
def test_an_undocumented_failure_is_a_failure_too(trouble: Any) -> None:
    """Whatever stands in `error`."""
    version = Version.model_validate({"id": "v", "status": "failed", "error": trouble})
    error = version_failed(version)
    assert error.code == "vendor_job_failed"
    assert error.message


def test_a_result_address_is_not_shown() -> None:
    """It is signed, and so a secret."""
    version = Version.model_validate({"id": "v", "status": "Completed", "result_url": "https://s3/x?sig=abc"})
    assert "sig=abc" not in repr(version)


async def test_an_answer_that_does_not_fit_is_malformed(peer: Any, make_answer: Any) -> None:
    """Whatever the vendor answers, our caller sees our errors."""
    async with PanjayaClient("key-1234", base_url=peer.url) as client:
        peer.will(make_answer(200, [{"status": "Ready"}]))
        with pytest.raises(Malformed):
            await anext(client.get_assets())
        peer.will(make_answer(200, {"dubbings": 5}))
        with pytest.raises(Malformed):
            await client.add_languages("a", AddLanguages(languages=(TargetLanguage(locale="fr-FR"),)))
        peer.will(make_answer(200, {"studio_url": [1]}))
        with pytest.raises(Malformed):
            await client.revise_version("v")


@pytest.mark.parametrize("key", ["sandbox", "panjaya-sandbox", " panjaya-sandbox\n"])
async def test_a_key_is_sent_with_its_beginning_once(key: str) -> None:
    """People paste it with and without `panjaya-`."""
    async with PanjayaClient(key) as client:
        assert await client.transport.auth.make_headers() == {"Authorization": "Bearer panjaya-sandbox"}


def test_null_is_read_as_what_is_not_there_yet() -> None:
    """An asset that is looked at may have its lists, without a value."""
    seen = Asset.model_validate({"id": "a-1", "languages": [{"locale": "fr-FR", "versions": None}], "versions": None})
    assert seen.locales() == {"fr-FR"}
    assert seen.dubs_of("fr-FR") == []


@pytest.mark.parametrize("answer", [b"", b"{}", b'{"message": "ok"}', b'[{"locale": "fr-FR"}]'])
def test_whatever_is_answered_to_added_languages_is_an_asset(answer: bytes) -> None:
    """The page shows no answer: a purchase that went well must not look lost because of its shape."""
    reply = Reply(204 if not answer else 200, httpx.Headers(), answer, Facts("panjaya", "add languages"))
    assert _read_asset(reply, "a-1").asset_id == "a-1"
