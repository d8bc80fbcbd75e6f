"""What the server does by itself: marks runs that went silent, and tells somebody of runs that need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from prefect.automations import AutomationCore, ChangeFlowRunState, EventTrigger, Posture, SendNotification
from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType

from deployments.process.prefect_insides import id_of_block
from deployments.process.signs_of_life import SILENT_S
from polyreel.errors import InvalidJob

ENDINGS = (
    *("Completed", "Partial", "Held", "Failed", "Crashed", "Cancelled", "Cancelling", "TimedOut"),
    # A sleeping run has no process and gives no sign of life: it is not dead.
    *("Paused", "Suspended"),
)
# Who is told of every success soon reads none of it.
TELLING = ("Partial", "Held", "Failed", "Crashed", "TimedOut")
SILENT_RUNS = "polyreel: mark runs that went silent"
TELL = "polyreel: tell of runs that need somebody"
EVENTS = "polyreel: send events of runs"
WEBHOOK_SLUG = "polyreel-webhook"
SUBJECT = "polyreel: {{ flow_run.name }} is {{ flow_run.state.name }}"
BODY = """{{ flow_run.name }} ({{ flow.name }}): {{ flow_run.state.name }}
{{ flow_run.state.message }}

Look at it:  {{ flow_run|ui_url }}
{% if flow_run.state.type == "PAUSED" %}Decide:      at the address or with the command above, or by Resume in the UI.
             The run goes on by itself.
{% else %}Go on:       polyreel submit --again {{ flow_run.id }}
             (the job as it was; a changed job file: polyreel submit FILE)
{% endif %}"""
EVENT = """{"type": "polyreel.run.{{ flow_run.state.name | lower }}",
"timestamp": {{ event.occurred.isoformat() | tojson }},
"data": {"run": "{{ flow_run.id }}", "job": {{ flow_run.name | tojson }}, "flow": {{ flow.name | tojson }},
"state": {{ flow_run.state.name | tojson }}, "message": {{ flow_run.state.message | tojson }},
"look": {{ flow_run | ui_url | tojson }},
"go_on": {% if flow_run.state.type == "PAUSED" %}{{ ("polyreel review " ~ flow_run.name) | tojson }}\
{% else %}"polyreel submit --again {{ flow_run.id }}"{% endif %}}}"""


@dataclass(frozen=True, slots=True)
class Listener:
    """A saved block that is told of runs: its id, and whether it is one of our webhooks, which take events."""

    id: object
    takes_events: bool = False


async def install_automations(client: PrefectClient, tell: list[Listener]) -> None:
    """Put the automations in place, anew: what an earlier version installed goes."""
    people = [each.id for each in tell if not each.takes_events]
    programs = [each.id for each in tell if each.takes_events]
    wanted = [
        silent_runs(),
        *([notify_automation(people)] if people else []),
        *([event_automation(programs)] if programs else []),
    ]
    for name in (SILENT_RUNS, TELL, EVENTS):
        # By our own names alone: automations that people have made stay as they are.
        for old in await client.read_automations_by_name(name):
            await client.delete_automation(old.id)
    for automation in wanted:
        await client.create_automation(automation)


def silent_runs() -> AutomationCore:
    """A run that has begun to give signs of life and stops giving them, without having ended, has crashed."""
    return AutomationCore(
        name=SILENT_RUNS,
        description=f"A run that gives no sign of life for {SILENT_S} s has lost its process or its machine.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{name}" for name in ENDINGS)},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=SILENT_S),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message=f"No sign of life for {SILENT_S} s: its process or machine is gone. What was finished is kept.",
            )
        ],
    )


def notify_automation(blocks: list[object]) -> AutomationCore:
    """Failed, crashed, partly delivered and held runs are told, with the reason and the command that goes on."""
    return AutomationCore(
        name=TELL,
        description="Failed, crashed, partly delivered and held runs, with the reason and the command that goes on.",
        trigger=_each_run(TELLING),
        actions=[SendNotification(block_document_id=block, subject=SUBJECT, body=BODY) for block in blocks],
    )


def event_automation(blocks: list[object]) -> AutomationCore:
    """Every run's end is sent to webhooks as an event that a program reads."""
    return AutomationCore(
        name=EVENTS,
        description="The end of every run, as a signed event.",
        trigger=_each_run((*TELLING, "Completed", "Cancelled")),
        actions=[SendNotification(block_document_id=block, subject=SUBJECT, body=EVENT) for block in blocks],
    )


def _each_run(states: tuple[str, ...]) -> EventTrigger:
    return EventTrigger(
        expect={f"prefect.flow-run.{name}" for name in states},
        match={"prefect.resource.id": ["prefect.flow-run.*"]},
        match_related={
            "prefect.resource.role": ["flow"],
            "prefect.resource.name": ["localise", "localise-batch", "revise"],
        },
        for_each={"prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
    )


async def notification_block(place: str) -> Listener:
    """A notification block, named as ``TYPE/NAME`` (``slack-webhook/ops``).

    Raises `InvalidJob` for one that is not saved, or is none.
    """
    try:
        found: Any = await Block.aload(place)
    except ValueError as error:
        raise InvalidJob(
            str(error).splitlines()[0], where=f"--tell {place}", remedy="Save it first, in the UI below Blocks."
        ) from None
    if "notify" not in found.get_block_capabilities():
        raise InvalidJob("is no notification block", where=f"--tell {place}", remedy="Name one that can notify.")
    return Listener(id_of_block(found), takes_events=place.startswith(f"{WEBHOOK_SLUG}/"))
