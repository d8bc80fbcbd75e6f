"""Prefect blocks: one per vendor. A block holds secrets and makes a client; nothing else unwraps a secret.

Prefect finds this package by its `prefect.collections` entry point, and registers every block that it names here. To
register them at once: ``prefect block register -m blocks``.
"""

from inspect import isabstract

from prefect.blocks.core import Block
from prefect.utilities.dispatch import get_registry_for_type

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

# Prefect's server offers every class that it has registered as a kind of block; of a common base none can be made.
_registry = get_registry_for_type(Block) or {}
for _key, _kind in tuple(_registry.items()):
    if isabstract(_kind) and _kind.__module__.startswith(f"{__name__}."):
        del _registry[_key]
