"""Whether a folder on this machine can be delivered to: seen before anything is bought, and without making anything."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from polyreel.errors import InvalidJob

# No disk: what can be made there is the kernel's own. To root, permissions allow everything there, and no call tells
# without making something that it would fail.
_NO_DISKS = frozenset({"cgroup", "cgroup2", "debugfs", "devpts", "proc", "securityfs", "sysfs", "tracefs"})
_MOUNTS = Path("/proc/self/mountinfo")
_REMEDY = "Deliver to a folder of your own, or change what stands there."
_SAID = {
    errno.EACCES: "writing there is not allowed",
    errno.EROFS: "that disk is read-only",
    errno.ENOTDIR: "what stands there is no folder",
    errno.ELOOP: "the folder's name is a link's, which is not followed",
    errno.EPERM: "nothing can be kept there: it is no disk",
}


def require_writable(folder: Path, name: str) -> None:
    """See that ``folder/name`` is a folder that can be written, or can be made. Raises `InvalidJob`.

    ``folder`` may be reached by links; ``name`` in it may be none.
    """
    try:
        found = _find_existing(folder.absolute() / name)
        if found == folder.absolute() / name and found.is_symlink():
            raise OSError(errno.ELOOP, "", str(found))
        _require_writable_folder(found)
    except OSError as error:
        said = _SAID.get(error.errno or 0) or error.strerror or str(error)
        at = f": {error.filename}" if error.filename else ""
        raise InvalidJob(
            f"can't deliver to {folder}: {said}{at}", code="unwritable_folder", where="delivery", remedy=_REMEDY
        ) from None


def _find_existing(place: Path) -> Path:
    """The place, else the nearest folder above it that is there. Raises OSError."""
    for each in (place, *place.parents):
        try:
            each.stat()
        except FileNotFoundError:
            if each.is_symlink():  # to nowhere: no folder can be made under its name
                raise OSError(errno.ENOTDIR, "", str(each)) from None
        except NotADirectoryError:
            continue  # what is no folder comes further up
        else:
            return each
    return place


def _require_writable_folder(place: Path) -> None:
    facts = place.stat()
    if not stat.S_ISDIR(facts.st_mode):
        raise OSError(errno.ENOTDIR, "", str(place))
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, "", str(place))
    if _kind_of_disk(facts.st_dev) in _NO_DISKS:
        raise OSError(errno.EPERM, "", str(place))
    if not os.access(place, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise OSError(errno.EACCES, "", str(place))


def _kind_of_disk(device: int) -> str:
    """The name of the file system with this device number; empty where it isn't known."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        rows = _MOUNTS.read_text("utf-8", "replace").splitlines()
    except OSError:  # another system, or one without /proc
        return ""
    # man 5 proc_pid_mountinfo: the third field is the device; the type follows the hyphen.
    return next((row.partition(" - ")[2].split(" ")[0] for row in rows if row.split(" ")[2] == wanted), "")
