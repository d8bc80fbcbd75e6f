"""Prefect blocks: one per vendor. A block holds secrets and makes a client; nothing else unwraps a secret.

Prefect finds this package by its `prefect.collections` entry point, and registers every block that it names here. To
register them at once: ``prefect block register -m blocks``.
"""

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
