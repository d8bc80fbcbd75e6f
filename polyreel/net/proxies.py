"""Proxies in the environment, and what never goes through them: this machine itself.

Sources and vendors are reached without proxies (see docs/sources.md, docs/vendors.md). What is left are libraries that
read the environment by themselves: Prefect's client, the object stores' client, and pip and npm for models.
"""

from __future__ import annotations

import importlib.util
import os

# Clients compare these as text, without asking what a name stands for: each way to write it has to be there.
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "WS_PROXY", "WSS_PROXY", "SOCKS_PROXY")


def keep_loopback_direct() -> None:
    """See that nothing in this process, or in its children, calls this machine through a proxy.

    SOCKS proxies that no library here can speak to are taken out of the environment: httpx refuses to make a client
    at all where one is named, also for calls that would not go through it.
    """
    named = [name for name in os.environ if name.upper() in _PROXIES]
    if not named:
        return
    # Which of the two counts where both are set differs from library to library.
    for name in ("NO_PROXY", "no_proxy"):
        entries = [entry.strip() for entry in os.environ.get(name, "").split(",") if entry.strip()]
        if "*" not in entries:
            os.environ[name] = ",".join([*entries, *(each for each in LOOPBACK if each not in entries)])
    if importlib.util.find_spec("socksio") is None:
        for name in named:
            if os.environ[name].lower().startswith("socks"):
                del os.environ[name]
