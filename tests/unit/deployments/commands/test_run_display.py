"""What `polyreel run` prints at its end."""

from __future__ import annotations

import pytest

from deployments.commands.run_display import summary
from polyreel.outcome import LanguageOutcome, Outcome


def test_every_note_is_printed_and_a_shared_one_once(capsys: pytest.CaptureFixture[str]) -> None:
    """What was left out, or chosen for the user, is said where the user looks."""
    unheard = "Back-transcription skipped: no Whisper weights."
    languages = {
        "es-ES": LanguageOutcome(status="delivered", notes=(unheard, "1 cue is not spoken: [music].")),
        "fr-FR": LanguageOutcome(status="delivered", notes=(unheard,)),
    }
    summary(Outcome(job="welcome", status="completed", languages=languages, notes=("Track 1 of 2 was taken.",)))
    printed = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("note ")]
    assert printed == [
        "note      Track 1 of 2 was taken.",
        f"note      es-ES, fr-FR: {unheard}",
        "note      es-ES: 1 cue is not spoken: [music].",
    ]
