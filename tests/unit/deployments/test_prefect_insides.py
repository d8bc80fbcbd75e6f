"""Canaries: every private place of Prefect that polyreel takes over. A new Prefect that moved one fails here, by name.

Each says what is used, by whom, and why; docs/decisions/prefect-insides.md says what would make it unneeded.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from deployments.process import prefect_insides

RUNNER = "prefect.runner.runner"
POLLER = "prefect.runner._scheduled_run_poller"
INSIDES: dict[str, list[tuple[str, str]]] = {
    "start_runs_with": [(RUNNER, "_scheduled_run_poller"), (POLLER, "_resolve_starter")],
    "limit_goodbyes": [(RUNNER, "_process_manager")],
    "is_in_hand": [(POLLER, "_submitting_flow_run_ids")],
    "poll_for_runs": [(RUNNER, "_scheduled_run_poller")],
    "client_of": [(RUNNER, "_client")],
    "runs_with_a_process": [(RUNNER, "_process_manager")],
    "processes_of": [(RUNNER, "_process_manager")],
    "cancel_soon": [(RUNNER, "_cancel_run"), (RUNNER, "_runs_task_group")],
    "deployment_name": [(RUNNER, "_deployment_registry")],
    "environment_of_run": [
        (RUNNER, "_control_channel"),
        ("prefect._internal.control_listener", "PREFECT__CONTROL_PORT"),
    ],
    "as_handle": [("prefect.runner._process_manager", "ProcessHandle")],
    "run_in_environment": [("prefect.engine", "FLOW_RUN_ID")],
    "become_run": [("prefect.engine", "FLOW_RUN_ID")],
    "redraw_form": [("prefect.deployments.runner", "_parameter_openapi_schema")],
    "id_of_block": [("prefect.blocks.core", "_block_document_id")],
    "use_database": [
        ("prefect.server.database.dependencies", "MODELS_DEPENDENCIES"),
        ("prefect.server.database.configurations", "begin_transaction"),
    ],
    "make_server_app": [("prefect.server.api.server", "create_app")],
    "leave_out_unneeded": [
        ("prefect.blocks", "import prefect.blocks.notifications as"),
        ("prefect.blocks", "import prefect.blocks.webhook as"),
        ("prefect._internal.schemas.validators", "import jsonschema"),
        ("prefect.utilities.names", "import coolname"),
        ("prefect.utilities.visualization", "import graphviz"),
    ],
}
"""Each function of `deployments.process.prefect_insides`, and what of Prefect it stands on."""


def source_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"Prefect has no module {module} any more"
    assert spec.origin is not None
    return Path(spec.origin).read_text("utf-8")


@pytest.mark.parametrize("function", INSIDES)
def test_prefect_still_has_what_is_taken_over(function: str) -> None:
    for module, name in INSIDES[function]:
        assert name in source_of(module), f"{function}: {module} has no {name} any more"


def test_every_function_of_the_module_has_its_canary_and_its_reason() -> None:
    functions = inspect.getmembers(prefect_insides, inspect.isfunction)
    ours = {name: function for name, function in functions if function.__module__ == prefect_insides.__name__}
    assert ours.keys() == INSIDES.keys()
    assert all(function.__doc__ for function in ours.values())


def test_nothing_private_of_prefect_is_used_elsewhere() -> None:
    private = re.compile(r"PREFECT__|\b(?:_resolve_starter|_scheduled_run_poller|_process_manager|_control_channel)\b")
    private_import = re.compile(r"^\s*from prefect[\w.]*\._", re.MULTILINE)
    home = Path(prefect_insides.__file__)
    for file in home.parents[1].rglob("*.py"):
        text = file.read_text("utf-8")
        assert file == home or not (private.search(text) or private_import.search(text)), file


@pytest.mark.parametrize(
    ("module", "function", "wanted"),
    [
        ("prefect.runner._process_manager:ProcessManager", "kill", {"flow_run_id", "grace_seconds", "force"}),
        ("prefect.runner._process_manager:ProcessManager", "get", {"flow_run_id"}),
        ("prefect.runner._process_manager:ProcessManager", "flow_run_ids", set()),
        ("prefect.server.database.configurations:AioSqliteConfiguration", "begin_transaction", {"with_for_update"}),
        ("prefect.server.api.server:", "create_app", {"ephemeral", "final"}),
    ],
)
def test_what_is_called_takes_what_it_is_given(module: str, function: str, wanted: set[str]) -> None:
    path, _, owner = module.partition(":")
    found: Any = importlib.import_module(path)
    called = getattr(getattr(found, owner) if owner else found, function)
    assert wanted <= inspect.signature(called).parameters.keys()
