"""The form in the Prefect UI, filled in by a headless browser, and the run that it starts."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from polyreel.intake.jobfile import load_job

# Where screenshots go: the docs' own folder when they are renewed on purpose, else a test's.
PICTURES = os.environ.get("POLYREEL_DOC_PICTURES")


pytestmark = pytest.mark.servers
if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
    pytest.skip("needs chromium, which is not here", allow_module_level=True)


def _driver() -> Any:
    path = Path(__file__).with_name("browser.py")
    spec = spec_from_file_location("polyreel_test_browser", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    driver = _driver()
    with driver.browser(tmp_path / "browser") as tab:
        yield tab


def field(label: str, nth: int = 0) -> str:
    """JavaScript that finds the input of a labelled field."""
    wanted = json.dumps(label)
    return (
        "[...document.querySelectorAll('.schema-form-property')].filter(e => {"
        "const l = e.querySelector('.p-label__label');"
        f"return l && l.innerText.replace('(Optional)', '').trim() === {wanted}}})[{nth}]"
        "?.querySelector('textarea, input')"
    )


def button(text: str, nth: int = 0) -> str:
    """JavaScript that finds a button by its text."""
    return f"[...document.querySelectorAll('button')].filter(b => b.innerText.trim() === {json.dumps(text)})[{nth}]"


def test_the_form_is_filled_in_and_the_run_it_starts_delivers(up: Any, work: Any, page: Any, tmp_path: Path) -> None:
    """A person types a name, a video, a language and its script, and presses Submit: the job is delivered."""
    job = work("es-ES")
    pictures = Path(PICTURES) if PICTURES else tmp_path / "pictures"
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    page.go(f"{up.ui}/deployments/deployment/{deployment}/run")
    page.until("document.body.innerText.includes('Spoken language')")
    page.type(field("Name"), "from-the-form")
    page.type(field("Media"), str(job.parent / "narrated.mp4"))
    page.type(field("Spoken language"), "en-US")
    page.click(button("Add item"))
    page.type(field("Language"), "es-ES")
    page.type(field("Script", 1), "/srv/reels/narrated.es-ES.srt")
    page.click(field("Language"))
    page.picture(pictures / "form.png")  # the docs show no path of the machine that made them
    page.type(field("Script", 1), str(job.parent / "narrated.es-ES.srt"))
    page.click(button("Submit"))

    run = _made(up)
    ended = up.until(run, "COMPLETED", "FAILED", "CRASHED")
    assert ended["state"]["message"].startswith("1 of 1 delivered"), ended["state"]
    page.go(f"{up.ui}/runs/flow-run/{run}")
    page.until("document.body.innerText.includes('from-the-form')")
    time.sleep(2)  # the graph draws itself
    page.picture(pictures / "run.png")
    drawn = up.call("POST", "/artifacts/filter", artifacts={"key": {"any_": ["from-the-form-summary"]}})
    page.go(f"{up.ui}/artifacts/artifact/{drawn[0]['id']}")
    page.until("document.body.innerText.includes('from-the-form: 1 of 1 delivered')")
    page.picture(pictures / "summary.png")
    assert "loudness" in page.text()


def test_the_cancel_button_ends_a_run(up: Any, work: Any, page: Any) -> None:
    """Pressed and confirmed on the run's page: the run is cancelled, and nothing of it is delivered."""
    job = work("es-ES", "fr-FR", "de-DE", "it-IT", name="cancelled-by-hand", minutes=7)
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    parameters = {"job": load_job(job).model_dump(mode="json")}
    run = up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters=parameters)["id"]
    page.go(f"{up.ui}/runs/flow-run/{run}")
    page.click(button("Cancel"))
    page.click(button("Confirm"))
    assert up.until(run, "CANCELLED", "COMPLETED", "FAILED")["state"]["type"] == "CANCELLED"
    assert not (job.parent / "out").exists()


def test_the_ui_works_by_its_other_name(up: Any, page: Any) -> None:
    """Opened as localhost, its pages call the API under 127.0.0.1: another origin, and still our own."""
    page.go(f"{up.ui.replace('127.0.0.1', 'localhost')}/deployments")
    page.until("document.body.innerText.includes('localise-inbox')")


