"""`polyreel sandbox`: the core's own command, which needs nothing of Prefect."""

from polyreel.sandbox.__main__ import command as sandbox

__all__ = ["sandbox"]
