import base64
import re
import time
from importlib.resources import files

import pytest

from polyreel.outcome import (
    Check,
    LanguageOutcome,
    MendedLine,
    Mending,
    Outcome,
    Paid,
    Problem,
    ReviewRecord,
    SoundOutline,
    VersionRecord,
)
from polyreel.report import figures
from polyreel.report.details import LanguageDetails, Remark, ReportDetails, ScriptLine, SourceFacts, StageSpan
from polyreel.report.page import render_report
from tests.unit.report.pages import DELIVERED, line, page


def test_a_language_is_shown_with_its_status_length_checks_and_notes():
    seen = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": LanguageDetails(seconds=31.24)}))
    for text in (
        "Spanish (Spain)",
        "español (España)",
        "delivered",
        "0:31.2",
        "−23.04 LUFS",
        "1.22 ×",
        "two lines are brisk",
        "made by a robot",
    ):
        assert text in seen.text
    assert len(seen.of_class("warn")) == 3
    assert seen.open == []


def test_an_error_is_shown_with_its_remedy():
    failed = LanguageOutcome(
        status="failed", error=Problem(code="no_voice", message="nobody speaks it", remedy="Leave it out.")
    )
    seen = page({"tlh": failed})
    assert "no_voice" in seen.text
    assert "nobody speaks it" in seen.text
    assert "Leave it out." in seen.text


def test_the_subtitles_travel_in_the_page_so_that_they_show_from_a_disk():
    own = LanguageDetails(video="v.mp4", vtt="WEBVTT\n\n00:00.000 --> 00:01.000\n¡Hola!\n")
    (track,) = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": own})).all("track")
    assert base64.b64decode(track["src"].partition(",")[2]).decode() == own.vtt
    assert track["srclang"] == "es-ES"


def test_subtitles_that_are_only_beside_it_are_linked():
    own = LanguageDetails(video="v.mp4", subtitles={"vtt": "es-ES/v.vtt"})
    (track,) = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": own})).all("track")
    assert track["src"] == "./es-ES/v.vtt"


def test_every_line_has_its_bar_and_its_tone():
    fits = (line(ratio=1.0), line(ratio=1.2), line(ratio=1.3, too_long=True))
    seen = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": LanguageDetails(fits=fits, seconds=10)}))
    bars = [attrs["class"] for attrs in seen.of_class("voice")]
    assert bars.count("voice easy") == bars.count("voice brisk") == bars.count("voice long") == 2
    assert "3 lines, 1 brisk, 1 too long; fastest 1.30×" in seen.text


def test_a_line_stands_beside_what_the_reel_says_what_was_heard_and_what_is_to_be_said_of_it():
    own = LanguageDetails(
        fits=(line("Hola."), line("Adiós.", cue_start_ms=4000, cue_end_ms=5000)),
        heard=("hola", "a Dios gracias"),
        remarks=(Remark(at_ms=4000, text="gap: 10 ms after the one before; at least 80"),),
    )
    script = (
        ScriptLine(start_ms=900, end_ms=2000, text="Hello."),
        ScriptLine(start_ms=2000, end_ms=2900, text="You there!"),
        ScriptLine(start_ms=4100, end_ms=5100, text="Goodbye."),
        ScriptLine(start_ms=9000, end_ms=9900, text="Nobody dubs this."),
    )
    source = SourceFacts(name="reel.mp4", locale="en-US", seconds=10)
    html = render_report(
        Outcome(job="w", status="completed", languages={"es-ES": DELIVERED}),
        ReportDetails(source=source, source_script=script, languages={"es-ES": own}),
    )
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<li data-s.*?(?=<li|\n *</ol>)", html, re.S)]
    assert [[said for said in row.split("|") if said][:3] for row in rows] == [
        ["0:01.0", "Hello. You there!", "Hola."],
        ["0:04.0", "Goodbye.", "Adiós."],
        ["0:09.0", "Nobody dubs this.", "not in the dub"],
    ]
    assert "heard" not in rows[0]  # only its letters count, and they are the line's
    assert "a Dios gracias" in rows[1]
    assert "gap: 10 ms" in rows[1]


