"""One line, spoken: an order as JSON on standard input, the recording's path as JSON on standard output."""

from __future__ import annotations

import json
import sys
from typing import Any

from polyreel.dubbing.choice import voice_for
from polyreel.engine.speech.booth import Booth, wav_bytes
from polyreel.errors import PolyreelError
from polyreel.store.choice import open_store
from polyreel.store.local import path_of


def speak(order: dict[str, Any]) -> str:
    """The path of the recording. What dubs have said before, in this voice and at its own pace, is not said again."""
    voice, store = voice_for("auto"), open_store()
    who = voice.resolve(order["locale"], order["voice"]) if order["voice"] else voice.cast(order["locale"])[0]
    if order["pace"] == 1.0:
        return str(path_of(Booth(voice, store).natural(order["text"], who).audio))
    speech = voice.speak(order["text"], who, order["pace"])
    return str(path_of(store.keep_bytes(wav_bytes(speech), ".wav")))


if __name__ == "__main__":
    try:
        print(json.dumps({"file": speak(json.load(sys.stdin))}))  # noqa: T201 - the answer
    except PolyreelError as error:
        known = {"message": error.message, "code": error.code, "remedy": error.remedy}
        print(json.dumps({"error": known}))  # noqa: T201 - the answer
