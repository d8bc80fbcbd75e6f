"""What a run's process, and Prefect's, import before they begin."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import blocks

_FEW_RUNS_NEED = (
    "fastapi",
    "docx",
    "sqlalchemy",
    "polyreel.engine.voice.kokoro.japanese",
    "polyreel.engine.voice.kokoro.mandarin",
    "blocks",
    "cryptography",
    "xml.etree",
    "polyreel.engine.voice.text.words",
    # Only stages that have something to do compute with sound, write pages, or ask a vendor.
    "numpy",
    "jinja2",
    "faster_whisper",
    "ctranslate2",
    "langcodes",
    "language_data",
    "polyreel.dubbing.embedded",
    "polyreel.dubbing.hearing",
    "polyreel.dubbing.mending",
    "polyreel.dubbing.translation",
    "polyreel.dubbing.voice_checks",
    "polyreel.engine.models.sessions",
    "polyreel.engine.sound.pcm",
    "polyreel.engine.voice.kokoro.voice",
    "polyreel.ledger.receiver",
    "polyreel.media.audio",
    "polyreel.media.mux",
    "polyreel.media.trim",
    "polyreel.packaging.films",
    "polyreel.packaging.streaming",
    "polyreel.report.page",
    "polyreel.review.edits",
    "polyreel.series.tmx",
    "polyreel.subtitles.mojibake",
    "polyreel.vendors.translation",
    "polyreel.vendors.transport",
)
_POSTPONED = ("prefect.blocks.notifications", "prefect.blocks.webhook", "jsonschema", "coolname")


def test_a_run_imports_nothing_that_only_some_runs_need() -> None:
    """A job that is done already pays for each of them with every repetition."""
    code = f"import sys, flows.localise; print([m for m in {_FEW_RUNS_NEED} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_imports_nothing_of_prefect_that_no_run_uses() -> None:
    """`polyreel run` imports it without; whoever asks for one of them all the same has it whole."""
    code = f"""
import sys
from deployments.commands import job_run
job_run._import_flow()
print([name for name in {_POSTPONED} if type(sys.modules[name]).__name__ != "_Postponed"])
from prefect.blocks.notifications import SlackWebhook
print(SlackWebhook.get_block_type_slug())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "slack-webhook"]


@pytest.mark.parametrize("command", [["status"], ["credentials", "list"]])
def test_a_command_for_the_server_imports_nothing_of_prefect_that_it_does_not_use(
    prefect_server: str, command: list[str]
) -> None:
    """A quarter of a second of what a person waits for, who asks how runs stand."""
    code = f"""
import os, sys
os.environ["PREFECT_API_URL"] = {prefect_server!r}
from deployments.cli import cli
cli({command}, standalone_mode=False)
print(type(sys.modules["prefect.blocks.notifications"]).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[-2] == "_Postponed", done.stderr


def test_a_blocks_module_comes_without_the_others() -> None:
    """Each brings its vendor's client along."""
    code = "import sys; from blocks.credentials import kind_of; kind_of('dubformer'); print(list(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'polyreel.vendors.dubformer.client'" in done.stdout
    others = ("nomad", "panjaya", "tpstreams", "videojungle")
    assert not [vendor for vendor in others if f"'polyreel.vendors.{vendor}" in done.stdout]


def test_prefect_registers_every_block_when_it_loads_its_collections() -> None:
    """By the entry point, in a process that has imported no block: so its server offers them all."""
    code = """
import json
from prefect.blocks.core import Block
from prefect.plugins import load_prefect_collections
from prefect.utilities.dispatch import get_registry_for_type
load_prefect_collections()
kinds = get_registry_for_type(Block).values()
print(json.dumps([kind.__name__ for kind in kinds if kind.__module__.startswith("blocks.")]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(json.loads(done.stdout)) == sorted(blocks.__all__)
