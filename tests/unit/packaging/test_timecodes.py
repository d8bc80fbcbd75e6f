"""When a reel begins by its timecode, to the sample."""

from __future__ import annotations

from fractions import Fraction

import pytest

from polyreel.media.bwf import RATE
from polyreel.packaging.start import read_timecode


@pytest.mark.parametrize(
    ("code", "rate", "samples"),
    [
        ("01:00:00:00", Fraction(25), 3600 * RATE),
        ("10:00:00:12", Fraction(24), 36_000 * RATE + RATE // 2),
        # An hour of non-drop numbers at 23.976 lasts 3,603.6 s; drop-frame keeps up with the clock.
        ("01:00:00:00", Fraction(24000, 1001), 172_972_800),
        ("01:00:00;00", Fraction(30000, 1001), 172_799_827),
        ("00:01:00;02", Fraction(30000, 1001), round(1800 * Fraction(1001, 30000) * RATE)),
        ("01:00:00;00", Fraction(60000, 1001), 172_799_827),
    ],
)
def test_a_timecode_is_a_time_at_its_rate(code, rate, samples):
    assert round(read_timecode(code, rate) * RATE) == samples


@pytest.mark.parametrize("code", ["", "1h", "25", "01:00:00", "01:00:00:99"])
def test_what_is_no_timecode_gives_no_time(code):
    assert read_timecode(code, Fraction(25)) == 0
