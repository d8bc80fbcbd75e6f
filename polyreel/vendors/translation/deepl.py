"""DeepL: ``POST /v2/translate``, ``GET /v2/usage`` (developers.deepl.com)."""

from __future__ import annotations

from collections.abc import Sequence

from polyreel import locales
from polyreel.errors.wording import spell_count
from polyreel.vendors.auth import KeyAuth
from polyreel.vendors.bodies import json_body
from polyreel.vendors.calls import Call, ErrorBody, read_error_body
from polyreel.vendors.errors import PaymentRequired
from polyreel.vendors.limits import Limits
from polyreel.vendors.models import Answer
from polyreel.vendors.resource import Resource
from polyreel.vendors.translation.port import as_many, split_batches
from polyreel.vendors.transport import Transport

FREE_URL, PAID_URL = "https://api-free.deepl.com", "https://api.deepl.com"
# DeepL's own limit of texts in one request.
LINES_PER_CALL = 50
# The targets for which DeepL wants a region.
_REGIONAL = {"EN-US", "EN-GB", "PT-BR", "PT-PT", "ES-419"}
_USUAL = {"EN": "EN-US", "PT": "PT-PT"}


class _Line(Answer):
    text: str


class _Translated(Answer):
    translations: tuple[_Line, ...]


class _Usage(Answer):
    character_count: int
    character_limit: int


class DeepLTranslator(Resource):
    """A DeepL account. Keys that end in `:fx` belong to the free plan and its own address."""

    def __init__(self, api_key: str, *, base_url: str = "", limits: Limits | None = None) -> None:
        address = base_url or (FREE_URL if api_key.strip().endswith(":fx") else PAID_URL)
        auth = KeyAuth("Authorization", api_key, "DeepL-Auth-Key")
        super().__init__(Transport("deepl", address, auth=auth, limits=limits, read_error=_read_error))

    async def translate(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """Each line in the target language."""
        pair = {"source_lang": locales.language(source).upper(), "target_lang": target_lang(target)}
        return [
            line for batch in split_batches(lines, LINES_PER_CALL) for line in await self._translate_batch(batch, pair)
        ]

    async def check(self) -> str:
        """How many characters are left."""
        usage = await self.transport.ask(Call("get usage", "GET", "/v2/usage"), _Usage)
        return f"may translate {spell_count(max(0, usage.character_limit - usage.character_count), 'more character')}"

    async def _translate_batch(self, lines: Sequence[str], pair: dict[str, str]) -> list[str]:
        body = json_body({"text": list(lines), **pair})
        call = Call("translate", "POST", "/v2/translate", body=body, repeatable=True)

        return await self.transport.send(
            call, lambda reply: as_many(lines, [line.text for line in reply.read_as(_Translated).translations], reply)
        )


def target_lang(tag: str) -> str:
    """DeepL's spelling of a target: `pt-BR` -> `PT-BR`, `fr-FR` -> `FR`, `zh-TW` -> `ZH-HANT`."""
    wanted = locales.canonical(tag).upper()
    short = locales.language(tag).upper()
    if short == "ZH":
        # Chinese is told apart by script there, and not by region: Taiwan and Hong Kong are both ZH-HANT.
        return f"ZH-{locales.script(tag).upper()}"
    return wanted if wanted in _REGIONAL else _USUAL.get(short, short)


def _read_error(status: int, body: object) -> ErrorBody:
    said = read_error_body(status, body)
    # DeepL's own status for a used-up quota.
    return ErrorBody(said.message or "Quota exceeded", said.code, PaymentRequired) if status == 456 else said
