"""LibreTranslate: ``POST /translate`` with the key in the body, ``GET /languages`` (docs.libretranslate.com)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from polyreel import locales
from polyreel.errors.wording import spell_count
from polyreel.vendors.auth import Anonymous
from polyreel.vendors.bodies import json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.errors import CallError, UnsupportedLocale
from polyreel.vendors.limits import Limits
from polyreel.vendors.models import Answer
from polyreel.vendors.resource import Resource
from polyreel.vendors.translation.port import as_many, split_batches
from polyreel.vendors.transport import Transport

BASE_URL = "https://libretranslate.com"
LINES_PER_CALL = 50


class _Translated(Answer):
    translated_text: list[str]


class _Language(Answer):
    code: str


class _KeyInBody(Anonymous):
    """The key goes in the body; a server that quotes it back must not get it into an error."""

    def __init__(self, key: str) -> None:
        self._key = key

    def list_secrets(self) -> Iterable[str]:
        """The key."""
        return (self._key,)


class LibreTranslator(Resource):
    """A LibreTranslate server, one's own or the hosted one."""

    def __init__(self, *, base_url: str = BASE_URL, api_key: str = "", limits: Limits | None = None) -> None:
        super().__init__(Transport("libretranslate", base_url, auth=_KeyInBody(api_key), limits=limits))
        self._key = {"api_key": api_key} if api_key else {}
        self._known: frozenset[str] | None = None

    async def translate(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """Each line in the target language, under the server's own name for it.

        Raises UnsupportedLocale where the server has none for its script: it would write the other one.
        """
        pair = {
            "source": await self._spell_language(source, "source"),
            "target": await self._spell_language(target, "target"),
        }
        return [
            line for batch in split_batches(lines, LINES_PER_CALL) for line in await self._translate_batch(batch, pair)
        ]

    async def check(self) -> str:
        """Whether the server answers, and for how many languages."""
        languages = await self.transport.ask(Call("list languages", "GET", "/languages"), list[_Language])
        return f"may translate between {spell_count(len(languages), 'language')}"

    async def _spell_language(self, tag: str, role: str) -> str:
        spellings = locales.translator_spellings(tag)
        if len(spellings) == 1:
            return spellings[0]
        known = await self._list_codes()
        found = next((spelling for spelling in spellings if spelling in known), None)
        if known and found is None:
            raise UnsupportedLocale(
                f"This LibreTranslate server has no {locales.english_name(tag)}: it knows {', '.join(sorted(known))}.",
                vendor="libretranslate",
                locale=tag,
                role=role,
                where=tag,
                remedy="Load that language on the server, name another translator, or give the target its script.",
            )
        return found or spellings[0]

    async def _list_codes(self) -> frozenset[str]:
        """The server's own codes; none where it doesn't list them."""
        if self._known is None:
            try:
                languages = await self.transport.ask(Call("list languages", "GET", "/languages"), list[_Language])
                self._known = frozenset(language.code for language in languages)
            except CallError:
                # What is wrong with the server is told by the translation itself.
                self._known = frozenset()
        return self._known

    async def _translate_batch(self, lines: Sequence[str], pair: dict[str, str]) -> list[str]:
        # As plain text: a server that reads HTML would take a line's `<` for a tag.
        body = json_body({"q": list(lines), "format": "text", **pair, **self._key})
        call = Call("translate", "POST", "/translate", body=body, repeatable=True)
        return await self.transport.send(
            call, lambda reply: as_many(lines, reply.read_as(_Translated).translated_text, reply)
        )
