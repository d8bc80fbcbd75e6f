"""Job files: what is accepted, and what each refusal says."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from polyreel.errors import InvalidJob
from polyreel.intake.jobfile import anchor_paths, load_job, parse_job, redirect_delivery
from polyreel.job import Job
from polyreel.job.values import PATTERNS_IN_WORDS

FULL = dedent(
    """
    name: welcome
    source:
      media: narrated.mp4
      locale: en-US
      subtitles: narrated.en-US.srt
      background: null
      speakers: 1
    trim: {start: 0, end: 30}
    targets:
      - locale: es-ES
        subtitles: narrated.es-ES.srt
        voice: null
      - fr-FR
    dubbing:
      provider: embedded
      credentials: null
      mix: dub
    subtitles: {formats: [srt, vtt], profile: netflix}
    packaging: []
    delivery:
      - {to: folder, path: out}
    budget: {minutes: 120}
    quality: {on_fail: deliver}
    """
)


def minimal(**changes: object) -> str:
    """A small job as JSON (which is YAML too)."""
    job = {"name": "a", "source": {"media": "a.mp4", "locale": "en-US"}, "targets": ["es-ES"]}
    return json.dumps(job | changes)


def refusal(text: str) -> str:
    with pytest.raises(InvalidJob) as caught:
        parse_job(text, "job.yaml")
    assert str(caught.value).startswith("job.yaml: ")
    assert caught.value.code == "invalid_input"
    return caught.value.message


def test_the_documented_job_is_read_with_every_field() -> None:
    job = parse_job(FULL, "job.yaml")
    assert job.name == "welcome"
    assert [target.locale for target in job.targets] == ["es-ES", "fr-FR"]
    assert job.dubbing.provider == "embedded"
    assert job.trim is not None
    assert job.trim.end == 30


def test_a_job_survives_the_way_through_json() -> None:
    job = parse_job(FULL, "job.yaml")
    assert Job.model_validate(job.model_dump(mode="json")) == job


def test_the_schema_accepts_both_forms_of_a_target() -> None:
    items = Job.model_json_schema()["properties"]["targets"]["items"]
    assert {form["type"] for form in items["anyOf"]} == {"object", "string"}


def test_paths_are_taken_from_the_job_files_folder(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(FULL)
    job = load_job(tmp_path / "job.yaml")
    assert job.source.media == str(tmp_path / "narrated.mp4")
    assert job.targets[0].subtitles == str(tmp_path / "narrated.es-ES.srt")
    assert job.delivery[0].path == str(tmp_path / "out")


def test_addresses_are_left_as_they_are() -> None:
    job = parse_job(minimal(source={"media": "https://example.com/a.mp4", "locale": "en-US"}), "job.yaml")
    assert anchor_paths(job, Path("/somewhere")).source.media == "https://example.com/a.mp4"


def test_out_replaces_the_folder_and_keeps_the_other_deliveries() -> None:
    job = parse_job(
        minimal(delivery=[{"to": "folder", "path": "x"}, {"to": "s3", "path": "s3://films/dubs"}]), "job.yaml"
    )
    assert [place.to for place in redirect_delivery(job, Path("/elsewhere")).delivery] == ["folder", "s3"]
    assert redirect_delivery(job, Path("/elsewhere")).delivery[0].path == "/elsewhere"


def test_locales_are_brought_to_their_standard_spelling() -> None:
    assert parse_job(minimal(targets=["pt-br"]), "job.yaml").targets[0].locale == "pt-BR"


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_read_as_json(indent: int | str | None) -> None:
    """As programs write it: signs beyond 16 bits in two halves, tabs, and figures that YAML takes for text."""
    job = {**json.loads(minimal()), "source": {"media": "reel \U0001f3ac.mp4", "locale": "en-US", "offset": 12}}
    text = json.dumps(job, indent=indent).replace("12", "1.2e1")
    found = parse_job(text, "job.json").source
    assert (found.media, found.offset) == ("reel \U0001f3ac.mp4", 12)


def test_a_name_that_json_gives_twice_is_refused() -> None:
    with pytest.raises(InvalidJob, match="'name' is given twice"):
        parse_job('{"name": "a", "name": "b", "source": {"media": "a.mp4", "locale": "en-US"}}', "job.json")


def test_every_pattern_of_a_job_is_told_in_words() -> None:
    """A regular expression is no remedy."""
    patterns = set[str]()

    def collect(each: dict[str, Any]) -> None:
        if isinstance(each.get("pattern"), str):
            patterns.add(each["pattern"])

    json.loads(json.dumps(Job.model_json_schema()), object_hook=collect)
    assert patterns == set(PATTERNS_IN_WORDS)


def test_norwegian_is_a_language_and_not_false() -> None:
    job = parse_job("name: a\nsource: {media: a.mp4, locale: en-US}\ntargets: [no]", "job.yaml")
    assert job.targets[0].locale == "no"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "../escape"}, "name: must be a slug"),
        (
            {"quality": {"mend": True}, "dubbing": {"provider": "panjaya", "credentials": "a"}},
            "`mend` is for dubs made on this machine",
        ),
        ({"name": "a/b"}, "name: must be a slug"),
        ({"name": ".hidden"}, "name: must be a slug"),
        ({"name": "x" * 81}, "name: must be a slug"),
        ({"name": 5}, "name: must be text"),
        (
            {"dubbing": {"provider": "panjaya", "credentials": "My Key"}},
            "dubbing.panjaya.credentials: must be a name of saved credentials",
        ),
        ({"delivery": [{"to": "s3", "path": "films"}]}, "delivery[0].s3.path: must be an address such as s3://"),
        ({"source": {"media": "", "locale": "en-US"}}, "source.media: must have at least 1 character"),
        ({"surprise": 1}, "surprise: there is no such field"),
        ({"targets": []}, "targets: "),
        ({"targets": [], "scripts": ["srt"], "masters": ["wav"]}, "`masters` is of dubs"),
        ({"targets": [], "scripts": ["srt"], "review": "final"}, "`review` is of dubs"),
        ({"targets": ["xx-YY"]}, "targets[0].locale: 'xx-YY' is not a known locale"),
        ({"targets": ["../../etc"]}, "targets[0].locale: '../../etc' is not a known locale"),
        ({"targets": ["es-ES", "es-es"]}, "target es-ES is listed twice"),
        ({"targets": ["en-US"]}, "target en-US is the language of the source"),
        ({"trim": {"start": 5, "end": 2}}, "trim: the end (2 s) must come after the start (5 s)"),
        ({"trim": {"start": -1}}, "trim.start: input should be greater than or equal to 0"),
        ({"trim": {"start": "1"}}, "trim.start: input should be a valid number"),
        ({"dubbing": {"provider": "magic"}}, "dubbing: its `provider` is one of `embedded`"),
        ({"dubbing": {"mix": "dub"}}, "dubbing: needs `provider`, which says what the other fields are"),
        ({"trim": 5}, "trim: is a group of fields"),
        ({"targets": "es-ES"}, "targets: is a list"),
        ({"dubbing": {"provider": "embedded", "api_key": "k"}}, "dubbing.embedded.api_key: there is no such field"),
        ({"source": {"media": "a.mp4"}}, "source.locale: is required"),
        ({"source": {"media": "a\u0000.mp4", "locale": "en"}}, "source.media"),
        *(
            ({"source": {"media": "a.mp4", "locale": "en", "speakers": wrong}}, "source.speakers: is how many people")
            for wrong in ("1", "some", 0, 51, 2.5, True)
        ),
        ({"subtitles": {"formats": ["avi"]}}, "subtitles.formats[0]"),
        ({"delivery": [{"to": "mars"}]}, "delivery[0]"),
        ({"budget": {"minutes": -1}}, "budget.minutes"),
        ({"delivery": [{"to": "tpstreams"}]}, "delivery[0].tpstreams.credentials: is required"),
        ({"delivery": [{"to": "s3", "path": "films/dubs"}]}, "delivery[0].s3.path"),
        ({"delivery": [{"to": "nomad", "credentials": "a", "project": "b"}]}, "delivery[0].nomad.project: there is no"),
        ({"staging": {"to": "tpstreams", "credentials": "a"}}, "staging: its `to` is one of"),
        ({"fallback": [{"provider": "embedded"}]}, "the fallback names a way of dubbing twice"),
        ({"wait": "sleep"}, "wait: "),
        ({"source": {"media": "nomad:1", "locale": "en"}}, "name the saved nomad `credentials` that may read it"),
        ({"source": {"media": "nomad:", "locale": "en", "credentials": "a"}}, "media names no asset"),
        ({"source": {"media": "tpstreams:../x", "locale": "en", "credentials": "a"}}, "media names no asset"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, object], words: str) -> None:
    assert words in refusal(minimal(**change))


def test_every_wrong_field_is_named_at_once() -> None:
    message = refusal(minimal(name="a b", targets=["xx-YY"], extra=1))
    assert "name:" in message
    assert "targets[0].locale:" in message
    assert "extra:" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a job is a mapping"),
        ("- a", "a job is a mapping"),
        ("name: [", "not valid YAML"),
        ("a: &x 1\nb: *x", "aliases"),
        ("name: a\nname: b", "'name' is given twice (line 2"),
        ("name: a\n[trim]: b", "a field's name is not text (line 2"),
        ("name: a\nbudget: 0x_", "'0x_' can't be read; put text in quotes (line 2"),
        ("budget: " + "9" * 5000, "can't be read; put text in quotes (line 1"),
        ("budget: !!bool perhaps", "'perhaps' can't be read; put text in quotes (line 1"),
        ("!!python/object/apply:os.system [true]", "not valid YAML"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_job_is_refused(text: str, words: str) -> None:
    assert words in refusal(text)


def test_unreadable_job_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (1 << 21))
    for place in (tmp_path, tmp_path / "missing.yaml", tmp_path / "latin.yaml", tmp_path / "huge.yaml"):
        with pytest.raises(InvalidJob) as caught:
            load_job(place)
        assert caught.value.where == str(place)


_HUGE = "y" * 900_000
_JOB = "name: x\nsource: {media: a.mp4, locale: en-US}\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            f"name: x\nsource: {{media: a.mp4, locale: en-US}}\ntargets: [{', '.join(f'bad{n}' for n in range(1000))}]",
            "990",
        ),
        (f"name: {_HUGE}\nsource: {{media: a.mp4, locale: en-US}}\ntargets: [es-ES]", "name"),
        (f"name: x\nsource: {{media: a.mp4, locale: {_HUGE}}}\ntargets: [es-ES]", "source.locale"),
        (f"{_JOB}targets: [es-ES]\n{_HUGE[:1000]}: 1", "there is no such field"),
        (
            f"name: x\nsource: {{media: a.mp4, locale: en-US}}\ntargets: [es-ES]\ndubbing: {{provider: {_HUGE}}}",
            "provider",
        ),
        (f"name: x\nsource: [{_HUGE}", "not valid YAML"),
    ],
    ids=["a thousand locales", "name", "locale", "field", "provider", "yaml"],
)
def test_an_error_is_short_whatever_it_quotes(text: str, named: str) -> None:
    with pytest.raises(InvalidJob) as refusal:
        parse_job(text, "job.yaml")
    assert named in str(refusal.value)
    assert len(str(refusal.value)) < 4500


def test_of_a_long_message_the_middle_is_left_out_and_said_to_be() -> None:
    error = InvalidJob("begin " + "x" * 100_000 + " end", where="y" * 100_000)
    assert error.message.startswith("begin xxx")
    assert error.message.endswith("xxx end")
    assert "left out)" in error.message
    assert len(str(error)) < 5100


def test_a_file_that_is_no_job_is_not_quoted() -> None:
    """It may be any file of this machine, named by somebody who may not read it."""
    with pytest.raises(InvalidJob, match="no field of a job is in it") as refusal:
        parse_job("root: $6$secret\ndaemon: '*'\n", "shadow")
    assert "root" not in str(refusal.value)
