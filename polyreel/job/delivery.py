"""Where a job's results go, and where its media waits for vendors that fetch by URL: one model per place."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Strict, StringConstraints

from polyreel.job.values import OBJECT_PREFIX, Asked, BlockName, Folder, Place, Slug

ObjectPrefix = Annotated[str, StringConstraints(max_length=1024, pattern=OBJECT_PREFIX)]
Resolution = Literal["240p", "360p", "480p", "540p", "720p", "1080p"]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=100)]


def _credentials(of: str) -> Any:
    return Field(title="Credentials", description=f"Name of saved {of} credentials.", examples=["library"])


class FolderDelivery(Asked):
    """Into a folder on this machine."""

    to: Literal["folder"] = Field(default="folder", title="To", description="A folder on this machine.")
    path: Folder = Field(default="out", title="Folder", description="Relative to the job file.")
    path_fields: ClassVar = ("path",)


class S3Delivery(Asked):
    """Into an S3-compatible object store, laid out as a folder delivery is."""

    to: Literal["s3"] = Field(title="To", description="An object store.")
    credentials: BlockName | None = Field(
        default=None, title="Credentials", description="Name of saved s3 credentials; else the environment's."
    )
    path: ObjectPrefix = Field(
        title="Prefix", description="Where, as an address: the job's name is added.", examples=["s3://films/dubs"]
    )


class TPStreamsDelivery(Asked):
    """Into a TPStreams library: one streaming asset per language, with every language's subtitles."""

    to: Literal["tpstreams"] = Field(title="To", description="A TPStreams library.")
    credentials: BlockName = _credentials("tpstreams")
    folder: Place | None = Field(
        default=None, title="Folder", description="Optional: a folder's title (made when missing), or its id."
    )
    resolutions: Annotated[tuple[Resolution, ...], Strict(False)] = Field(
        default=("240p", "360p", "480p", "720p"),
        min_length=1,
        title="Resolutions",
        description="Which renditions are made.",
    )
    protection: Literal["none", "aes", "drm"] = Field(
        default="none", title="Protection", description="How the streams are protected."
    )


class NomadDelivery(Asked):
    """Into a Nomad-style asset manager: dubs and subtitles with their languages, checked at the far end."""

    to: Literal["nomad"] = Field(title="To", description="A Nomad-style asset manager.")
    credentials: BlockName = _credentials("nomad")
    path: Place | None = Field(
        default=None, title="Folder", description="Optional: where in the library; folders are made when missing."
    )
    related_to: Place | None = Field(
        default=None,
        title="Related to",
        description="Optional: the id of the asset that the dubs belong to; else the source's, where it is nomad:ID.",
    )
    tags: Annotated[tuple[Tag, ...], Strict(False)] = Field(
        default=(), title="Tags", description="Optional: tags that every delivered asset gets."
    )
    collection: Place | None = Field(
        default=None, title="Collection", description="Optional: a collection that the assets are put into."
    )
    archive_source: bool = Field(
        default=False, title="Archive the source", description="Archive the source asset once all is delivered."
    )


class VideoJungleDelivery(Asked):
    """Into a Video Jungle project."""

    to: Literal["videojungle"] = Field(title="To", description="A Video Jungle project.")
    credentials: BlockName = _credentials("videojungle")
    project: Place | None = Field(
        default=None,
        title="Project",
        description="The project's name, made when missing; left out, the job's name.",
    )


class PluginDelivery(Asked):
    """To a place that an installed package brings (docs/plugins.md)."""

    to: Literal["plugin"] = Field(title="To", description="A place of an installed package.")
    name: Slug = Field(title="Plug-in", description="The place's name, as its package has it.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        title="Options",
        description='The place\'s own options, which it checks itself, as JSON: {"path": "/srv/list.txt"}.',
    )

    @property
    def plugin(self) -> str:
        """The entry point's name."""
        return self.name


Delivery = Annotated[
    FolderDelivery | S3Delivery | TPStreamsDelivery | NomadDelivery | VideoJungleDelivery | PluginDelivery,
    Field(discriminator="to"),
]


class S3Staging(Asked):
    """In an S3-compatible object store."""

    to: Literal["s3"] = Field(title="To", description="An object store that vendors can reach.")
    credentials: BlockName | None = Field(
        default=None, title="Credentials", description="Name of saved s3 credentials; else the environment's."
    )
    path: ObjectPrefix = Field(title="Prefix", description="Where, as an address.", examples=["s3://films/tmp"])


class NomadStaging(Asked):
    """In a Nomad-style asset manager."""

    to: Literal["nomad"] = Field(title="To", description="A Nomad-style asset manager.")
    credentials: BlockName = _credentials("nomad")
    path: Place | None = Field(default=None, title="Folder", description="Optional: where in the library.")


class VideoJungleStaging(Asked):
    """At Video Jungle."""

    to: Literal["videojungle"] = Field(title="To", description="Video Jungle.")
    credentials: BlockName = _credentials("videojungle")


Staging = Annotated[S3Staging | NomadStaging | VideoJungleStaging, Field(discriminator="to")]
