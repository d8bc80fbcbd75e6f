"""Makes the reel that the examples dub, beside this file: python examples/make_reel.py"""

import asyncio
from pathlib import Path

from polyreel.sandbox.sample import make_sample

SECONDS = 12

if __name__ == "__main__":
    made = asyncio.run(make_sample(Path(__file__).parent / "reel", SECONDS))
    print(made.video)
