"""The vendors' own published Python clients against the sandbox, unchanged, each in a throwaway environment by pip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from tests.rehearsal import sandbox_at

MINUTES = 60

VIDEO_JUNGLE = """
    import json, sys, requests
    from videojungle import ApiClient

    base, reel, out = sys.argv[1:]
    ApiClient.BASE_URL = base + "/videojungle"
    client = ApiClient("videojungle-sandbox")
    said = {"user": client.user_account.info().email}

    video = client.video_files.create("a reel", reel)
    said["video"] = [video.filename, round(video.duration), video.size]
    said["listed"] = [each.id for each in client.video_files.list()] == [video.id]
    said["found"] = [each["video"]["id"] for each in client.video_files.search("reel", duration_min=1)] == [video.id]
    client.video_files.download(video.id, out + "/video.mp4")

    project = client.projects.create("a project", "with a description")
    script = client.scripts.create(project.id, "a script", {"steps": []}, {"sign": "aries"})
    said["scripts"] = [each.id for each in client.scripts.list(project.id)] == [script.id]
    made = client.projects.generate(project.id, script.id, {"sign": "leo"})
    said["before"] = client.assets.check(made["asset_id"])
    requests.put(made["url"], data=open(reel, "rb")).raise_for_status()
    said["after"] = client.assets.check(made["asset_id"])
    client.assets.download(made["asset_id"], out + "/generated.mp4")

    asset = client.assets.upload_asset("mine", "described", project.id, reel)
    said["asset"] = [asset.keyname, asset.uploaded]
    client.assets.download(asset.id, out + "/asset.mp4")
    said["assets"] = len(client.assets.list_for_project(project.id))
    client.assets.add_videofile_to_project(project.id, video.id)
    said["project"] = client.projects.get(project.id).asset_count
    client.assets.delete(asset.id)
    client.scripts.delete(project.id, script.id)
    client.projects.delete(project.id)
    client.video_files.delete(video.id)
    said["left"] = [len(client.projects.list()), len(client.video_files.list())]
    try:
        client.prompts.list()
    except requests.HTTPError as error:
        said["undocumented"] = error.response.status_code
    print(json.dumps(said))
"""

NOMAD = """
    import json, sys, time, requests
    from nomad_media_pip.src.nomad_sdk import Nomad_SDK

    base, reel, out = sys.argv[1:]
    account = {"serviceApiUrl": base + "/nomad", "username": "sandbox", "password": "sandbox", "disableLogging": True}
    admin = Nomad_SDK({**account, "apiType": "admin"})
    first = admin.token
    admin.refresh_token()
    said = {"refreshed": admin.token not in (None, first)}

    def settled(asset_id, status="Available"):
        for _ in range(600):
            found = admin.get_asset(asset_id)
            if found["assetStatusDisplay"] == status:
                return found
            time.sleep(0.1)
        raise SystemExit(f"{asset_id} is {found['assetStatusDisplay']}, not {status}")

    asset = admin.upload_asset("reel.mp4", None, None, "replace", reel)
    said["uploaded"] = requests.get(settled(asset)["fullUrl"]).content == open(reel, "rb").read()
    with open(out + "/reel.fr.srt", "w") as file:
        file.write("1\\n00:00:00,500 --> 00:00:02,000\\nBonjour\\n")
    said["related"] = admin.upload_related_asset(asset, None, "Subtitle", "replace", out + "/reel.fr.srt") is not None

    parents = admin.get_asset_parent_folders(asset, 10)
    folder = admin.create_folder_asset(parents[-1]["id"], "a folder")["id"]
    details = admin.get_asset_details(asset)
    said["details"] = [details["displayName"], len(details["relatedAssets"])]
    pause = admin.create_asset_ad_break(asset, "00:00:01;00", None, None)
    said["breaks"] = [each["id"] for each in admin.get_asset_ad_breaks(asset)] == [pause["id"]]
    said["moved break"] = admin.update_asset_ad_break(asset, pause["id"], "00:00:02;00", None, None)["timecode"]
    admin.delete_asset_ad_break(asset, pause["id"])

    clip = admin.clip_asset(asset, "00:00:01;00", "00:00:03;00", "a clip", folder, None, None, None, None, None)
    said["clip"] = round(settled(clip["id"])["duration"])
    shot = admin.create_screenshot_at_timecode(asset, "00:00:02;00")
    said["screenshot"] = requests.get(shot["url"]).headers["content-type"]
    admin.update_asset(asset, "renamed.mp4", None, None, None, {"season": "1"})
    said["renamed"] = settled(asset)["displayName"]
    admin.move_asset(asset, folder, None, None, None)
    said["moved"] = settled(asset)["parentId"] == folder
    archive = admin.download_archive_asset([asset], "all", False)
    said["zip"] = requests.get(archive["url"]).content[:2].decode()
    admin.archive_asset(asset)
    settled(asset, "Archived")
    admin.restore_asset(asset)
    settled(asset, "Restored")
    token = admin.token

    portal = Nomad_SDK({**account, "apiType": "portal"})
    portal.config["apiType"] = "portal"
    note = portal.create_annotation(asset, "00:00:01;00", "00:00:02;00", "a title", "a summary", "described")
    said["annotated"] = portal.update_annotation(asset, note["id"], None, None, "another")["properties"]["title"]
    portal.import_annotations(asset, [{"startTimeCode": "00:00:03;00"}])
    said["annotations"] = len(portal.get_annotations(asset))
    portal.delete_annotation(asset, note["id"])
    share = portal.share_asset(asset, None, [{"id": "ana@example.com"}], 24)
    said["share"] = requests.get(share["url"]).status_code
    portal.local_restore_asset(asset, "on-premises")
    portal.records_asset_tracking_beacon(asset, "play", None, None, 1)

    admin.config["apiType"] = "admin"
    admin.delete_asset(asset)
    said["gone"] = admin.get_asset(asset)
    last = admin.token
    admin.logout()
    answer = requests.get(base + "/nomad/admin/asset/root", headers={"Authorization": "Bearer " + last})
    said["logged out"] = answer.status_code
    print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox of its own: its base URL."""
    with sandbox_at(tmp_path_factory.mktemp("published"), "--instant") as base:
        yield base


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of picture and sound."""
    out = tmp_path_factory.mktemp("media") / "reel.mp4"
    picture, sound = "testsrc2=size=192x108:rate=10:duration=4", "sine=frequency=300:duration=4"
    inputs = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"]
    subprocess.run([get_ffmpeg_exe(), "-loglevel", "error", "-nostdin", *inputs, *codecs, str(out)], check=True)
    return out


