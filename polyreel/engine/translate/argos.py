"""Argos Translate, where the user has installed it: a service of lines on this machine, without an account."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from polyreel import locales
from polyreel.errors import InvalidJob


class ArgosService:
    """Argos's installed packages. Sentences are translated one by one, in a thread."""

    async def translate(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """Each line in the target language. Raises InvalidJob where Argos, or the pair, is not installed."""
        pair = require_argos(source, target)
        return [str(await asyncio.to_thread(pair.translate, line)) for line in lines]


def require_argos(source: str, target: str) -> Any:
    """Argos's translation for a pair of locales. Raises InvalidJob (``translator_missing``)."""
    origin, into = locales.language(source), locales.language(target)
    try:
        from argostranslate import translate
    except ImportError:
        raise _absent("Argos Translate is not installed", origin, into) from None
    installed = {language.code: language for language in translate.get_installed_languages()}
    pair = installed[origin].get_translation(installed[into]) if {origin, into} <= installed.keys() else None
    if pair is None:
        raise _absent(f"Argos Translate has no package from {origin} to {into}", origin, into)
    return pair


def _absent(what: str, origin: str, into: str) -> InvalidJob:
    return InvalidJob(
        what,
        code="translator_missing",
        where="translation.provider",
        remedy=f"Run `pip install argostranslate` and `argospm install translate-{origin}_{into}`, "
        "or use another provider.",
    )
