"""Argos Translate, where the user has installed it: a service of lines on this machine, without an account."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
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
    try:
        from argostranslate import translate
    except ImportError:
        raise _make_missing_error("Argos Translate is not installed", _find_code(source), _find_code(target)) from None
    # Only what is installed: Argos would fetch a package by itself, in the midst of a job.
    installed = {language.code: language for language in translate.get_installed_languages()}
    origin, into = _find_code(source, installed), _find_code(target, installed)
    pair = installed[origin].get_translation(installed[into]) if {origin, into} <= installed.keys() else None
    if pair is None:
        raise _make_missing_error(f"Argos Translate has no package from {origin} to {into}", origin, into)
    return pair


def _find_code(tag: str, installed: Container[str] = ()) -> str:
    """Argos's name for a locale: the installed one, else the two letters that its packages are named by."""
    spellings = locales.translator_spellings(tag)
    short = next((spelling for spelling in spellings if len(spelling) == 2), spellings[0])
    return next((spelling for spelling in spellings if spelling in installed), short)


def _make_missing_error(what: str, origin: str, into: str) -> InvalidJob:
    return InvalidJob(
        what,
        code="translator_missing",
        where="translation.provider",
        remedy=f"Run `pip install argostranslate` and `argospm install translate-{origin}_{into}`, "
        "or use another provider.",
    )
