"""A ladder of pictures: each size once, never above the source, cut at the same times."""

from __future__ import annotations

import av
import pytest

from polyreel.errors import InvalidJob
from polyreel.media import command
from polyreel.media.probe import probe
from polyreel.packaging import ladder as rungs
from polyreel.packaging.ladder import check_ladder, make_ladder, short_side
from polyreel.packaging.roles import Rendition
from polyreel.packaging.streaming import package
from polyreel.store.local import LocalStore, path_of


@pytest.fixture
def kept(reel, tmp_path):
    """A store, and the reel in it."""
    store = LocalStore(tmp_path / "store")
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(reel.read_bytes())
    return store, store.keep_file(copy, ".mp4")


async def test_rungs_are_encoded_once_and_begin_their_segments_together(kept, reel, tool, tmp_path, monkeypatch):
    store, picture = kept
    made = await make_ladder(picture, [60, 120], store)
    sizes = {rung: (probe(path_of(file)).video.width, probe(path_of(file)).video.height) for rung, file in made.items()}
    assert sizes == {120: (160, 120), 60: (80, 60)}
    assert {probe(path_of(file)).video.frames for file in made.values()} == {200}
    for file in made.values():
        with av.open(str(path_of(file))) as opened:
            keys = [float(one.pts * one.time_base) for one in opened.demux(video=0) if one.is_keyframe and one.size]
        assert {0.0, 2.0, 4.0, 6.0} <= {round(key, 2) for key in keys}

    async def encodes_nothing(*_, **__):
        raise AssertionError("it was encoded again")

    monkeypatch.setattr(rungs, "run", encodes_nothing)
    assert await make_ladder(picture, [120], store) == {120: made[120]}
    monkeypatch.setattr(rungs, "run", command.run)
    seen = []
    for rung, file in made.items():
        (tmp_path / f"{rung}.mp4").symlink_to(path_of(file))
        seen.append(tmp_path / f"{rung}.mp4")
    tool("-i", reel, "-vn", "-c:a", "aac", tmp_path / "a.m4a")
    await package(seen, [Rendition(tmp_path / "a.m4a", "es-ES")], [], tmp_path / "out", ["hls"])
    main = (tmp_path / "out/hls/main.m3u8").read_text()
    assert "RESOLUTION=160x120" in main
    assert "RESOLUTION=80x60" in main
    assert main.count("#EXT-X-I-FRAME-STREAM-INF") == 2
    lengths = [
        [line for line in (tmp_path / f"out/hls/video_{rung}.m3u8").read_text().splitlines() if "EXTINF" in line]
        for rung in (120, 60)
    ]
    assert lengths[0] == lengths[1]
    assert "#EXT-X-I-FRAMES-ONLY" in (tmp_path / "out/hls/video_60_keyframes.m3u8").read_text()


def test_a_ladder_above_the_source_is_named_before_any_work(reel):
    check_ladder([120, 60], 120)
    with pytest.raises(InvalidJob, match=r"720 lines, and the source has 120") as raised:
        check_ladder([720, 60], 120)
    assert raised.value.code == "ladder_above_source"


async def test_a_film_held_upright_is_counted_by_its_shorter_side(make, picture, tmp_path):
    film = make("upright.mp4", *picture(size="120x200"), "-t", 1, "-c:v", "libx264")
    check_ladder([120], short_side(probe(film).video))
    store, copy = LocalStore(tmp_path / "store"), tmp_path / "copy.mp4"
    copy.write_bytes(film.read_bytes())
    made = await make_ladder(store.keep_file(copy, ".mp4"), [60], store)
    shown = probe(path_of(made[60])).video
    assert (shown.width, shown.height) == (60, 100)
