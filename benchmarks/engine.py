"""What a whole embedded job takes beside its models: neural voices, learned separation, a listener for every dub.

Per case (a film and its languages): the real job by ``polyreel run`` with an empty store, on a server that is there;
then the models alone on the same inputs (`benchmarks.models_alone`); ``ratio`` is the one's wall time by the other's.
Then the job with one cue changed. Memory is of the whole process tree, a server of the run's own included. The longer
film is the narrated video repeated, its cues numbered, so that no sentence is the same twice. Needs weights:
POLYREEL_BENCH_MODELS, or those of POLYREEL_HOME.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.narrated import CLIP_S, NARRATED, make_narrated
from benchmarks.tree import TreeMemory, memory_while
from deployments.server.embedded_server import EmbeddedServer
from polyreel.machine import home
from polyreel.media.binaries import ffmpeg
from polyreel.subtitles import read_file, write
from polyreel.subtitles.model import Cue, Track
from polyreel.subtitles.timing import shift

ONE = ("es-ES",)
FIVE = ("es-ES", "fr-FR", "it-IT", "pt-BR", "ja-JP")
MINUTES = float(os.environ.get("POLYREEL_BENCH_ENGINE_MINUTES", "5"))
GOAL, CHANGED_GOAL, MEMORY_GOAL_MB = 1.15, 0.15, 2500
_END = re.compile(r"([.!?…。！？]*)\s*$")


def run() -> Iterator[dict[str, Any]]:
    """Every case as soon as it is measured; one after the other, as they would disturb each other."""
    models = Path(os.environ.get("POLYREEL_BENCH_MODELS") or home.models_dir())
    if not (models / "whisper-base").is_dir():
        yield {"name": "needs weights: polyreel models pull (or POLYREEL_BENCH_MODELS, a folder that holds them)"}
        return
    make_narrated()
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder) / "server") as address:
        bench = Bench(Path(folder), models, address)
        short, long = bench.film("short", float(CLIP_S)), bench.film("long", MINUTES * 60)
        bench.warm_up(short)
        for film, locales in ((short, ONE), (short, FIVE), (long, ONE)):
            yield from bench.case(film, locales)
        for film in (short, long):
            yield bench.with_draft(film)
        for film in (short, long):
            yield bench.memory(film)
        yield bench.own_server(short)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    with EmbeddedServer(folder) as server:
        server.wait_until_ready()
        yield server.address


@dataclass(frozen=True, slots=True)
class Film:
    """A film and its scripts (``LOCALE.vtt``) in a folder."""

    name: str
    folder: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process took: wall and processor seconds, memory of its tree, and what it printed."""

    wall: float
    cpu: float
    memory: TreeMemory
    printed: str

    @property
    def peak_mb(self) -> float:
        """What its tree held at the most."""
        return self.memory.peak_mb

    def outcome(self) -> dict[str, Any]:
        """The last line, which is JSON."""
        found: dict[str, Any] = json.loads(self.printed.strip().splitlines()[-1])
        return found


