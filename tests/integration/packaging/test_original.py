"""The original as tracks of its own: copied where it can be, as long as the reel, its script from the reel's zero."""

from __future__ import annotations

import pytest

from polyreel.media.probe import probe
from polyreel.outcome import Reel, StoredFile
from polyreel.packaging.original import take_original, write_sound
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file


async def test_sound_that_fits_is_copied_and_all_else_is_encoded_as_long_as_the_picture(make, picture, tool, tmp_path):
    beep = ["-f", "lavfi", "-i", "sine=f=440:r=48000"]
    fits = make("fits.mp4", *picture(), *beep, "-t", 3, "-c:v", "libx264", "-c:a", "aac")
    other = make("other.mkv", *picture(), *beep, "-t", 3, "-c:v", "libx264", "-c:a", "ac3", "-ac", 6)
    sides = make("sides.mov", *picture(), *beep, *beep, "-map", 0, "-map", 1, "-map", 2, "-t", 3, "-c:v", "libx264")
    for source, tracks, channels in ((fits, 0, 1), (other, 0, 6), (sides, (0, 1), 2)):
        target = tmp_path / f"{source.stem}.m4a"
        await write_sound(source, tracks, target)
        found = probe(target).audio[0]
        assert (found.codec, found.channels) == ("aac", channels)
        assert float(found.duration) == pytest.approx(3, abs=0.05)
    packets = [
        tool("-i", file, "-map", "0:a", "-c", "copy", "-f", "adts", "-") for file in (fits, tmp_path / "fits.m4a")
    ]
    assert packets[0] == packets[1]


async def test_the_script_begins_where_the_reel_does(reel, tmp_path):
    store = LocalStore(tmp_path / "store")
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(reel.read_bytes())
    script = "1\n00:00:01,000 --> 00:00:02,000\nBefore.\n\n2\n00:00:06,000 --> 00:00:07,000\nInside.\n"
    cut = Reel(file=store.keep_file(copy, ".mp4"), duration="8", start="5")
    text = store.keep_bytes(script.encode(), ".srt")
    found = await take_original(cut, "en-US", store, tracks=0, script=text)
    assert found.text
    assert [(cue.start_ms, cue.text) for cue in read_file(path_of(found.text)).track.cues] == [(1000, "Inside.")]
    again = await take_original(cut, "en-US", store, tracks=0, script=None)
    assert isinstance(again.audio, StoredFile)
    assert (again.audio, again.text) == (found.audio, None)
