"""What a purchase is known by may not change with a release: what was bought before would be bought again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from polyreel.dubbing.submission import key_of_dub, key_of_reel
from polyreel.outcome import Reel, StoredFile
from polyreel.plans import Plan, Way
from polyreel.store.choice import open_store
from tasks.dub import _without_script

ACCOUNT = "https://vendor.test#0123456789ab"
SCRIPT = "1\n00:00:01,000 --> 00:00:02,500\nGood morning, Ana.\n\n2\n00:00:03,000 --> 00:00:04,000\n<i>Thank you!</i>\n"


@pytest.mark.parametrize(
    ("dubbing", "trim", "scripted", "dub", "reel_key"),
    [
        (
            {"provider": "panjaya"},
            None,
            False,
            "buy-v1-ec3d649fcd2340a6e90e3ee20f18643ce300cbd9",
            "buy-v1-65f1035be80088becd2b28aa603c114f8964161d",
        ),
        (
            {"provider": "panjaya", "lips_model": "real_face", "voice_anonymization": 0.5},
            {"start": 2, "end": 9.5},
            True,
            "buy-v1-6988c2fe2f2c057553efc166df00f7964ad1aadd",
            "buy-v1-5eac1495eb7853cf3678284aa5e433cb52ddf087",
        ),
        (
            {"provider": "dubformer"},
            None,
            False,
            "buy-v1-82c934dc8ddab1780db3a8bf614312cc598d4147",
            "buy-v1-f1856983aaa747cd0ca3990a6a3ec3c5c2268293",
        ),
        (
            {"provider": "dubformer", "mix": "voiceover", "soundalike_voices": True},
            {"start": 2},
            True,
            "buy-v1-68ae76700643d2c73a93dd37b5f0c9331fafdb9f",
            "buy-v1-ccd376c74e2bb06258b6a5860ae49edfc1d63e92",
        ),
    ],
)
def test_a_purchase_keeps_its_key_from_release_to_release(
    plan: Callable[..., Plan], reel: Reel, stored: Callable[[str], StoredFile],
    dubbing: dict[str, Any], trim: dict[str, float] | None, scripted: bool, dub: str, reel_key: str,
) -> None:  # fmt: skip
    """Where this fails, every customer's next run pays for what is theirs already: make the old key, or read both."""
    language = plan("es-ES", dubbing={"credentials": "studio", **dubbing}, trim=trim).languages[0]
    request = _without_script(
        language.model_copy(update={"source": stored("reel.mp4"), "ways": (Way(works_here=False, media="upload"),)}),
        reel,
        None,
    )
    if scripted:
        request = request.model_copy(update={"script": open_store().keep_bytes(SCRIPT.encode(), ".srt")})
    provider = dubbing["provider"]
    assert key_of_dub(request, provider, ACCOUNT) == dub
    assert key_of_reel(request, provider, ACCOUNT) == reel_key