def test_sound_is_drawn_with_its_target():
    outline = SoundOutline(speech=(0, 50, 100), loudness=(-70.0, -23.0, -20.0), target_lufs=-23.0)
    seen = page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": LanguageDetails(outline=outline)}))
    assert seen.of_class("loudness")[0]["d"] == "M0 110L240 82.4L480 79.3"
    assert seen.of_class("target")[0]["y"] == "82.4"
    assert seen.of_class("speech")[0]["d"].startswith("M0 30L240 16L480 2")


def test_what_has_to_be_done_comes_first_and_gravest_first():
    doubtful = LanguageOutcome(status="delivered", checks=(Check(name="back_transcription", status="fail"),))
    failed = LanguageOutcome(status="failed", error=Problem(code="no_voice", message="nobody speaks it", remedy="Do."))
    seen = page({"de-DE": doubtful, "tlh": failed}, ReportDetails(go_on="polyreel run reel.yaml"))
    told = seen.text[seen.text.index("What to do") : seen.text.index("Languages")]
    assert told.index("nobody speaks it") < told.index("went out though a check failed: back transcription")
    assert "polyreel run reel.yaml" in told


def test_who_approved_what_and_why_is_shown_and_a_link_only_where_it_is_one():
    hostile = "<script>alert(1)</script>"
    record = ReviewRecord(did="rejected", stage="final", by=hostile, at="2026-11-28T21:00:00Z", reason=hostile, line=7)
    version = VersionRecord(number=3, at="2026-11-27T20:00:00Z", by=hostile, reason=hostile, changed=(4, 9))
    held = LanguageOutcome(status="held", reviews=(record,), versions=(version,), review_page="javascript:alert(1)")
    seen = page({"es-ES": held})
    words = " ".join(seen.text.split())
    assert f"rejected the finished dub, line 7: {hostile}" in words
    assert f"3: went out 2026-11-27T20:00:00Z, edited by {hostile} (2 lines): {hostile}" in words, words
    assert len(seen.all("script")) == 1
    assert "review page" not in seen.text
    linked = page({"es-ES": held.model_copy(update={"review_page": "http://127.0.0.1:4200/review/reel"})})
    assert "http://127.0.0.1:4200/review/reel" in [attrs.get("href") for attrs in linked.all("a")]


def test_what_was_mended_is_told_line_by_line_with_its_figures():
    hostile = "<script>alert(1)</script>"
    asked = {"at_ms": 61_500, "unit": "cut off", "check": "clipped_speech", "before": 1.0}
    mended = MendedLine(line=3, did="another voice", state="mended", after=0.0, **asked)
    left = MendedLine(line=7, text=hostile, state="left", why=hostile, **asked)
    found = Mending(checked=9, flagged=2, mended=1, left=1, lines=(mended, left))
    seen = page({"es-ES": DELIVERED.model_copy(update={"mending": found})})
    words = " ".join(seen.text.split())
    assert "9 lines checked, 2 flagged, 1 mended, 1 left for a person." in words
    assert "Line 3 (1:01.5), clipped speech: mended, another voice, 1.0 → 0.0 cut off" in words
    assert f"Line 7 (1:01.5), clipped speech: left, 1.0 cut off; {hostile}: {hostile}" in words
    assert len(seen.all("script")) == 1
    clean = page({"es-ES": DELIVERED.model_copy(update={"mending": Mending(checked=9)})})
    assert "Mended by itself" not in clean.text


def test_nothing_has_to_be_done_where_all_is_well():
    assert "What to do" not in page({"es-ES": DELIVERED}).text


def test_a_language_is_named_once_where_its_error_names_it_too():
    error = Problem(code="wrong_language", message="fr-FR: the script is in Japanese", remedy="Give its own.")
    seen = page({"fr-FR": LanguageOutcome(status="failed", error=error)})
    told = seen.text[seen.text.index("What to do") : seen.text.index("Languages")]
    assert "the script is in Japanese" in told
    assert told.count("fr-FR") == 1


