"""A choice that may be left out is accepted as nothing, too: `submit` sends every field of a job."""

from __future__ import annotations

import pytest
from prefect.utilities.schema_tools import validate

from deployments.runner.form import make_ui_form
from polyreel.job import Job


@pytest.mark.parametrize("value", [None, "25"])
def test_a_choice_or_nothing_passes_the_servers_check(value: str | None) -> None:
    schema = {
        "type": "object",
        "properties": {
            "rate": {"anyOf": [{"enum": ["24", "25"], "type": "string"}, {"type": "null"}], "default": None}
        },
    }
    validate({"rate": value}, make_ui_form(schema), raise_on_error=True, preprocess=True)


def test_a_whole_job_as_it_is_handed_in_passes() -> None:
    source = {"media": "reel.mp4", "locale": "en-US"}
    job = Job.model_validate({"name": "reel", "source": source, "targets": ["es-ES"]})
    schema = Job.model_json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs")
    validate(job.model_dump(mode="json"), make_ui_form(schema), raise_on_error=True, preprocess=True)
