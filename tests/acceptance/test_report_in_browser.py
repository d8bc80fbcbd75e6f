"""The report in a real browser: the script follows the player, dub and original change places, words stay words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from polyreel.media.binaries import ffmpeg
from polyreel.outcome import (
    Check,
    DeliveryOutcome,
    FlawedLine,
    LanguageOutcome,
    LineFit,
    MendedLine,
    Mending,
    Outcome,
    Paid,
    Problem,
    ReviewRecord,
    SoundOutline,
    VersionRecord,
)
from polyreel.report.details import LanguageDetails, Remark, ReportDetails, ScriptLine, SourceFacts
from polyreel.report.jobs_page import render_jobs
from polyreel.report.overview import JobRow, Wanted
from polyreel.report.page import render_report

pytestmark = pytest.mark.browser
if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
    pytest.skip("needs chromium", allow_module_level=True)

HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script>",
    "</style><svg onload=\"document.title='owned'\">",
    "<a href=\"javascript:document.title='owned'\">click</a>",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<base href='http://127.0.0.1:9/'>",
    "<form action='http://127.0.0.1:9/'><button>Sign in</button></form>",
    "<style>body{display:none}</style>",
    "--><script>document.title='owned'</script><!--",
    '" onmouseover="document.title=\'owned\'" x="',
    "' autofocus onfocus='document.title=1",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "javascript:document.title='owned'",
    "data:text/html,<script>document.title='owned'</script>",
    "&lt;script&gt;document.title='owned'&lt;/script&gt;",
    "\u202egnp.exe\u2066\u200b\ufeff",
    "WEBVTT\n\n00:00.000 --> 99:00.000\n<c.owned>x",
    '<math><mtext></form><form><mglyph><svg><mtext><textarea><a title="</textarea><img src onerror=alert(1)>">',
)


def _driver() -> Any:
    path = Path(__file__).with_name("browser.py")
    spec = spec_from_file_location("polyreel_test_browser", path)
    assert spec
    assert spec.loader
    module = sys.modules.setdefault(spec.name, module_from_spec(spec))
    if not hasattr(module, "browser"):
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all."""
    opened: AbstractContextManager[Any] = _driver().browser(tmp_path_factory.mktemp("browser"))
    with opened as page:
        yield page


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dub of 6 s and the original's sound."""
    folder = tmp_path_factory.mktemp("delivered")
    picture = ["-f", "lavfi", "-i", "color=navy:s=160x90:r=10:d=6", "-f", "lavfi", "-i", "sine=440:d=6"]
    for arguments in (
        [*picture, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", "dub.mp4"],
        ["-f", "lavfi", "-i", "sine=220:d=6", "-c:a", "aac", "original.m4a"],
        ["-f", "lavfi", "-i", "sine=440:d=6", "-c:a", "libmp3lame", "dub.mp3"],
    ):
        subprocess.run([ffmpeg(), "-y", "-v", "error", *arguments], check=True, cwd=folder, stdin=subprocess.DEVNULL)
    return folder


def _line(number: int, text: str, **changes: Any) -> LineFit:
    at = number * 1000
    times = {"cue_start_ms": at, "cue_end_ms": at + 900, "start_ms": at, "end_ms": at + 800, "natural_ms": 800}
    return LineFit.model_validate({"text": text, "ratio": 1.0, **times, **changes})


def _flaw(text: str, at_ms: int = 0) -> FlawedLine:
    return FlawedLine(line=1, at_ms=at_ms, text=text, measured=text, value=1, limit=0, remedy=text)


@pytest.fixture
def opened(tab: Any, media: Path) -> Callable[..., Any]:
    """A report, written beside the media and opened from the disk: ``opened(lines, **outcome)``."""

    def open_it(
        lines: tuple[LineFit, ...],
        languages: dict[str, LanguageOutcome] | None = None,
        dub: str = "dub.mp4",
        **outcome: Any,
    ) -> Any:
        own = LanguageDetails(
            **{"video" if dub.endswith(".mp4") else "audio": dub},
            seconds=6,
            fits=lines,
            heard=tuple(line.text + " ?" for line in lines),
            remarks=tuple(Remark(at_ms=line.cue_start_ms, text=line.text) for line in lines[:1]),
            vtt="WEBVTT\n\n00:00.000 --> 00:06.000\nHola\n",
            outline=SoundOutline(speech=(10, 60, 30), loudness=(-24.0, -20.0, -26.0), target_lufs=-23.0),
        )
        source = SourceFacts(name="reel.mp4", locale="en-US", seconds=6, sound="original.m4a", bed=(10, 20, 30))
        details = ReportDetails(
            source=source,
            source_script=tuple(
                ScriptLine(start_ms=each.cue_start_ms, end_ms=each.cue_end_ms, text=f"Source {each.text}")
                for each in lines
            ),
            languages={"es-ES": own},
        )
        made = {"es-ES": LanguageOutcome(status="delivered")} if languages is None else languages
        page = render_report(Outcome(job="reel", status="completed", languages=made, **outcome), details)
        (media / "report.html").write_text(page, "utf-8")
        tab.go("about:blank")
        tab.go((media / "report.html").as_uri())
        tab.until("!!document.querySelector('html.js footer')")
        return tab

    return open_it


@pytest.mark.parametrize(("dub", "player"), [("dub.mp4", "video"), ("dub.mp3", "audio.dub")])
def test_the_script_follows_the_player_and_moves_it(opened: Callable[..., Any], dub: str, player: str) -> None:
    tab = opened(tuple(_line(number, f"Line {number}") for number in range(6)), dub=dub)
    tab.until(f"document.querySelector('{player}').duration > 5")
    tab.js(f"document.querySelector('{player}').currentTime = 3.4")
    current = "(document.querySelector('li[aria-current] .text') || {}).textContent"
    assert tab.until(f"{current} === 'Line 3' && {current}") == "Line 3"
    tab.click("document.querySelectorAll('.lines li')[1].querySelector('.text')")
    assert tab.until(f"Math.abs(document.querySelector('{player}').currentTime - 1) < 0.2 && 'moved'")
    tab.js("document.querySelector('.lines').focus()")
    for kind in ("keyDown", "keyUp"):
        tab.send("Input.dispatchKeyEvent", type=kind, key="ArrowDown", code="ArrowDown", windowsVirtualKeyCode=40)
    assert tab.until(f"Math.abs(document.querySelector('{player}').currentTime - 2) < 0.2 && 'moved'")


def test_a_line_that_a_check_found_is_told_with_what_helps_and_moves_the_player_to_it(
    opened: Callable[..., Any],
) -> None:
    lines = (_flaw("Line 2", 2000), _flaw("Line 4", 4000))
    check = Check(name="line_noise", value=2, unit="lines", status="warn", detail="hiss", lines=lines, remedy="whisper")
    tab = opened(
        tuple(_line(number, f"Line {number}") for number in range(6)),
        {"es-ES": LanguageOutcome(status="delivered", checks=(check,))},
    )
    assert "whisper" in tab.js("document.querySelector('.checks .remedy').textContent")
    tab.until("document.querySelector('video').duration > 5")
    tab.click("document.querySelectorAll('.checks a[data-s]')[1]")
    assert tab.until("Math.abs(document.querySelector('video').currentTime - 4) < 0.2 && 'moved'")


@pytest.mark.parametrize(("dub", "player"), [("dub.mp4", "video"), ("dub.mp3", "audio.dub")])
def test_dub_and_original_change_places_at_the_same_moment(opened: Callable[..., Any], dub: str, player: str) -> None:
    tab = opened((_line(0, "Hola"),), dub=dub)
    tab.until(f"document.querySelector('{player}').duration > 5")
    playing = f"document.querySelector('{player}').play().then(() => true)"
    tab.js(f"document.querySelector('{player}').currentTime = 1")
    assert tab.send("Runtime.evaluate", expression=playing, awaitPromise=True, userGesture=True, returnByValue=True)
    tab.click("document.querySelectorAll('.hear input')[1]")
    heard = f"[document.querySelector('{player}').muted, document.querySelector('audio.original').paused].join()"
    assert tab.until(f"{heard} === 'true,false' && 'original'")
    times = [f"document.querySelector('{each}').currentTime" for each in (player, "audio.original")]
    apart = f"Math.abs({' - '.join(times)})"
    assert tab.until(f"{apart} < 0.3 && 'together'")
    for kind in ("keyDown", "keyUp"):
        tab.send("Input.dispatchKeyEvent", type=kind, key="o", code="KeyO", text="o" if kind == "keyDown" else "")
    assert tab.until(f"{heard} === 'false,true' && 'dub'")


def test_hostile_words_of_a_whole_corpus_stay_words(opened: Callable[..., Any]) -> None:
    """In cues, speakers, names, checks, vendors' words and links: nothing runs, nothing loads, nothing leads away."""
    every = " ".join(HOSTILE)
    language = LanguageOutcome(
        status="delivered",
        notes=HOSTILE,
        checks=tuple(
            Check(name=text, value=text, unit=text, detail=text, status="fail", lines=(_flaw(text),), remedy=text)
            for text in HOSTILE
        ),
        review_page=HOSTILE[-6],
        reviews=tuple(ReviewRecord(did="rejected", by=text, at=text, reason=text) for text in HOSTILE),
        versions=tuple(VersionRecord(number=1, at=text, by=text, reason=text) for text in HOSTILE),
        mending=Mending(
            checked=1,
            flagged=1,
            lines=tuple(
                MendedLine(line=1, at_ms=0, text=text, check=text, did=text, state="left", unit=text, why=text)
                for text in HOSTILE
            ),
        ),
    )
    failed = LanguageOutcome(status="failed", error=Problem(code=every, message=every, remedy=every))
    places = tuple(
        DeliveryOutcome(to=text, status="failed", location=text, ids={text: text}, urls={text: text})
        for text in HOSTILE
    )
    tab = opened(
        tuple(_line(number, text, speaker=text) for number, text in enumerate(HOSTILE)),
        {"es-ES": language, every: failed},
        deliveries=places,
        paid=(Paid(provider=every, locale=every, minutes=1, id=every),),
        notes=HOSTILE,
    )
    assert tab.js("document.title") == "reel – polyreel"
    assert tab.js("document.scripts.length") == 1
    assert_words(tab, "img, iframe, form, base, object, embed, textarea, math", r"^(#|\.\/)")
    text = "document.querySelectorAll('.lines .text')[0].textContent"
    assert HOSTILE[0] in tab.js(text)


def assert_words(tab: Any, elements: str, links: str) -> None:
    """Nothing in the page is one of these elements, listens, leads elsewhere, or hides the rest."""
    assert tab.js(f"document.querySelectorAll('{elements}').length") == 0
    named = "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"
    assert tab.js(f"{named}.length") == 0
    assert tab.js(f"[...document.links].map(a => a.getAttribute('href')).filter(h => !/{links}/.test(h))") == []
    assert tab.js("getComputedStyle(document.body).display") == "block"


def test_hostile_words_of_the_list_of_jobs_stay_words(tab: Any, tmp_path: Path) -> None:
    """In names, reasons, remedies, languages, and what somebody typed into the filters."""
    rows = [
        JobRow(job=text, state="failed", who="you", why=text, todo=text, languages={text: text}, began=1)
        for text in HOSTILE
    ]
    page = render_jobs(rows, Wanted(), HOSTILE[11], lambda row: f"/delivered/{quote(row.job, safe='')}/report.html")
    (tmp_path / "jobs.html").write_text(page, "utf-8")
    tab.go("about:blank")
    tab.go((tmp_path / "jobs.html").as_uri())
    tab.until("document.querySelectorAll('tbody .detail').length")
    assert tab.js("[document.title, document.scripts.length, document.forms.length].join()") == "Jobs – polyreel,1,1"
    assert_words(tab, "img, iframe, base, object, embed, textarea, math, svg", r"^(#content|\/[a-z.]*$|\/delivered\/)")
    assert tab.js("document.querySelector('tbody th').textContent") == HOSTILE[0]
    assert tab.js("document.querySelector('[name=since]').value") == HOSTILE[11]


def test_the_list_of_jobs_reloads_by_itself_but_never_while_it_is_used(tab: Any, tmp_path: Path) -> None:
    """What is typed, chosen or selected to be copied stays; the page's policy lets its own script run."""
    page = render_jobs([JobRow(job="reel", state="held", who="you", began=1)], Wanted(), "", lambda _: "")
    (tmp_path / "jobs.html").write_text(page.replace('data-refresh="20"', 'data-refresh="9999"'), "utf-8")
    (tmp_path / "quick.html").write_text(page.replace('data-refresh="20"', 'data-refresh="0.2"'), "utf-8")
    tab.go("about:blank")
    tab.go((tmp_path / "jobs.html").as_uri())
    tab.until("typeof reloadWhenIdle === 'function' && document.readyState === 'complete'")
    assert tab.js("window.before = true, document.querySelector('[name=job]').focus(), reloadWhenIdle()") is False
    leave = "document.activeElement.blur()"
    assert tab.js(f"{leave}, document.querySelector('[name=state]').value = 'held', reloadWhenIdle()") is False
    reset = "document.forms[0].reset()"
    assert tab.js(f"{reset}, getSelection().selectAllChildren(document.querySelector('tbody')), isInUse()") is True
    assert tab.js("getSelection().removeAllRanges(), window.before && reloadWhenIdle()") is True
    tab.until("window.before === undefined && document.readyState === 'complete'")
    tab.go((tmp_path / "quick.html").as_uri())
    tab.js("window.before = true")
    tab.until("window.before === undefined")


def test_nothing_but_its_own_script_may_run(opened: Callable[..., Any]) -> None:
    """What gets into the page all the same, by whatever hole, is stopped by the policy."""
    tab = opened((_line(0, "Hola"),))
    tab.js(
        """
        window.stopped = [];
        document.addEventListener('securitypolicyviolation', each => stopped.push(each.violatedDirective));
        const hole = document.createElement('div'), script = document.createElement('script');
        hole.innerHTML = '<img src=http://127.0.0.1:9/x.png onerror="document.title=1"><p style="color:red">x</p>';
        script.textContent = 'document.title = 2';
        document.body.append(hole, script);
        0
        """
    )
    told = tab.until("stopped.length >= 3 && [...new Set(stopped)].sort().join()")
    assert "img-src" in told
    assert "script-src-elem" in told
    assert tab.js("document.title") == "reel – polyreel"
