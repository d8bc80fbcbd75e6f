"""Prefect blocks: one per vendor. A block holds secrets and makes a client; nothing else unwraps a secret.

To register them at once: ``prefect block register -m blocks``. Prefect's server finds `blocks.catalogue` by its
``prefect.collections`` entry point, and offers every block that is named here.

A block's module is imported when the block is first asked for (PEP 562). Each brings a vendor's client along, and
Prefect draws a schema of it: all of them together took a run a sixth of a second, of which it needs one or two.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blocks.callbacks import CallbackSecret
    from blocks.dubformer import DubformerCredentials
    from blocks.nomad import NomadCredentials
    from blocks.object_store import ObjectStoreCredentials
    from blocks.panjaya import PanjayaCredentials
    from blocks.signing import SigningCredentials
    from blocks.tpstreams import TPStreamsCredentials
    from blocks.translation import ChatTranslationCredentials, DeepLCredentials, LibreTranslateCredentials
    from blocks.videojungle import VideoJungleCredentials
    from blocks.webhook import WebhookEndpoint

__all__ = [
    "CallbackSecret",
    "ChatTranslationCredentials",
    "DeepLCredentials",
    "DubformerCredentials",
    "LibreTranslateCredentials",
    "NomadCredentials",
    "ObjectStoreCredentials",
    "PanjayaCredentials",
    "SigningCredentials",
    "TPStreamsCredentials",
    "VideoJungleCredentials",
    "WebhookEndpoint",
]

# vendor -> (module of this package, class)
KINDS = {
    "callbacks": ("callbacks", "CallbackSecret"),
    "chat": ("translation", "ChatTranslationCredentials"),
    "deepl": ("translation", "DeepLCredentials"),
    "dubformer": ("dubformer", "DubformerCredentials"),
    "libretranslate": ("translation", "LibreTranslateCredentials"),
    "nomad": ("nomad", "NomadCredentials"),
    "panjaya": ("panjaya", "PanjayaCredentials"),
    "s3": ("object_store", "ObjectStoreCredentials"),
    "signing": ("signing", "SigningCredentials"),
    "tpstreams": ("tpstreams", "TPStreamsCredentials"),
    "videojungle": ("videojungle", "VideoJungleCredentials"),
    "webhook": ("webhook", "WebhookEndpoint"),
}
"""Where the block of each vendor is."""
_MODULES = {name: module for module, name in KINDS.values()}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    # `prefect block register -m blocks` registers what stands here.
    return [*globals(), *__all__]
