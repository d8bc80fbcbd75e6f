"""A job as a step of somebody's own Prefect flow: python own_flow.py JOB.yaml"""

import asyncio
import sys

from prefect import flow, task

from polyreel import Outcome, arun, load_job


@task
def announce(outcome: Outcome) -> str:
    """Whatever comes after: here, one line."""
    ready = [locale for locale, language in outcome.languages.items() if language.status == "delivered"]
    return f"{outcome.job} is {outcome.status} in {', '.join(ready)}"


@flow
async def publish(path: str) -> str:
    """Dub a reel, then tell about it."""
    return announce(await arun(load_job(path)))


if __name__ == "__main__":
    print(asyncio.run(publish(sys.argv[1])))
