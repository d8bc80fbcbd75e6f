"""Which sound is dubbed, which subtitles are the script, and what is kept of the rest or named."""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest

from polyreel.errors import EngineError, MediaError
from polyreel.job import Job, Source, Target
from polyreel.media.audio import extract
from polyreel.media.limits import check_sound
from polyreel.media.mp4 import Mark
from polyreel.media.mux import AudioTrack, mux
from polyreel.media.probe import probe
from polyreel.media.subtitles import extract_subtitles
from polyreel.media.tracks import choose_sound, choose_subtitles, note_left_out
from polyreel.media.trim import trim
from polyreel.planning.picture import offer_embedded
from polyreel.subtitles import plain_text, read_file

LOW, HIGH = (["-f", "lavfi", "-i", f"sine=f={pitch}:r=48000"] for pitch in (300, 900))
TWO = ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-c:v", "libx264", "-t", "2"]
SCRIPT = "1\n00:00:00,200 --> 00:00:00,900\nHello there.\n\n2\n00:00:01,000 --> 00:00:01,900\nSecond {}.\n"


@pytest.fixture(scope="session")
def film(make, picture):
    """Two sound tracks, low and high: ``film("a.mkv", "-metadata:s:a:0", "language=ger", ...)``."""
    return lambda name, *options: make(name, *picture(), *LOW, *HIGH, *TWO, *options)


@pytest.mark.parametrize(
    ("tags", "marks", "locale", "expected"),
    [
        (("ger", "eng"), ("default", "0"), "en-US", 1),
        (("deu", "eng"), ("0", "default"), "de-AT", 0),
        (("fra", "fra"), ("0", "default"), "fr-FR", 1),
        (("", ""), ("0", "default"), "en-US", 1),
        (("ger", "fra"), ("0", "0"), "en-US", 0),
        (("eng", "eng"), ("comment", "0"), "en-US", 1),
        (("ger", "eng"), ("0", "visual_impaired"), "en-US", 0),
    ],
)
def test_the_sound_is_the_languages_then_the_default_then_the_first(film, tags, marks, locale, expected):
    options = ["-c:a", "aac", "-ac", "2"]
    for place in (0, 1):
        options += [f"-metadata:s:a:{place}", f"language={tags[place]}", f"-disposition:a:{place}", marks[place]]
    found = choose_sound(probe(film(f"{'-'.join((*tags, *marks))}.mkv", *options)), locale)
    assert found.tracks == expected
    assert "2 sound tracks" in found.notes[0]
    assert f"Track {expected} was taken" in found.notes[0]


@pytest.mark.parametrize(
    "title", ["Director's Commentary", "Audio Description (English)", "Kommentar der Regie", "Commentaire audio"]
)
def test_a_track_that_is_called_commentary_is_no_original(film, title):
    options = ["-c:a", "aac", "-ac", "2", "-metadata:s:a:0", f"title={title}", "-disposition:a:0", "default"]
    options += ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=eng"]
    assert choose_sound(probe(film(f"{title[:9].strip()}.mkv", *options)), "en-US").tracks == 1


def test_a_job_may_name_its_track_and_hears_of_one_that_is_not_there(film):
    info = probe(film("plain.mkv", "-c:a", "aac", "-ac", "2"))
    assert choose_sound(info, "en-US", 1).tracks == 1
    with pytest.raises(MediaError, match="no sound track number 2") as refused:
        choose_sound(info, "en-US", 2)
    assert "2 sound tracks: 0 (" in refused.value.remedy


@pytest.mark.parametrize(("name", "codec"), [("pair.mxf", "pcm_s16le"), ("pair.mov", "pcm_s16le"), ("pair.mkv", "aac")])
async def test_two_mono_tracks_that_belong_together_are_joined(film, sound, tmp_path, name, codec):
    source = film(name, "-c:a", codec, "-ar", "48000")
    info = probe(source)
    chosen = choose_sound(info, "en-US")
    assert chosen.tracks == (0, 1)
    assert "left and right" in chosen.notes[0]
    await extract(source, tmp_path / "both.wav", info, track=(0, 1))
    assert [pitch(side) for side in sound(tmp_path / "both.wav", 2).T] == [300, 900]
    await trim(source, tmp_path / "part.mp4", info, None, None, sound=(0, 1))
    made = probe(tmp_path / "part.mp4")
    assert [one.channels for one in made.audio] == [2]


def pitch(heard: np.ndarray) -> int:
    whole = heard[4800:52800]
    return int(np.argmax(np.abs(np.fft.rfft(whole))) * 48000 / len(whole))


def test_two_mono_tracks_of_two_languages_are_no_pair(film):
    tags = ["-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=eng"]
    assert choose_sound(probe(film("tongues.mov", "-c:a", "pcm_s16le", *tags)), "de-DE").tracks == 0
    named = ["-metadata:s:a:0", "title=Boom", "-metadata:s:a:1", "title=Lavalier"]
    assert choose_sound(probe(film("named.mkv", "-c:a", "aac", *named)), "de-DE").tracks == 0


