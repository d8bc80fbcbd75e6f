"""What the server does by itself: marks runs that went silent, and tells somebody of runs that need them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect.automations import AutomationCore, ChangeFlowRunState, EventTrigger, Posture, SendNotification
from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import StateType

from polyreel.errors import InvalidJob

# A living run says so every 30 s (the shortest that Prefect allows); three silences are one too many.
HEARTBEAT_S = 30
SILENT_S = 3 * HEARTBEAT_S
ENDINGS = ("Completed", "Partial", "Held", "Failed", "Crashed", "Cancelled", "Cancelling", "TimedOut", "Paused")
TELLING = ("Partial", "Held", "Failed", "Crashed", "TimedOut")
SILENT_RUNS = "polyreel: mark runs that went silent"
TELL = "polyreel: tell of runs that need somebody"
SUBJECT = "polyreel: {{ flow_run.name }} is {{ flow_run.state.name }}"
BODY = """{{ flow_run.name }} ({{ flow.name }}): {{ flow_run.state.name }}
{{ flow_run.state.message }}

Look at it:  {{ flow_run|ui_url }}
Go on:       polyreel submit --again {{ flow_run.id }}
             (the job as it was; a changed job file: polyreel submit FILE)
"""


async def install(client: PrefectClient, tell: list[object]) -> None:
    """Put the automations in place, anew: what an earlier version installed goes. ``tell`` are blocks' ids."""
    wanted = [silent_runs(), *([telling(tell)] if tell else [])]
    for name in (SILENT_RUNS, TELL):
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


def telling(blocks: list[object]) -> AutomationCore:
    """Failed, crashed, partly delivered and held runs are told, with the reason and the command that goes on."""
    return AutomationCore(
        name=TELL,
        description="Failed, crashed, partly delivered and held runs, with the reason and the command that goes on.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{name}" for name in TELLING},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related={"prefect.resource.role": ["flow"], "prefect.resource.name": ["localise", "localise-batch"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[SendNotification(block_document_id=block, subject=SUBJECT, body=BODY) for block in blocks],
    )


async def notification_block(place: str) -> object:
    """The id of a notification block, named as ``TYPE/NAME`` (``slack-webhook/ops``).

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
    return found._block_document_id
