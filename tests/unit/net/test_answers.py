"""What a server's answer to a download means: the rest of the same file, another one, later, or never."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from polyreel.net.answers import Kind, kind_of, total_of, validator_of
from polyreel.net.part import Part


@pytest.fixture
def fresh(tmp_path: Path) -> Part:
    """Nothing has come yet."""
    return Part.inside(tmp_path)


@pytest.fixture
def begun(fresh: Part) -> Part:
    """Four bytes of ten have come."""
    fresh.validator, fresh.total, fresh.size = '"one"', 10, 4
    return fresh


def answer(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer(206, content_range="bytes 4-9/10", etag='"one"'), Kind.REST),
        (answer(206, content_range="bytes 4-9/*"), Kind.REST),
        (answer(206, content_range="bytes 4-9/10", etag='"two"'), Kind.OTHER),
        (answer(206, content_range="bytes 4-9/11", etag='"one"'), Kind.OTHER),
        (answer(206, content_range="bytes 3-9/10", etag='"one"'), Kind.OTHER),
        (answer(206, content_range="bytes 4-3/10", etag='"one"'), Kind.OTHER),
        (answer(206), Kind.OTHER),
        (answer(416), Kind.OTHER),
        (answer(304), Kind.OTHER),
        (answer(200), Kind.WHOLE),
        (answer(503), Kind.LATER),
        (answer(429), Kind.LATER),
        (answer(404), Kind.REFUSED),
        (answer(403), Kind.REFUSED),
    ],
)
def test_only_the_very_rest_of_the_same_file_is_gone_on_with(begun: Part, given: httpx.Response, kind: Kind) -> None:
    """Anything else would be put behind bytes of another file."""
    assert kind_of(given, begun) is kind


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer(304), Kind.UNCHANGED),
        (answer(200), Kind.WHOLE),
        (answer(206, content_range="bytes 0-9/10"), Kind.REFUSED),
        (answer(416), Kind.REFUSED),
    ],
)
def test_a_part_that_nobody_asked_for_is_refused(fresh: Part, given: httpx.Response, kind: Kind) -> None:
    assert kind_of(given, fresh) is kind


def test_a_weak_etag_is_no_proof_of_equal_bytes() -> None:
    assert validator_of(answer(200, etag='"strong"', last_modified="Mon")) == '"strong"'
    assert validator_of(answer(200, etag='W/"weak"', last_modified="Mon")) == "Mon"
    assert validator_of(answer(200, etag='W/"weak"')) == ""


@pytest.mark.parametrize(("declared", "total"), [("10", 10), ("-1", None), ("1e3", None), ("", None)])
def test_a_length_is_digits_or_nothing(declared: str, total: int | None) -> None:
    assert total_of(answer(200, content_length=declared)) == total