def _client(python: str, package: str, folder: Path) -> Path:
    """A throwaway environment with one published client; skips, saying so, where pip can't get it."""
    subprocess.run([python, "-m", "venv", str(folder / "venv")], check=True)
    inside = folder / "venv" / "bin" / "python"
    got = subprocess.run(
        [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package],
        capture_output=True,
        text=True,
        check=False,
    )
    if got.returncode:
        pytest.skip(f"pip could not install {package} here: {got.stderr.strip()[-200:]}")
    return inside


def _said(python: Path, script: str, *args: str) -> dict[str, object]:
    """What a client's script prints last, as JSON."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(python), "-c", dedent(script), *args], capture_output=True, text=True, check=False, env=clean, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def test_the_published_video_jungle_client_works_unchanged(sandbox: str, reel: Path, tmp_path: Path) -> None:
    """User info, video files, projects, scripts and assets, end to end."""
    python = _client(sys.executable, "videojungle==0.1.80", tmp_path)
    said = _said(python, VIDEO_JUNGLE, sandbox, str(reel), str(tmp_path))
    assert said == {
        "user": "sandbox@example.com",
        "video": ["reel.mp4", 4, reel.stat().st_size],
        "listed": True,
        "found": True,
        "scripts": True,
        "before": {"uploaded": False},
        "after": {"uploaded": True},
        "asset": ["mine", True],
        "assets": 2,
        "project": 3,
        "left": [0, 0],
        "undocumented": 404,
    }
    for name in ("video.mp4", "generated.mp4", "asset.mp4"):
        assert (tmp_path / name).read_bytes() == reel.read_bytes()


def test_the_published_nomad_client_works_unchanged(sandbox: str, reel: Path, tmp_path: Path) -> None:
    """Login to logout: uploads, folders, clips, screenshots, archive, annotations, share, deletion."""
    newer = sys.executable if sys.version_info >= (3, 12) else _python312()
    python = _client(newer, "nomad-media-pip==0.1.9", tmp_path)
    assert _said(python, NOMAD, sandbox, str(reel), str(tmp_path)) == {
        "refreshed": True,
        "uploaded": True,
        "related": True,
        "details": ["reel.mp4", 1],
        "breaks": True,
        "moved break": "00:00:02;00",
        "clip": 2,
        "screenshot": "image/png",
        "renamed": "renamed.mp4",
        "moved": True,
        "zip": "PK",
        "annotated": "another",
        "annotations": 2,
        "share": 200,
        "gone": None,
        "logged out": 401,
    }


def _pyenv_versions() -> list[str]:
    if shutil.which("pyenv") is None:
        return []
    answer = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False)
    return answer.stdout.split()


def _python312() -> str:
    """A Python 3.12 that really starts; skips, saying so, where there is none on PATH."""
    found = shutil.which("python3.12")
    # Behind pyenv's shim a version only starts when it is asked for by its full name.
    wanted = [{}] + [{"PYENV_VERSION": line} for line in _pyenv_versions() if line.startswith("3.12.")]
    for more in wanted if found else ():
        ask = [str(found), "-c", "import sys; print(sys.executable)"]
        answer = subprocess.run(ask, capture_output=True, text=True, check=False, env={**os.environ, **more})
        if answer.returncode == 0:
            return answer.stdout.strip()
    pytest.skip("the published nomad client needs python3.12 on PATH, which is not here")