async def test_the_trimmed_film_carries_the_chosen_sound_alone(film, sound, tmp_path):
    source = film("choice.mkv", "-c:a", "aac", "-ac", "2")
    await trim(source, tmp_path / "part.mp4", probe(source), None, None, sound=1)
    assert len(probe(tmp_path / "part.mp4").audio) == 1
    assert pitch(sound(tmp_path / "part.mp4")[:, 0]) == 900


@pytest.mark.parametrize(
    ("name", "codec"), [("text.mkv", "srt"), ("text.mp4", "mov_text"), ("ass.mkv", "ass"), ("vtt.mkv", "webvtt")]
)
async def test_subtitles_inside_a_film_are_read_as_its_script(make, reel, tmp_path, name, codec):
    for word in ("one", "two"):
        (tmp_path / f"{word}.srt").write_text(SCRIPT.format(word))
    tags = ["-metadata:s:s:0", "language=fra", "-metadata:s:s:1", "language=eng"]
    inputs = ["-i", reel, "-i", tmp_path / "one.srt", "-i", tmp_path / "two.srt"]
    film = make(f"inside-{name}", *inputs, "-map", "0", "-map", "1", "-map", "2", *tags, "-c", "copy", "-c:s", codec)
    info = probe(film)
    assert choose_subtitles(info, "en-GB").index == info.subtitles[1].index
    for asked, word in ((None, "two"), (0, "one")):
        file = await extract_subtitles(info, choose_subtitles(info, "en-GB", asked), tmp_path)
        cues = read_file(file).track.cues
        assert [plain_text(cue.text) for cue in cues] == ["Hello there.", f"Second {word}."]
        assert abs(cues[0].start_ms - 200) <= 40
    note = note_left_out(info, script_is_embedded=False)[0]
    assert "0 (French" in note
    assert "`source.subtitles: embedded`" in note
    assert note_left_out(info, script_is_embedded=True) == ()
    with pytest.raises(MediaError, match="no German subtitles") as refused:
        choose_subtitles(info, "de-DE")
    assert "1 (English" in refused.value.remedy
    with pytest.raises(MediaError, match="number 2"):
        choose_subtitles(info, "en-US", 2)


def test_pictures_of_text_are_refused_as_a_script(make, reel, tmp_path):
    (tmp_path / "one.srt").write_text(SCRIPT.format("one"))
    info = probe(make("inside.mkv", "-i", reel, "-i", tmp_path / "one.srt", "-map", "0", "-map", "1", "-c", "copy"))
    drawn = replace(info.subtitles[0], codec="hdmv_pgs_subtitle", is_text=False)
    with pytest.raises(MediaError, match="pictures of text"):
        choose_subtitles(replace(info, subtitles=(drawn,)), "en-US", 0)


async def test_chapters_are_kept_and_move_with_a_trim(reel, tmp_path):
    marks = [Mark(0, "Opening"), Mark(2_000, "Zwei \u00e4"), Mark(5_500, "x" * 300)]
    await mux(reel, [AudioTrack(reel, "es-ES")], [], tmp_path / "film.mp4", chapters=marks)
    with av.open(str(tmp_path / "film.mp4")) as container:
        found = [(one["start"] * one["time_base"], one["metadata"]["title"]) for one in container.chapters()]
    assert found == [(0, "Opening"), (2, "Zwei \u00e4"), (5.5, "x" * 255)]


def test_what_a_delivered_film_has_no_place_for_is_named(make, reel, picture, tmp_path):
    (tmp_path / "f.ttf").write_bytes(b"font")
    heavy = ["-attach", tmp_path / "f.ttf", "-metadata:s:t", "mimetype=font/ttf"]
    film = make("more.mkv", "-i", reel, *picture("64x64"), "-map", "0", "-map", "1", *heavy, "-t", 2, "-c:a", "copy")
    assert note_left_out(probe(film), script_is_embedded=False) == (
        "Also left out of the video: 1 picture track, 1 attachment.",
    )
    timed = make("timed.mov", "-i", reel, "-c", "copy", "-timecode", "01:00:00:00")
    assert "01:00:00:00" in note_left_out(probe(timed), script_is_embedded=False)[0]
    check_sound(probe(timed), 0)


def test_a_job_without_a_script_hears_of_the_subtitles_inside_its_video(make, reel, tmp_path):
    (tmp_path / "one.srt").write_text(SCRIPT.format("one"))
    film = make("offer.mkv", "-i", reel, "-i", tmp_path / "one.srt", "-map", "0", "-map", "1", "-c", "copy")
    for media, offered in ((film, True), (reel, False), ("https://example.com/film.mkv", False)):
        job = Job(name="x", source=Source(media=str(media), locale="en-US"), targets=(Target(locale="es-ES"),))
        with pytest.raises(EngineError) as missing, offer_embedded(job):
            require_listener_of_nobody()
        assert ("`subtitles: embedded`" in missing.value.remedy) is offered


def require_listener_of_nobody() -> None:
    raise EngineError("no weights", code="model_missing", remedy="Pull them.")