@pytest.mark.parametrize("how", ["plain", "asked-first"])
def test_a_page_from_elsewhere_reaches_nothing(up: Any, page: Any, tmp_path: Path, how: str) -> None:
    """A site that is open in the same browser can neither start a job nor see one, asked first (preflight) or not."""
    kinds = {"plain": "text/plain", "asked-first": "application/json"}
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<p>elsewhere</p>")
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path / "site"))
    with site:
        Thread(target=site.serve_forever, args=(0.01,), daemon=True).start()
        page.go(f"http://127.0.0.1:{site.server_address[1]}/")
        page.until("document.body.innerText === 'elsewhere'")
        asked = {"method": "POST", "body": "{}", "headers": {"Content-Type": kinds[how]}}
        call = f"fetch({json.dumps(up.api + '/flow_runs/filter')}, {json.dumps(asked)})"
        assert page.js(f"{call}.then(answer => answer.text(), () => 'kept away')") == "kept away"
        seen = page.js(f"fetch({json.dumps(up.api + '/health')}, {{mode: 'no-cors'}}).then(answer => answer.type)")
        assert seen == "opaque"  # it is there, and says nothing
        site.shutdown()


def _made(up: Any) -> str:
    deadline = time.monotonic() + 60
    while True:
        runs = up.call("POST", "/flow_runs/filter", deployments={"name": {"any_": ["localise"]}}, limit=200)
        mine = [run for run in runs if (run["parameters"].get("job") or {}).get("name") == "from-the-form"]
        if mine:
            return str(mine[0]["id"])
        assert time.monotonic() < deadline, "the form started no run"
        time.sleep(0.3)


def test_a_held_run_is_decided_on_in_its_resume_form(up: Any, work: Any, page: Any, tmp_path: Path) -> None:
    """A person reads the lines, rejects without a reason, is asked again with their edits, approves: it delivers."""
    job = work("es-ES", name="held-for-the-form", review="script", trim={"start": 0, "end": 5})
    script = job.parent / "narrated.es-ES.srt"
    hostile = "[leads away](http://evil.example) www.evil.example &lt;img src=x onerror=alert(1)&gt;"
    script.write_text(script.read_text() + f"\n99\n00:00:05,000 --> 00:00:05,900\n{hostile}\n")
    pictures = Path(PICTURES) if PICTURES else tmp_path / "pictures"
    deployment = up.call("GET", "/deployments/name/localise/localise")["id"]
    parameters = {"job": load_job(job).model_dump(mode="json")}
    run = up.call("POST", f"/deployments/{deployment}/create_flow_run", parameters=parameters)["id"]

    first = up.until(run, "PAUSED", "COMPLETED", "FAILED")["state"]["id"]
    page.go(f"{up.ui}/runs/flow-run/{run}")
    page.click(button("Resume"))
    page.until("document.body.innerText.includes('Hola.')")
    assert page.js("[...document.querySelectorAll('.p-modal a')].map(a => a.innerText)") == ["the review page"]
    assert page.js("document.querySelectorAll('.p-modal article img').length") == 0
    page.type(field("Your name"), "Ana")
    page.type(field("Edits"), "1: Buenas.")
    _choose(page, "reject")
    page.picture(pictures / "resume-form.png")
    page.click(button("Submit"))

    deadline = time.monotonic() + 60
    while (state := up.run(run)["state"])["id"] == first or state["type"] != "PAUSED":
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    page.go(f"{up.ui}/runs/flow-run/{run}")
    page.click(button("Resume"))
    page.until("document.body.innerText.includes('say why it is rejected')")
    page.until(f"({field('Edits')})?.value === '1: Buenas.'")
    page.picture(pictures / "resume-form-again.png")
    _choose(page, "approve")
    page.click(button("Submit"))
    ended = up.until(run, "COMPLETED", "FAILED", "CRASHED")
    assert ended["state"]["message"].startswith("1 of 1 delivered"), ended["state"]
    written = next((job.parent / "out").rglob("*.es-ES.srt")).read_text()
    assert "Buenas." in written


def _choose(page: Any, decision: str) -> None:
    """Choose a decision in the form's list, as a person does with the keyboard or a phone."""
    page.js(
        "(() => {const list = document.querySelector('.p-modal select');"
        f"list.value = '{decision}'; list.dispatchEvent(new Event('change', {{bubbles: true}}))}})()"
    )
    time.sleep(0.5)
