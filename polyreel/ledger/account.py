"""Names of accounts: an address and a fingerprint of what opens it, so that no secret stands in a key or a row."""

from __future__ import annotations

import hashlib
from functools import cache


@cache
def account_name(address: str, secret: str) -> str:
    """``https://api.panjaya.ai#3f2a90bc11de``: equal for equal accounts, on every machine.

    ``secret`` is the API key; where an account has a name and a password, give the name (and the organisation), which
    stays when the password changes. The fingerprint is slow to make, so that short secrets can't be guessed from it.
    """
    # 8 MiB and some 20 ms a guess; the name is made once a process, as it is cached.
    slow = hashlib.scrypt(secret.strip().encode(), salt=b"polyreel account", n=1 << 13, r=8, p=1, dklen=6)
    return name_account(address, slow.hex())


def name_account(address: str, fingerprint: str) -> str:
    """An account's name, of a fingerprint that is known already."""
    return f"{address.strip().rstrip('/').lower()}#{fingerprint}"
