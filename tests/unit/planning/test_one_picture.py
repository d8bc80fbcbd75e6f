"""Packages and film masters show one picture: no job may ask for them where each language's picture may wait."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from polyreel.dubbing import providers
from polyreel.errors import InvalidJob
from polyreel.job import Job
from polyreel.planning.picture import require_one_picture

WAITING = {"provider": "embedded", "fit": {"picture": True}}


def job(**changes: Any) -> Job:
    source = {"media": "reel.mp4", "locale": "en-US"}
    return Job.model_validate({"name": "reel", "source": source, "targets": ["es-ES"], **changes})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"packaging": ["hls"]}, r"packaging \(hls\)"),
        ({"masters": ["wav", "mkv"]}, r"masters \(mkv\)"),
        ({"packaging": ["dash"], "dubbing": {"provider": "embedded"}, "fallback": [WAITING]}, r"packaging \(dash\)"),
    ],
)
def test_what_shows_one_picture_with_all_languages_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidJob, match=named) as raised:
        require_one_picture(job(**{"dubbing": WAITING, **changes}))
    assert raised.value.code == "several_pictures"
    assert "`fit` out of `dubbing`" in raised.value.remedy


def test_a_provider_of_a_plug_in_is_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a provider can is said by its row, whoever brings it."""
    row = replace(providers.PROVIDERS["embedded"], gives_way=lambda _options: True)
    monkeypatch.setattr(providers, "row_of_plugin", lambda *_names: row)
    asked = job(dubbing={"provider": "plugin", "name": "slow"}, packaging=["hls"])
    with pytest.raises(InvalidJob, match=r"packaging \(hls\)"):
        require_one_picture(asked)


@pytest.mark.parametrize(
    "changes",
    [
        {"dubbing": WAITING, "masters": ["wav", "stems", "otio", "burned"]},  # each of one language
        {"packaging": ["hls"], "masters": ["mkv"]},
    ],
)
def test_a_languages_own_files_may_be_had_of_its_own_picture(changes: dict[str, Any]) -> None:
    require_one_picture(job(**changes))
