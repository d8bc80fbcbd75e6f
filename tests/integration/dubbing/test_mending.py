"""Lines that fail a check are tried once more by themselves, with the engine's own voices and planted defects."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from polyreel.dubbing import mending
from polyreel.dubbing.embedded import EmbeddedDubber
from polyreel.dubbing.line_flaws import Against, Take, measure_lines
from polyreel.dubbing.line_hearing import LineHeard, LinesHeard, _pack_print
from polyreel.dubbing.mending import Workshop, mend_lines
from polyreel.dubbing.outlines import load_power
from polyreel.dubbing.port import Dubbed, DubRequest
from polyreel.dubbing.translation import drafter_of, keyless_client, shorten_wordings
from polyreel.engine.separation.port import Ducked, part
from polyreel.engine.transcribe.words import Heard, Phrase, Word
from polyreel.engine.voice.espeak import EspeakVoice
from polyreel.engine.voice.port import Speech
from polyreel.errors import EngineError
from polyreel.job import Translation
from polyreel.outcome import StoredFile
from polyreel.store.local import LocalStore, path_of
from polyreel.subtitles import read_file
from tests.integration.dubbing.test_planted_defects import sound

SECONDS = 30
AGAINST = Against("es-ES", "netflix", SECONDS * 1000)
LINES = (
    (1000, 5000, "Cuando llegue el momento, diré una palabra."),
    (8000, 12000, "Este es un vídeo de ejemplo para todos."),
    (15000, 16000, "Esta es una frase demasiado larga para el tiempo que le han dado, y nadie la puede decir así."),
    (16200, 19000, "Y otra más, que no puede esperar."),
    (24000, 28000, "Hasta luego, y muchas gracias."),
)
SHORT = "Una frase corta."


class Studio:
    """The real engine with espeak-ng's voices, in a store of its own; ``broken``: words that a voice says cut off."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.store, self.voice = LocalStore(folder / "store"), BreakingVoice()
        reel = sound(folder / "reel.wav", f"sine=f=330:d={SECONDS},volume=-14dB")
        self.stems = asyncio.run(part(reel, self.store, Ducked(), duration=Fraction(SECONDS)))

    def request(self, lines: tuple[tuple[int, int, str], ...]) -> DubRequest:
        cues = (f"{_at(start)} --> {_at(end)}\n{text}\n" for start, end, text in lines)
        script = self.store.keep_bytes("\n".join(("WEBVTT\n", *cues)).encode(), ".vtt")
        return DubRequest(
            locale="es-ES",
            source_locale="en-US",
            reel=StoredFile(uri="file:///reel.mp4", sha256="0" * 64, bytes=1),
            duration=str(SECONDS),
            script=script,
            shown=script,
            stems=self.stems,
        )

    async def dub(self, request: DubRequest) -> Take:
        dubber = EmbeddedDubber(self.store, self.voice)
        receipt = await dubber.submit(request)
        await dubber.wait(request, receipt)
        made = await dubber.collect(request, receipt)
        return Take(made, power=await load_power(made))

    async def mend(self, request: DubRequest, **how: Any) -> tuple[Dubbed, mending.MendedTake]:
        before = await self.dub(request)
        usual = {"shorten": None, "untouchable": lambda _: "", "dub": self.dub}
        shop = Workshop(**{"voice": self.voice, "store": self.store, "against": AGAINST, **usual, **how})
        return before.dubbed, await mend_lines(request, before, shop)


