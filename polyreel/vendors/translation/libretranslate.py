"""LibreTranslate: ``POST /translate`` with the key in the body, ``GET /languages`` (docs.libretranslate.com)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from polyreel import locales
from polyreel.vendors.auth import Anonymous
from polyreel.vendors.bodies import json_body
from polyreel.vendors.calls import Call
from polyreel.vendors.limits import Limits
from polyreel.vendors.models import Answer
from polyreel.vendors.resource import Resource
from polyreel.vendors.translation.port import as_many, batches
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

    def secrets(self) -> Iterable[str]:
        """The key."""
        return (self._key,)


class LibreTranslator(Resource):
    """A LibreTranslate server, one's own or the hosted one."""

    def __init__(self, *, base_url: str = BASE_URL, api_key: str = "", limits: Limits | None = None) -> None:
        super().__init__(Transport("libretranslate", base_url, auth=_KeyInBody(api_key), limits=limits))
        self._key = {"api_key": api_key} if api_key else {}

    async def translate(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """Each line in the target language. The service knows languages, not regions."""
        pair = {"source": locales.language(source), "target": locales.language(target)}
        return [line for batch in batches(lines, LINES_PER_CALL) for line in await self._batch(batch, pair)]

    async def check(self) -> str:
        """Whether the server answers, and for how many languages."""
        languages = await self.transport.ask(Call("list languages", "GET", "/languages"), list[_Language])
        return f"may translate between {len(languages)} languages"

    async def _batch(self, lines: Sequence[str], pair: dict[str, str]) -> list[str]:
        body = json_body({"q": list(lines), "format": "text", **pair, **self._key})
        call = Call("translate", "POST", "/translate", body=body, repeatable=True)
        return await self.transport.send(
            call, lambda reply: as_many(lines, reply.read(_Translated).translated_text, reply)
        )