@dataclass(frozen=True, slots=True)
class Bench:
    """A folder to work in, weights, and a server."""

    folder: Path
    models: Path
    server: str

    def film(self, name: str, seconds: float) -> Film:
        """The narrated video for so long, and numbered scripts."""
        film = Film(name, self.folder / name, seconds)
        film.folder.mkdir()
        times = int(seconds // float(CLIP_S)) + 1
        command = [str(ffmpeg()), "-v", "error", "-stream_loop", str(times), "-i", str(NARRATED / "narrated.mp4")]
        command += ["-t", str(seconds), "-c", "copy", str(film.folder / "film.mp4")]
        subprocess.run(command, check=True)
        for locale in (*FIVE, "en-US"):
            (film.folder / f"{locale}.vtt").write_text(_script(locale, seconds, times), "utf-8")
        return film

    def case(self, film: Film, locales: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """The job, its models alone, and the job again with one cue changed."""
        work = self.folder / f"{film.name}-{len(locales)}"
        job = self.job(film, locales, work)
        whole = self.run(job, work / "home")
        alone = self.alone(film, locales, work, whole)
        spoken = _spoken(work / "home")
        yield _ratio(f"{film.seconds:.0f} s, {len(locales)} languages", whole, alone)
        again = self.changed(film, locales, job, work)
        yield {
            "name": "  again, one cue changed",
            "wall_s": again.wall,
            "cpu_s": again.cpu,
            "of_first_run": again.wall / whole.wall,
            "cpu_of_first_run": again.cpu / whole.cpu,
            "sentences": len(_spoken(work / "home") - spoken),
            "goal": f"1 sentence, {CHANGED_GOAL} of the first run of five minutes",
        }

    def warm_up(self, film: Film) -> None:
        """A job that nobody times: the first one pays for the server's own imports, and for reading the weights."""
        work = self.folder / "warm-up"
        self.run(self.job(film, ONE, work), work / "home")

    def with_draft(self, film: Film) -> dict[str, Any]:
        """No script: what is said is written down, drafted by a service, and dubbed; and the models alone."""
        work = self.folder / f"{film.name}-drafted"
        whole = self.everything(film, work)
        return _ratio(f"{film.seconds:.0f} s, no script: heard, drafted", whole, self.alone(film, ONE, work, whole))

    def everything(self, film: Film, work: Path, *, own_server: bool = False) -> Taken:
        """A job with everything on: the source's script heard, the target's drafted by a service."""
        with _drafting_service(film) as address:
            translation = {"provider": "libretranslate", "base_url": address}
            job = self.job(film, (), work, targets=list(ONE), translation=translation)
            return self.run(job, work / "home", own_server=own_server)

    def memory(self, film: Film) -> dict[str, Any]:
        """Everything on, and a server of its own."""
        taken = self.everything(film, self.folder / f"{film.name}-everything", own_server=True)
        return {
            "name": f"{film.seconds:.0f} s, everything on: memory of the tree, its own server too",
            "peak_mb": taken.peak_mb,
            "wall_s": taken.wall,
            "goal": f"< {MEMORY_GOAL_MB} MB",
        }

    def own_server(self, film: Film) -> dict[str, Any]:
        """What a run adds that starts a server of its own: the finished job once more, with and without."""
        work = self.folder / f"{film.name}-1"
        job, place = work / "job.json", work / "home"
        there, own = self.run(job, place), self.run(job, place, own_server=True)
        return {"name": "a server of the run's own adds", "wall_s": own.wall - there.wall, "cpu_s": own.cpu - there.cpu}

    def job(
        self,
        film: Film,
        locales: tuple[str, ...],
        work: Path,
        more_of_source: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Path:
        """A job file, in a folder with an empty home."""
        (work / "home").mkdir(parents=True)
        (work / "home" / "models").symlink_to(self.models)
        source = {"media": str(film.folder / "film.mp4"), "locale": "en-US", **(more_of_source or {})}
        targets = [{"locale": locale, "subtitles": str(film.folder / f"{locale}.vtt")} for locale in locales]
        dubbing = {"provider": "embedded", "separation": "learned"}
        asked = {"name": film.name, "source": source, "targets": targets, "dubbing": dubbing} | more
        path = work / "job.json"
        path.write_text(json.dumps(asked), "utf-8")
        return path

    def changed(self, film: Film, locales: tuple[str, ...], job: Path, work: Path) -> Taken:
        """The job once more, with another word in one cue of its first language."""
        script = read_file(film.folder / f"{locales[0]}.vtt").track
        cues = (*script.cues[:2], replace(script.cues[2], text="Puede usar esta voz para todo."), *script.cues[3:])
        path = work / "changed.vtt"
        path.write_text(write(Track(cues), "vtt").text, "utf-8")
        asked = json.loads(job.read_text("utf-8"))
        asked["targets"][0]["subtitles"] = str(path)
        job.write_text(json.dumps(asked), "utf-8")
        return self.run(job, work / "home")

    def run(self, job: Path, place: Path, *, own_server: bool = False) -> Taken:
        """`polyreel run`, from the command line to its end."""
        environment = {"POLYREEL_HOME": str(place), **({} if own_server else {"PREFECT_API_URL": self.server})}
        return run_program(["-m", "deployments.cli", "run", str(job), "--json"], environment)

    def alone(self, film: Film, locales: tuple[str, ...], work: Path, whole: Taken) -> Taken:
        """The models on what the job gave them."""
        mix = work / "mix.wav"
        _decode(film.folder / "film.mp4", mix, "-ar", "48000", "-c:a", "pcm_s16le")
        outcome = whole.outcome()
        made = {locale: outcome["languages"][locale] for locale in locales}
        heard = "transcribe" in outcome["stages"]
        order = {
            "scripts": {locale: each["subtitles"]["vtt"] for locale, each in made.items()},
            "film": (sound := str(_as_heard(film.folder / "film.mp4", work))),
            "source": {"en-US": sound} if heard else {},
            "dubs": {locale: str(_as_heard(Path(each["video"]), work)) for locale, each in made.items()},
            "mix": str(mix),
            "reel_ms": round(film.seconds * 1000),
        }
        (work / "order.json").write_text(json.dumps(order), "utf-8")
        return run_program(
            ["-m", "benchmarks.models_alone", str(work / "order.json")], {"POLYREEL_HOME": str(work / "home")}
        )


def _ratio(name: str, whole: Taken, alone: Taken) -> dict[str, Any]:
    return {
        "name": name,
        "wall_s": whole.wall,
        "models_wall_s": alone.wall,
        "ratio": whole.wall / alone.wall,
        "cpu_s": whole.cpu,
        "models_cpu_s": alone.cpu,
        **{f"models_{what}_s": seconds for what, seconds in alone.outcome().items()},
        "peak_mb": whole.peak_mb,
        "goal": f"ratio <= {GOAL}",
    }


def _script(locale: str, seconds: float, times: int) -> str:
    track = read_file(NARRATED / f"narrated.{locale}.srt").track
    cues: list[Cue] = []
    for turn in range(times):
        moved = shift(track, round(turn * CLIP_S * 1000)).cues
        cues += [_numbered(cue, turn) for cue in moved if cue.end_ms < seconds * 1000]
    return write(Track(tuple(cues)), "vtt").text


def _numbered(cue: Cue, turn: int) -> Cue:
    return replace(cue, text=_END.sub(rf" {turn + 1}\1", cue.text, count=1)) if turn else cue


def _spoken(place: Path) -> set[str]:
    return {record.name for record in (place / "store" / "records").glob("speech-*/*.json")}


def _as_heard(video: Path, work: Path) -> Path:
    """A film's sound, or a finished dub's, as a listener takes it."""
    raw = work / f"{video.stem}.f32"
    _decode(video, raw, "-ac", "1", "-ar", "16000", "-f", "f32le")
    path = raw.with_suffix(".npy")
    np.save(path, np.fromfile(raw, "<f4"))
    return path


def _decode(source: Path, target: Path, *options: str) -> None:
    subprocess.run([str(ffmpeg()), "-v", "error", "-y", "-i", str(source), "-vn", *options, str(target)], check=True)


def run_program(arguments: list[str], more: Mapping[str, str]) -> Taken:
    """A Python program to its end; raises RuntimeError where it fails. ``more`` is added to its environment."""
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"} | dict(more)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        with subprocess.Popen([sys.executable, *arguments], env=env, stdout=out) as child:
            memory = memory_while(child, 0.25)
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        out.seek(0)
        printed = out.read()
    if child.returncode:
        raise RuntimeError(f"{arguments} ended with {child.returncode}: {printed[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Taken(wall, cpu, memory, printed)


@contextmanager
def _drafting_service(film: Film) -> Iterator[str]:
    """A translator on loopback that knows the film's Spanish by heart: `/translate` as LibreTranslate answers it."""
    known = [" ".join(cue.text.split()) for cue in read_file(film.folder / "es-ES.vtt").track.cues]

    class Translator(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["q"]
            said = [known[number % len(known)] for number in range(len(asked))]
            body = json.dumps({"translatedText": said}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Translator) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


if __name__ == "__main__":
    print(json.dumps(list(run()), indent=2))