@pytest.mark.parametrize(
    ("check", "value", "limit"),
    [
        (Check(name="subtitles", value=0, unit="cues", limit=0), "0 cues with findings", "at most 0 cues"),
        (Check(name="loudness_range", value=7.0, unit="LU", limit=20.0), "7 LU", "at most 20 LU"),
        (Check(name="loudness", value=-23.0, unit="LUFS", limit=-23.0), "−23 LUFS", "target −23 LUFS"),
        (
            Check(name="language", value=0.9, unit="probability", limit=0.5),
            "0.9 probability",
            "at least 0.5 probability",
        ),
        (Check(name="new", value=1), "1", ""),
    ],
)
def test_a_figure_says_what_was_counted_and_a_limit_what_it_limits(check, value, limit):
    assert (figures.format_value(check), figures.format_limit(check)) == (value, limit)


def test_two_hours_in_ten_languages_stay_a_small_page():
    words = "somebody waits in winter for a boat that never comes"
    fits = tuple(
        line(words, cue_start_ms=at, cue_end_ms=at + 3500, start_ms=at, end_ms=at + 3000)
        for at in range(0, 7_200_000, 4000)
    )
    script = tuple(ScriptLine(start_ms=each.cue_start_ms, end_ms=each.cue_end_ms, text=words) for each in fits)
    outline = SoundOutline(speech=(50,) * 480, loudness=(-23.0,) * 480, target_lufs=-23.0)
    own = LanguageDetails(
        video="v.mp4", vtt="WEBVTT\n" + words * 2000, fits=fits, heard=("",) * len(fits), outline=outline, seconds=7200
    )
    locales = [f"es-{country}" for country in ("ES", "MX", "AR", "CL", "CO", "PE", "UY", "VE", "BO", "EC")]
    begun = time.perf_counter()
    html = render_report(
        Outcome(job="w", status="completed", languages=dict.fromkeys(locales, DELIVERED)),
        ReportDetails(source_script=script, languages=dict.fromkeys(locales, own)),
    )
    assert len(html.encode()) < 5_000_000
    assert time.perf_counter() - begun < 15  # 1 s where nothing else runs
    assert html.count("<li data-s") == 18_000


def test_text_runs_in_its_own_direction():
    own = LanguageDetails(fits=(line("مرحبًا بكم.", speaker="Ana"),))
    seen = page({"ar": DELIVERED}, ReportDetails(languages={"ar": own}))
    assert seen.of_class("lines")[0]["lang"] == "ar"
    assert re.search(
        r"\.lines p \{[^}]*unicode-bidi: plaintext", files("polyreel.report").joinpath("page.css").read_text()
    )


def test_many_lines_are_folded_away():
    def shown(count):
        own = LanguageDetails(fits=(line(),) * count)
        return "open" in page({"es-ES": DELIVERED}, ReportDetails(languages={"es-ES": own})).all("details")[0]

    assert shown(40)
    assert not shown(41)


def test_stages_lie_where_they_ran_and_say_what_they_took_and_cost():
    """The reel's first; what overlaps in a language lies one below the other, what was kept is marked."""
    timeline = (
        StageSpan(stage="trim", state="cached"),
        StageSpan(stage="dub", locale="es-ES", began=10, seconds=30),
        StageSpan(stage="listen", locale="es-ES", began=20, seconds=60),
        StageSpan(stage="separate", began=0, seconds=10),
        StageSpan(stage="mux", locale="es-ES", began=90, seconds=10, state="failed"),
    )
    paid = (Paid(provider="panjaya", locale="es-ES", minutes=12, id="a"),)
    seen = page({"es-ES": DELIVERED}, ReportDetails(timeline=timeline), paid=paid)
    drawn = [(each["class"], each["x"], each["y"], each["width"]) for each in seen.of_class("voice")]
    assert drawn[:2] == [("voice kept", "0.0", "0.4", "3"), ("voice easy", "0.0", "0.4", "100.0")]
    assert drawn[4:7] == [
        ("voice easy", "100.0", "0.4", "300.0"),
        ("voice easy", "200.0", "4.4", "600.0"),
        ("voice long", "900.0", "0.4", "100.0"),
    ]
    text = " ".join(seen.text.split())
    assert "The whole reel 2 stages, 1 kept 0:10.0" in text
    assert "Spanish (Spain) 3 stages, 1 failed, 12 min bought 1:40.0" in text
    assert "trimkept from before0:00.0" in text
    assert "0:00.00:25.00:50.01:15.01:40.0" in text


def test_an_unknown_locale_is_shown_as_it_is():
    assert "not a locale!" in page({"not a locale!": DELIVERED}).text
