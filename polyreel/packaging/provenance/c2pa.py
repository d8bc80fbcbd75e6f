"""Signing files by C2PA and reading what was signed, over the project's own library (an extra: it takes 55 MB)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyreel.errors import ToolError
from polyreel.packaging.provenance.manifest import INGREDIENT, LABEL, Story, manifest_of
from polyreel.packaging.provenance.signer import TEST_NAME, SigningKey

_KINDS = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".m4a": "audio/mp4",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
}
# Nothing is asked of anybody while a file is signed or read.
_OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}


@dataclass(frozen=True, slots=True)
class Found:
    """What a file's manifest says. ``state``: ``valid`` (nothing was changed since), ``trusted`` (and a known authority
    vouches for who signed), ``invalid``."""

    state: str
    signer: str
    is_test: bool
    title: str
    actions: tuple[dict[str, Any], ...]
    ingredients: tuple[dict[str, Any], ...]
    facts: dict[str, Any]
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the file is as it was signed."""
        return self.state in ("valid", "trusted") and not self.problems


def require_library() -> None:
    """See that files can be signed on this machine. Raises ToolError."""
    try:
        import c2pa  # noqa: F401
    except (ImportError, OSError) as error:
        raise ToolError(
            "the C2PA library is not installed, so nothing can be signed.",
            code="tool_missing",
            where="provenance",
            remedy="Run `pip install 'polyreel[provenance]'`, or leave `provenance` out of the job.",
        ) from error


def can_sign(file: Path) -> bool:
    """Whether a manifest can be put into a file of this kind."""
    return file.suffix.lower() in _KINDS


def sign(file: Path, target: Path, source: Path, story: Story, key: SigningKey, *, kind: str = "") -> None:
    """Write ``file`` to ``target`` with a signed manifest that names ``source`` as what it was made from.

    A manifest inside the source is kept with it. ``kind`` is the file's suffix where its name has none. Blocks. Raises
    ToolError.
    """
    import c2pa

    info = c2pa.C2paSignerInfo(key.algorithm, key.certificates, key.private_key, None)
    source_kind = _KINDS.get(Path(story.source_title).suffix.lower())
    about = {"title": story.source_title, "relationship": "parentOf", "label": INGREDIENT}
    definition = manifest_of(story)
    if source_kind is None:
        # Of other containers the manifest holds the name, and our own assertion the hash.
        definition["ingredients"] = [{**about, "format": "application/octet-stream"}]
    with (
        _explain_errors(file),
        c2pa.Context.from_dict(_OFFLINE) as context,
        c2pa.Builder(definition, context) as made,
        c2pa.Signer.from_info(info) as signer,
    ):
        if source_kind is not None:
            with source.open("rb") as given:
                made.add_ingredient(json.dumps(about), source_kind, given)
        with file.open("rb") as given, target.open("w+b") as written:
            made.sign(signer, _KINDS[kind or file.suffix.lower()], given, written)


def read(file: Path) -> Found | None:
    """What a file's manifest says, checked against the file; None where it has none. Blocks. Raises ToolError."""
    import c2pa

    with _explain_errors(file), c2pa.Context.from_dict(_OFFLINE) as context:
        reader = c2pa.Reader.try_create(file, context=context)
        if reader is None:
            return None
        with reader:
            return _read_found(json.loads(reader.json()))


def _read_found(said: dict[str, Any]) -> Found:
    active = said.get("manifests", {}).get(said.get("active_manifest"), {})
    assertions = {each["label"]: each.get("data", {}) for each in active.get("assertions", ())}
    actions: dict[str, Any] = next((data for label, data in assertions.items() if label.startswith("c2pa.actions")), {})
    signature = active.get("signature_info", {})
    # That no list of trust knows who signed is no fault of the file: `state` says it by `valid`, not `trusted`.
    failures = [each for each in said.get("validation_status", ()) if each["code"] != "signingCredential.untrusted"]
    signer = str(signature.get("common_name") or signature.get("issuer") or "")
    return Found(
        state=str(said.get("validation_state", "invalid")).lower(),
        signer=signer,
        is_test=signer == TEST_NAME,
        title=str(active.get("title", "")),
        actions=tuple(actions.get("actions", ())),
        ingredients=tuple(active.get("ingredients", ())),
        facts=assertions.get(LABEL, {}),
        problems=tuple(f"{each['code']}: {each.get('explanation', '')}" for each in failures),
    )


@contextmanager
def _explain_errors(file: Path) -> Iterator[None]:
    import c2pa

    try:
        yield
    except c2pa.C2paError as error:
        raise ToolError(
            f"C2PA failed: {error}",
            where=file.name,
            remedy="Where it names the file, take a fresh copy of it; where it names the certificate, ask for one by "
            "C2PA's profile (docs/provenance.md); without `provenance` the job goes out unsigned.",
        ) from error
