"""Jobs from the API stay below the folders that are allowed; links and ``..`` don't lead out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from polyreel.errors import InvalidJob
from polyreel.intake.catalogue import load_catalogue
from polyreel.intake.folders import (
    SETTING,
    allow_as_caller,
    is_vouched,
    read_allowed_folders,
    require_allowed,
    require_path,
    setting_of,
)
from polyreel.intake.inbox.folder import FolderInbox
from polyreel.job import Job


@pytest.fixture
def allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that jobs may use, on a machine with a secret beside it."""
    folder = tmp_path / "allowed, with a comma"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "reel.mp4").write_bytes(b"reel")
    (tmp_path / "secret.srt").write_text("secret")
    monkeypatch.setenv("POLYREEL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(SETTING, setting_of([folder])[SETTING])
    monkeypatch.chdir(folder)
    return folder


def job_with(field: str, place: str) -> Job:
    """A job that is fine but for one path."""
    job: dict[str, Any] = {
        "name": "x",
        "source": {"media": "in/reel.mp4", "locale": "en-US"},
        "targets": [{"locale": "es-ES", "subtitles": "in/es.srt"}],
        "delivery": [{"to": "folder", "path": "out"}],
        "translation": {"provider": "argos"},
        "speakers": {"Ana": {"voices": {}}},
    }
    match field:
        case "targets":
            job["targets"][0]["subtitles"] = place
        case "voice":
            job["targets"][0]["voice"] = f"{place}.onnx#2"
        case "speakers":
            job["speakers"]["Ana"]["voices"] = {"es-ES": f"{place}.onnx"}
        case "delivery":
            job["delivery"][0]["path"] = place
        case "glossary":
            job["translation"]["glossary"] = place
        case _:
            job["source"][field] = place
    return Job.model_validate(job)


FIELDS = ["media", "subtitles", "background", "targets", "delivery", "glossary", "voice", "speakers"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("place", ["in/x", "./in/../y", "{allowed}/z/new", "in/inner-link/x", "file://{allowed}/in/a"])
def test_what_lies_below_is_free(allowed: Path, field: str, place: str) -> None:
    (allowed / "in" / "inner-link").symlink_to(allowed)
    if place.startswith("file:"):
        place = f"{allowed.as_uri()}/in/a" if field not in {"voice", "speakers", "delivery"} else "in"
    require_allowed(job_with(field, place.replace("{allowed}", str(allowed))))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "place",
    [
        "/etc/passwd",
        "../secret.srt",
        "in/../../secret.srt",
        "in/link/secret.srt",
        "in/far",
        "~/.ssh/id_rsa",
        "{allowed}-beside/x",
        "/proc/self/environ",
        "/proc/self/cwd/../secret.srt",
        "/dev/stdin",
    ],
)
def test_what_leads_out_is_refused_by_name(allowed: Path, field: str, place: str) -> None:
    """Every path of a job, to read from or to write to, however it leads out."""
    (allowed / "in" / "link").symlink_to(allowed.parent)
    for name in ("far", "far.onnx"):
        (allowed / "in" / name).symlink_to("/etc/passwd")
    with pytest.raises(InvalidJob, match=r"\[forbidden_path\]|outside of the folders") as caught:
        require_allowed(job_with(field, place.replace("{allowed}", str(allowed))))
    assert caught.value.code == "forbidden_path"
    assert "--files" in caught.value.remedy
    assert SETTING in caught.value.remedy


@pytest.mark.parametrize("place", ["file:///etc/passwd", "FILE:/etc/passwd", "file:///proc/self/cwd/../secret.srt"])
def test_an_address_of_a_file_is_a_path(allowed: Path, place: str) -> None:
    for field in ("media", "subtitles", "targets"):
        with pytest.raises(InvalidJob, match="outside of the folders"):
            require_allowed(job_with(field, place))


@pytest.mark.parametrize("place", ["https://example.com/a.mp4", "s3://films/a.mp4"])
def test_addresses_are_judged_by_who_fetches_them(allowed: Path, place: str) -> None:
    require_allowed(job_with("media", place))


@pytest.mark.parametrize("place", ["xx:/../../secret.srt", "http:/../../secret.srt", "s3:/../../../x", "./xx:/../../x"])
def test_a_path_that_begins_like_an_address_is_a_path(allowed: Path, place: str) -> None:
    """``xx:/../../srv`` would be made, and written to, far from here."""
    with pytest.raises(InvalidJob, match="outside of the folders"):
        require_path(place)  # catalogues, job files, corrected scripts
    for field in ("voice", "speakers"):
        with pytest.raises(InvalidJob, match="outside of the folders"):
            require_allowed(job_with(field, place))
    for change in ({"delivery": [{"to": "folder", "path": place}]}, {"series": place}):
        data = {**job_with("media", "in/reel.mp4").model_dump(), **change}
        if place.startswith("./"):
            with pytest.raises(InvalidJob, match="outside of the folders"):
                require_allowed(Job.model_validate(data))
        else:
            with pytest.raises(ValidationError, match="is an address, where a folder"):
                Job.model_validate(data)


@pytest.mark.parametrize(
    "voice",
    ["piper:/etc/x.onnx@es-ES", "/etc/x", "piper:../../x", "in/x@/../../../etc/y.onnx", "{allowed}/../x.onnx#1@es-ES"],
)
def test_a_voice_that_is_named_as_its_engine_names_it_is_a_path_too(allowed: Path, voice: str) -> None:
    data = job_with("media", "in/reel.mp4").model_dump()
    data["targets"][0]["voice"] = voice.replace("{allowed}", str(allowed))
    with pytest.raises(InvalidJob, match="outside of the folders"):
        require_allowed(Job.model_validate(data))


@pytest.mark.parametrize("series", [".", ".."])
def test_a_series_has_a_name(series: str) -> None:
    """Else POLYREEL_HOME itself would be read and written as one."""
    data = job_with("media", "in/reel.mp4").model_dump()
    with pytest.raises(ValidationError, match="is no name"):
        Job.model_validate({**data, "series": series})


def test_a_link_in_a_circle_is_outside(allowed: Path) -> None:
    (allowed / "in" / "round").symlink_to(allowed / "in" / "round")
    require_path("in/reel.mp4")
    with pytest.raises(InvalidJob):
        require_path("in/round/../../../secret.srt")


def test_our_own_folder_is_nobodys_material(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started in the folder that POLYREEL_HOME lies in: the database and the ledger stay out of reach all the same."""
    home = allowed / "home"
    monkeypatch.setenv("POLYREEL_HOME", str(home))
    monkeypatch.setenv(SETTING, setting_of([allowed, home / "deliveries"])[SETTING])
    for inside in ("prefect/prefect.db", "store", "ledger.db"):
        with pytest.raises(InvalidJob):
            require_path(str(home / inside))
    require_path(str(home / "deliveries" / "x"))


def test_without_the_setting_every_path_is_free(allowed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on the command line, and in pools whose owner sets none."""
    monkeypatch.delenv(SETTING)
    require_allowed(job_with("media", "/etc/passwd"))
    require_path("/etc/passwd")


def test_the_setting_may_be_written_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")]))
    assert read_allowed_folders() == [tmp_path / "a", tmp_path / "b"]
    monkeypatch.setenv(SETTING, "[broken")
    with pytest.raises(InvalidJob, match="is no list of folders"):
        read_allowed_folders()


def test_what_somebody_here_hands_in_is_vouched_for(allowed: Path) -> None:
    assert not is_vouched("x-0123")
    allow_as_caller("x-0123")
    assert is_vouched("x-0123")
    assert not is_vouched("x-0124")


@pytest.mark.parametrize("entry", ["../secret.yaml", "in/link/secret.yaml", "/etc/passwd"])
def test_a_catalogue_names_no_job_file_outside(allowed: Path, entry: str) -> None:
    """It is refused before anything of it is read."""
    (allowed / "in" / "link").symlink_to(allowed.parent)
    (allowed.parent / "secret.yaml").write_text("secret: 1")
    (allowed / "catalogue.yaml").write_text(f"jobs: [{entry}]")
    with pytest.raises(InvalidJob, match="outside of the folders"):
        load_catalogue(allowed / "catalogue.yaml", require_path)


@pytest.mark.parametrize("name", ["series.yaml", "glossary.tsv", "memory.tmx"])
def test_a_series_whose_files_are_links_leads_nowhere(allowed: Path, name: str) -> None:
    (allowed / "show").mkdir()
    job = job_with("media", "in/reel.mp4").model_copy(update={"series": "./show"})
    require_allowed(job)
    (allowed / "show" / name).symlink_to(allowed.parent / "secret.srt")
    with pytest.raises(InvalidJob, match="outside of the folders"):
        require_allowed(job)


def test_the_voices_of_a_series_are_files_of_the_job(allowed: Path) -> None:
    (allowed / "show").mkdir()
    (allowed / "show" / "series.yaml").write_text("cast: {Ben: {voices: {es-ES: /etc/ben.onnx}}}")
    with pytest.raises(InvalidJob, match="outside of the folders"):
        require_allowed(job_with("media", "in/reel.mp4").model_copy(update={"series": "./show"}))


def test_the_voices_of_the_owners_own_series_are_free(allowed: Path) -> None:
    folder = allowed.parent / "home" / "series" / "harbour"
    folder.mkdir(parents=True)
    (folder / "series.yaml").write_text("cast: {Ben: {voices: {es-ES: /srv/ben.onnx}}}")
    require_allowed(job_with("media", "in/reel.mp4").model_copy(update={"series": "harbour"}))


def test_what_is_said_of_a_voice_is_no_link_either(allowed: Path) -> None:
    (allowed / "in" / "ana.onnx").write_bytes(b"voice")
    (allowed / "in" / "ana.onnx.json").symlink_to("/etc/passwd")
    with pytest.raises(InvalidJob, match="outside of the folders"):
        require_allowed(job_with("voice", "in/ana"))


async def test_links_in_an_inbox_lead_nowhere(allowed: Path) -> None:
    """Job files, the folders that they are moved to, and the lock."""
    inbox = FolderInbox(str(allowed / "inbox"))
    (inbox.folder / "one.yaml").symlink_to(allowed.parent / "secret.srt")
    os.utime(inbox.folder / "one.yaml", (0, 0), follow_symlinks=False)
    os.utime(allowed.parent / "secret.srt", (0, 0))
    await inbox.claim_files("aaaa")
    (claim,) = await inbox.list_claims("aaaa")
    with pytest.raises(InvalidJob, match="outside of the folders"):
        await claim.read_job()
    (inbox.folder / "running" / ".aaaa.lock").symlink_to(allowed.parent / "made")
    with pytest.raises(InvalidJob, match="outside of the folders"):
        async with inbox.hold_alone("aaaa"):
            pass
    (inbox.folder / "done").mkdir()
    (inbox.folder / "done" / ".one.outcome.json.part").symlink_to(allowed.parent / "made")
    await claim.put_aside({"status": "failed"})
    assert not (allowed.parent / "made").exists()
    for name in ("running", "done"):
        (allowed / f"of-{name}").mkdir()
        (allowed / f"of-{name}" / name).symlink_to(allowed.parent)
        with pytest.raises(InvalidJob, match="outside of the folders"):
            FolderInbox(str(allowed / f"of-{name}"))
