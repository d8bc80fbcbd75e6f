"""Credentials for services that draft translations."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from pydantic import Field, HttpUrl, SecretStr

from blocks.base import VendorCredentials, clean_address
from polyreel.vendors.translation.chat import ChatTranslator
from polyreel.vendors.translation.deepl import DeepLTranslator
from polyreel.vendors.translation.libretranslate import BASE_URL, LibreTranslator
from polyreel.vendors.translation.port import Translator


class TranslationCredentials(VendorCredentials):
    """A block for a service that drafts translations.

    Named by a job's ``translation: {provider: ..., credentials: NAME}``. What clients raise is a `VendorError`.

        translator = (await DeepLCredentials.aload("drafts")).get_client()
    """

    @abstractmethod
    def get_client(self) -> AbstractAsyncContextManager[Translator]:
        """A translator."""

    def identify_account(self) -> str:
        """Its key, where it has one."""
        key: SecretStr | None = getattr(self, "api_key", None)
        return key.get_secret_value() if key else ""

    async def check(self) -> tuple[str, ...]:
        """Asks for what costs nothing: models, languages or usage."""
        async with self.get_client() as client:
            return (await client.check(),)


class ChatTranslationCredentials(TranslationCredentials):
    """An OpenAI-style chat endpoint that drafts translations: a local Ollama or vLLM, or a hosted one."""

    vendor: ClassVar[str] = "chat"
    _block_type_name = "Chat translation credentials"
    _block_type_slug = "polyreel-chat-translation"
    _documentation_url = HttpUrl("https://platform.openai.com/docs/api-reference/chat")

    model: str = Field(min_length=1, title="Model", description="The model's name at that endpoint.")
    base_url: HttpUrl = Field(
        default=HttpUrl("http://127.0.0.1:11434/v1"),
        title="Base URL",
        description="The address before /chat/completions; the default is a local Ollama.",
    )
    api_key: SecretStr | None = Field(
        default=None, title="API key", description="The key; a local endpoint usually needs none."
    )

    def get_client(self) -> ChatTranslator:
        """A translator."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        return ChatTranslator(self.model, base_url=clean_address(self.base_url), api_key=key, limits=self.limits)


class LibreTranslateCredentials(TranslationCredentials):
    """A LibreTranslate server that drafts translations, one's own or the hosted one."""

    vendor: ClassVar[str] = "libretranslate"
    _block_type_name = "LibreTranslate credentials"
    _block_type_slug = "polyreel-libretranslate"
    _documentation_url = HttpUrl("https://docs.libretranslate.com/")

    base_url: HttpUrl = Field(default=HttpUrl(BASE_URL), title="Base URL", description="Where the server is.")
    api_key: SecretStr | None = Field(
        default=None, title="API key", description="The key; one's own server usually needs none."
    )

    def get_client(self) -> LibreTranslator:
        """A translator."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        return LibreTranslator(base_url=clean_address(self.base_url), api_key=key, limits=self.limits)


class DeepLCredentials(TranslationCredentials):
    """A DeepL account that drafts translations."""

    vendor: ClassVar[str] = "deepl"
    _block_type_name = "DeepL credentials"
    _block_type_slug = "polyreel-deepl"
    _documentation_url = HttpUrl("https://developers.deepl.com/docs")

    api_key: SecretStr = Field(title="API key", description="The key; one that ends in `:fx` is of the free plan.")
    base_url: HttpUrl | None = Field(
        default=None, title="Base URL", description="Where the API is; left out, the address of the key's plan."
    )

    def get_client(self) -> DeepLTranslator:
        """A translator."""
        return DeepLTranslator(
            self.api_key.get_secret_value(), base_url=clean_address(self.base_url), limits=self.limits
        )