def begin_at_the_loudest(sound: np.ndarray) -> np.ndarray:
    return sound[int(np.abs(sound[: len(sound) // 2]).argmax()) :]


class BreakingVoice(EspeakVoice):
    """espeak-ng, of which some voices say some lines badly; and what it was asked to say.

    ``broken`` are the voices that do, by the line's words; ``damage`` is what becomes of it: begun in the middle of a
    sound, where a test doesn't say otherwise.
    """

    def __init__(self) -> None:
        self.broken: dict[str, set[str]] = {}
        self.damage: Callable[[np.ndarray], np.ndarray] = begin_at_the_loudest
        self.said: list[tuple[str, str]] = []

    def speak(self, text: str, voice_id: str, speed: float) -> Speech:
        self.said.append((text, voice_id))
        made = super().speak(text, voice_id, speed)
        if voice_id not in self.broken.get(text, ()):
            return made
        return Speech(self.damage(made.samples).astype(np.float32), made.rate)


def _at(ms: int) -> str:
    return f"00:00:{ms // 1000:02d}.{ms % 1000:03d}"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


WELL = (LINES[0], LINES[1], LINES[4])


def test_a_cut_line_is_said_by_another_voice_of_its_kind_and_no_other_line_changes(studio: Studio) -> None:
    first, *_ = studio.voice.cast("es-ES")
    studio.voice.broken = {LINES[1][2]: {first}}
    request = studio.request(WELL)
    before, found = asyncio.run(studio.mend(request))
    assert (found.mending.checked, found.mending.flagged, found.mending.mended, found.mending.left) == (3, 1, 1, 0)
    (line,) = found.mending.lines
    assert (line.line, line.check, line.did, line.state) == (2, "clipped_speech", "another voice", "mended")
    assert (line.before, line.after, line.at_ms) == (1.0, 0.0, 8000)
    was, now = [[each.voice for each in dubbed.lines] for dubbed in (before, found.dubbed)]
    assert was == [first] * 3
    assert (now[0], now[2]) == (first, first)
    assert now[1] != first
    assert studio.voice.gender(now[1]) == studio.voice.gender(first)
    assert [each.retaken for each in found.dubbed.lines] == [False, True, False]
    said = len(studio.voice.said)
    _, again = asyncio.run(studio.mend(request))
    assert again == found
    assert len(studio.voice.said) == said  # nothing is spoken twice


def fade(sound: np.ndarray) -> np.ndarray:
    """So that it begins and ends as softly as a mouth does."""
    edge = np.linspace(0, 1, 2000)
    return np.concatenate([sound[:2000] * edge, sound[2000:-2000], sound[-2000:] * edge[::-1]])


def add_hiss(sound: np.ndarray) -> np.ndarray:
    return fade(sound + 0.02 * np.abs(sound).max() * np.random.default_rng(1).standard_normal(len(sound)))


@pytest.mark.parametrize(
    ("check", "damage", "least"),
    [
        ("line_loudness", lambda sound: sound * 0.3, 4),
        ("line_noise", add_hiss, -40),
        ("line_timing", lambda sound: np.concatenate([np.zeros(12_000), sound]), 0.3),
    ],
)
def test_a_line_that_sounds_bad_in_one_voice_is_said_by_another_and_kept_where_that_measures_better(
    studio: Studio, check: str, damage: Callable[[np.ndarray], np.ndarray], least: float
) -> None:
    first, *_ = studio.voice.cast("es-ES")
    studio.voice.broken, studio.voice.damage = {LINES[1][2]: {first}}, damage
    _, found = asyncio.run(studio.mend(studio.request(WELL)))
    (line,) = found.mending.lines
    assert (line.line, line.check, line.did, line.state) == (2, check, "another voice", "mended")
    assert line.after is not None
    assert line.before > least > line.after
    assert [each.retaken for each in found.dubbed.lines] == [False, True, False]

    if check == "line_loudness":
        return  # a voice that says one line is brought to its level by that line
    worse = Studio(studio.store.root.parent / "worse")
    worse.voice.broken, worse.voice.damage = {LINES[1][2]: set(studio.voice.cast("es-ES"))}, damage
    before, found = asyncio.run(worse.mend(worse.request(WELL)))
    assert (found.mending.mended, found.mending.left) == (0, 1)
    assert found.dubbed == before


def test_a_line_under_loud_music_is_said_by_nobody_else_and_the_record_says_why(studio: Studio) -> None:
    async def drown(request: DubRequest) -> Take:
        made = await studio.dub(request)
        assert made.power is not None
        power = made.power.copy()
        power[80:120] += 10 * power[80:120].max()
        return replace(made, power=power)

    async def mend() -> mending.MendedTake:
        request = studio.request(WELL)
        shop = Workshop(studio.voice, studio.store, AGAINST, drown, None, lambda _: "")
        return await mend_lines(request, await drown(request), shop)

    (line,) = asyncio.run(mend()).mending.lines
    assert (line.line, line.check, line.did, line.state) == (2, "speech_over_background", "", "left")
    assert "no voice mends that" in line.why


def test_an_accent_is_tried_by_another_voice_and_a_strangers_voice_is_not(studio: Studio) -> None:
    """By what a listener heard of each line; the line that was said by another voice is no stranger's for that."""
    first, *_ = studio.voice.cast("es-ES")

    def hear(dubbed: Dubbed) -> LinesHeard:
        prints = np.eye(8, dtype=np.float32)
        lines = [
            LineHeard(
                start_ms=line.start_ms,
                end_ms=line.end_ms,
                text=line.text,
                chosen=line.retaken,
                share=0.05 if line.voice == first and line.text == LINES[1][2] else 0.95,
                other="en",
                print=_pack_print(prints[0 if line.text != LINES[4][2] else 1]),
            )
            for line in dubbed.lines
        ]
        return LinesHeard(lines=tuple(lines), of=len(lines))

    async def dub(request: DubRequest) -> Take:
        made = await studio.dub(request)
        return replace(made, voices=hear(made.dubbed))

    async def mend() -> mending.MendedTake:
        request = studio.request((*WELL, (20_000, 23_000, "Y otra más, que no puede esperar.")))
        shop = Workshop(studio.voice, studio.store, AGAINST, dub, None, lambda _: "")
        return await mend_lines(request, await dub(request), shop)

    told = {each.check: each for each in asyncio.run(mend()).mending.lines}
    accent = told["accent"]
    assert (accent.line, accent.state, accent.before, accent.after) == (2, "mended", 0.95, 0.05)
    assert (told["one_voice"].state, told["one_voice"].did) == ("left", "")
    assert "stranger" in told["one_voice"].why


def test_what_came_out_no_better_is_left_as_it_was_and_what_did_is_taken(studio: Studio) -> None:
    everybody = set(studio.voice.cast("es-ES"))
    studio.voice.broken = {LINES[1][2]: everybody, LINES[4][2]: {studio.voice.cast("es-ES")[0]}}
    before, found = asyncio.run(studio.mend(studio.request(WELL)))
    told = [(each.line, each.state, each.before, each.after) for each in found.mending.lines]
    assert told == [(2, "left", 1.0, 1.0), (3, "mended", 1.0, 0.0)]
    assert "no better" in found.mending.lines[0].why
    assert found.dubbed.lines[1].voice == before.lines[1].voice
    assert [place for _, place, _ in found.request.retakes] == [24000]

    studio.voice.broken = {LINES[1][2]: everybody, LINES[4][2]: everybody}
    worse = Studio(studio.store.root.parent / "worse")
    worse.voice.broken = studio.voice.broken
    request = worse.request(WELL)
    before, found = asyncio.run(worse.mend(request))
    assert (found.request, found.dubbed) == (request, before)
    assert found.mending.left == 2


def test_a_line_that_is_not_heard_is_said_by_another_voice_and_measured_by_what_is_heard_then(studio: Studio) -> None:
    first, *_ = studio.voice.cast("es-ES")

    def listen(dubbed: Dubbed) -> Heard:
        """A listener that does not understand one line in one voice."""
        lost = [each for each in dubbed.lines if each.text == LINES[1][2] and each.voice == first]
        return heard_of([each for each in dubbed.lines if each not in lost])

    async def dub(request: DubRequest) -> Take:
        made = await studio.dub(request)
        return replace(made, heard=listen(made.dubbed))

    async def mend() -> mending.MendedTake:
        request = studio.request(WELL)
        shop = Workshop(studio.voice, studio.store, AGAINST, dub, None, lambda _: "")
        return await mend_lines(request, await dub(request), shop)

    (line,) = asyncio.run(mend()).mending.lines
    assert (line.line, line.check, line.state, line.before, line.after) == (2, "back_transcription", "mended", 1.0, 0.0)


def heard_of(lines: list[Any]) -> Heard:
    phrases = []
    for line in lines:
        said = line.text.split()
        step = (line.end_ms - line.start_ms) // len(said)
        words = tuple(
            Word(start_ms=line.start_ms + n * step, end_ms=line.start_ms + (n + 1) * step, text=f" {word}")
            for n, word in enumerate(said)
        )
        phrases.append(Phrase(words=words))
    return Heard(phrases=tuple(phrases), languages={"es": 1.0})


def test_a_line_that_does_not_fit_is_shortened_by_the_translator_once(studio: Studio) -> None:
    asked: list[dict[str, Any]] = []

    class Model(BaseHTTPRequestHandler):
        """A language model behind a chat endpoint: it shortens what it is given."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            given = json.loads(body["messages"][-1]["content"])
            asked.append(given)
            lines = {"lines": [{"id": each["id"], "text": SHORT} for each in given["lines"]]}
            content = json.dumps({"choices": [{"message": {"content": json.dumps(lines)}}]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    wanted = Translation(provider="openai", base_url=f"http://127.0.0.1:{server.server_port}/v1", model="m")

    async def shorten(lines: Mapping[int, mending.Wording]) -> Mapping[int, str]:
        async with keyless_client(wanted) as client:
            return await shorten_wordings(lines, ("en-US", "es-ES"), (), drafter_of(wanted, client))

    try:
        before, found = asyncio.run(studio.mend(studio.request(LINES), shorten=shorten))
    finally:
        server.shutdown()
        server.server_close()
    ((told,),) = (given["lines"] for given in asked)
    assert told["draft"] == LINES[2][2]
    assert told["most"] < len(LINES[2][2]) / 2
    by_line = {each.line: each for each in found.mending.lines}
    assert (by_line[3].check, by_line[3].did, by_line[3].state) == ("fit", "shortened", "mended")
    assert by_line[3].before > 1.3 > (by_line[3].after or 9)
    assert before.lines[2].too_long
    assert not any(each.too_long for each in found.dubbed.lines)
    for file in (found.request.script, found.request.shown):
        assert file
        texts = [cue.text for cue in read_file(path_of(file)).track.cues]
        assert texts == [SHORT if n == 2 else text for n, (*_, text) in enumerate(LINES)]


@pytest.mark.parametrize(
    ("answer", "why"),
    [({}, "no shorter wording"), (EngineError("the service is away"), "the service is away"), (None, "translation")],
)
def test_a_line_that_nobody_shortens_is_left_for_a_person_and_the_dub_is_the_same(
    studio: Studio, answer: Any, why: str
) -> None:
    async def shorten(_: object) -> Mapping[int, str]:
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    request = studio.request(LINES)
    before, found = asyncio.run(studio.mend(request, shorten=None if answer is None else shorten))
    assert (found.request, found.dubbed) == (request, before)
    line = next(each for each in found.mending.lines if each.line == 3)
    assert (line.state, line.did, line.after) == ("left", "", None)
    assert why in line.why


def test_what_people_wrote_is_never_tried(studio: Studio) -> None:
    studio.voice.broken = {text: {studio.voice.cast("es-ES")[0]} for *_, text in WELL}
    edited = lambda cue: "a person edited it" if cue.start_ms == 8000 else ""  # noqa: E731 - one line says it
    before, found = asyncio.run(studio.mend(studio.request(WELL), untouchable=edited))
    assert [(each.line, each.state) for each in found.mending.lines] == [(1, "mended"), (2, "left"), (3, "mended")]
    assert found.mending.lines[1].why == "a person edited it"
    assert found.dubbed.lines[1].voice == before.lines[1].voice


def test_a_dub_without_flaws_is_only_looked_at(studio: Studio) -> None:
    async def refuse(_: DubRequest) -> Take:
        raise AssertionError("nothing is to be said again")

    request = studio.request(WELL)
    before, found = asyncio.run(studio.mend(request, dub=refuse))
    assert (found.request, found.dubbed) == (request, before)
    assert (found.mending.checked, found.mending.flagged) == (3, 0)
    assert not any(each.flaws for each in measure_lines(Take(before), AGAINST).values())


def test_a_dub_that_nobody_mends_keeps_the_key_that_it_had() -> None:
    file = StoredFile(uri="file:///r.mp4", sha256="0" * 64, bytes=1)
    asked = DubRequest(locale="es-ES", source_locale="en-US", reel=file, duration="12", script=file)
    assert asked.key("embedded", 1) == "dub-embedded-v1-bfa71cb5a198658d602a723c"
    retaken = asked.model_copy(update={"retakes": (("", 1000, "espeak-ng:es+f2"),)})
    assert retaken.key("embedded", 1) != asked.key("embedded", 1)
