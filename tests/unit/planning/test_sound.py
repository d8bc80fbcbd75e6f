"""What can't be asked of a reel without a picture, said in one line before anything runs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from polyreel.errors import InvalidJob, MediaError
from polyreel.job import Job
from polyreel.media.info import MediaInfo, VideoStream
from polyreel.planning.sound import container_of, describe_sound, require_picture_where_asked

SOUND = MediaInfo(Path("a.mp3"), "mp3", Fraction(60), None, (), ())
PICTURE = VideoStream(
    0, "h264", "High", 640, 360, "yuv420p", Fraction(25), Fraction(1, 25), Fraction(0), Fraction(60), False, None, 0
)
FILM = replace(SOUND, path=Path("a.mp4"), container="mov,mp4", video=PICTURE)


def job(**changes: Any) -> Job:
    asked = {"name": "pod", "source": {"media": "a.mp3", "locale": "en-US"}, "targets": ["es-ES"]}
    return Job.model_validate(asked | changes)


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        ({"masters": ["wav", "burned"]}, "masters", "`burned` needs a picture"),
        ({"masters": ["mp4"]}, "masters", "`mp4` needs a picture"),
        (
            {"packaging": ["hls"], "targets": [{"locale": "es-ES", "audio_description": "a.m4a"}]},
            "audio_description",
            "an audio description needs a picture",
        ),
        ({"packaging": [{"kind": "hls", "ladder": [360]}]}, "packaging", "a ladder needs a picture"),
        ({"dubbing": {"provider": "embedded", "fit": {"picture": True}}}, "dubbing", "`fit: {picture: true}` needs"),
        ({"dubbing": {"provider": "panjaya", "credentials": "a"}}, "dubbing", "Panjaya needs a picture"),
        ({"fallback": [{"provider": "dubformer", "credentials": "a"}]}, "dubbing", "Dubformer needs a picture"),
        ({"delivery": [{"to": "tpstreams", "credentials": "a"}]}, "delivery", "TPStreams needs a picture"),
        ({"delivery": [{"to": "nomad", "credentials": "a", "path": "x"}]}, "delivery", "asset manager needs a picture"),
        ({"delivery": [{"to": "videojungle", "credentials": "a"}]}, "delivery", "Video Jungle needs a picture"),
    ],
)
def test_what_needs_a_picture_is_refused_with_what_to_do(change: dict[str, Any], where: str, words: str) -> None:
    require_picture_where_asked(job(**change), has_picture=True)
    with pytest.raises(InvalidJob) as raised:
        require_picture_where_asked(job(**change), has_picture=False)
    assert (raised.value.code, raised.value.where) == ("needs_picture", where)
    assert words in raised.value.message
    assert raised.value.remedy
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("media", ["talk.MP4", "https://films.example/talk.mov?key=1", "s3://films/talk.mkv"])
def test_a_film_that_has_lost_its_picture_is_refused_unless_sound_is_meant(media: str) -> None:
    source = {"media": media, "locale": "en-US"}
    with pytest.raises(
        MediaError, match=r"^source.media: talk.* holds sound without a picture.*`output: m4a`"
    ) as raised:
        require_picture_where_asked(job(source=source), has_picture=False)
    assert raised.value.code == "unsupported_media"
    require_picture_where_asked(job(source=source, output="m4a"), has_picture=False)
    require_picture_where_asked(job(source=source, targets=[], scripts=["srt"]), has_picture=False)
    require_picture_where_asked(job(source=source), has_picture=True)


def test_what_sound_can_is_not_refused() -> None:
    asked = job(
        packaging=["hls", "dash"], masters=["wav", "stems", "otio"], delivery=[{"to": "s3", "path": "s3://pods/b"}]
    )
    require_picture_where_asked(asked, has_picture=False)
    assert container_of(SOUND, asked) == "mp3"
    assert container_of(SOUND, job(output="wav")) == "wav"
    assert "one mp3 file" in describe_sound(SOUND, asked)[0]
    # Of a source that is only transcribed there is no dub to speak of.
    assert describe_sound(SOUND, job(targets=[], scripts=["srt"])) == ()


def test_a_film_has_no_output() -> None:
    assert container_of(FILM, job()) == "mp4"
    assert describe_sound(FILM, job()) == ()
    with pytest.raises(InvalidJob) as raised:
        require_picture_where_asked(job(output="mp3"), has_picture=True)
    assert raised.value.code == "output_is_for_sound"
