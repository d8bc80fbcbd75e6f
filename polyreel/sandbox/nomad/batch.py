"""Nomad's batch actions: one name, many assets, a result for each."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polyreel.sandbox.box import Box, box_of
from polyreel.sandbox.nomad import work
from polyreel.sandbox.nomad.access import add_asset, asset_or_refuse, folder_or_refuse
from polyreel.sandbox.nomad.assets import begin_archive, begin_delete, begin_restore
from polyreel.sandbox.nomad.shapes import NAME, asset_shape
from polyreel.sandbox.nomad.wire import Batch
from polyreel.sandbox.state import Json
from polyreel.sandbox.wire import Refusal, json_body

Action = Callable[[Box, Json, Json], Json | None]


def _find_argument(arguments: Json, *names: str) -> str:
    lowered = {key.lower(): value for key, value in arguments.items()}
    for name in names:
        if isinstance(lowered.get(name), str) and lowered[name]:
            return str(lowered[name])
    raise Refusal(400, f"actionArguments.{names[0]} is required")


def _find_destination(box: Box, arguments: Json) -> str:
    names = ("destinationfolderassetid", "destinationfolderid", "folderid", "parentid")
    return str(folder_or_refuse(box, _find_argument(arguments, *names))["id"])


def _delete_asset(box: Box, asset: Json, _arguments: Json) -> None:
    begin_delete(box, asset)


def _archive_asset(box: Box, asset: Json, _arguments: Json) -> Json:
    return begin_archive(box, asset)


def _restore_asset(box: Box, asset: Json, _arguments: Json) -> Json:
    return begin_restore(box, asset)


def _move_asset(box: Box, asset: Json, arguments: Json) -> Json:
    target = _find_destination(box, arguments)
    above: str | None = target
    # A folder within itself would be found by nobody, and walked by `files_below` without end.
    while above:
        if above == asset["id"]:
            raise Refusal(400, "A folder can't be moved into itself")
        above = asset_or_refuse(box, above)["parentId"]
    name = arguments.get("name") or asset["displayName"]
    moved = box.documents(NAME).change("asset", asset["id"], parentId=target, displayName=name)
    box.documents(NAME).reparent("asset", asset["id"], target)
    return work.begin_step(box, moved, "settle", "Moving", after=work.SETTLE_SECONDS, to=asset["status"])


def _copy_asset(box: Box, asset: Json, parent: str, name: str) -> Json:
    fields = {"contentLength": asset["contentLength"], "tags": asset["tags"], "languageId": asset["languageId"]}
    made = add_asset(box, name, asset["type"], parent=parent, status="Copying", **fields)
    return work.begin_step(box, made, "copy", "Copying", after=work.SETTLE_SECONDS, source=asset["id"])


def _copy_to_folder(box: Box, asset: Json, arguments: Json) -> Json:
    return _copy_asset(box, asset, _find_destination(box, arguments), asset["displayName"])


def _duplicate_asset(box: Box, asset: Json, _arguments: Json) -> Json:
    return _copy_asset(box, asset, asset["parentId"] or "", f"Copy of {asset['displayName']}")


def _index_asset(box: Box, asset: Json, _arguments: Json) -> Json:
    return work.begin_step(box, asset, "settle", "Updating", after=work.SETTLE_SECONDS, to=asset["status"])


def _reprocess_asset(box: Box, asset: Json, _arguments: Json) -> Json:
    return work.begin_step(box, asset, "process", "Creating", after=work.PROCESS_SECONDS)


def _label_action(field: str, names: tuple[str, ...], keep: Callable[[list[str], str], list[str]]) -> Action:
    def change_labels(box: Box, asset: Json, arguments: Json) -> Json:
        label = _find_argument(arguments, *names)
        return box.documents(NAME).change("asset", asset["id"], **{field: keep(asset[field], label)})

    return change_labels


def _add_label(labels: list[str], label: str) -> list[str]:
    return [*labels, label] if label not in labels else labels


def _remove_label(labels: list[str], label: str) -> list[str]:
    return [known for known in labels if known != label]


_TAG = ("tag", "tagname", "name", "tagid", "id")
_COLLECTION = ("collection", "collectionname", "name", "collectionid", "id")
ACTIONS: dict[str, Action] = {
    "delete": _delete_asset,
    "archive": _archive_asset,
    "restore": _restore_asset,
    "duplicate": _duplicate_asset,
    "move": _move_asset,
    "copy": _copy_to_folder,
    "index": _index_asset,
    "reprocess": _reprocess_asset,
    "addtag": _label_action("tags", _TAG, _add_label),
    "removetag": _label_action("tags", _TAG, _remove_label),
    "addcollection": _label_action("collections", _COLLECTION, _add_label),
    "removecollection": _label_action("collections", _COLLECTION, _remove_label),
}


def _action_of(request: Request) -> tuple[str, Action]:
    name = request.path_params["action"]
    action = ACTIONS.get(name.lower())
    if action is None:
        raise Refusal(400, f"unknown action {name}")
    return name, action


async def run_batch(request: Request) -> Response:
    """Execute an action on many assets; one that fails does not stop the others."""
    box = box_of(request)
    name, action = _action_of(request)
    wanted = await json_body(request, Batch)
    results = [_run_action(box, action, key, wanted.action_arguments) for key in wanted.target_ids]
    return JSONResponse({"action": name, "isSuccess": all(each["isSuccess"] for each in results), "results": results})


def _run_action(box: Box, action: Action, key: str, arguments: Json) -> Json:
    try:
        changed = action(box, asset_or_refuse(box, key), arguments)
    except Refusal as refusal:
        return {"id": key, "isSuccess": False, "status": refusal.status, "error": refusal.message}
    made = changed["id"] if changed is not None else key
    return {"id": key, "isSuccess": True, "status": changed["status"] if changed else "Deleting", "assetId": made}


async def run_one(request: Request) -> Response:
    """The same action on the one asset in the path, as the published client calls move, duplicate and index."""
    box = box_of(request)
    _, action = _action_of(request)
    arguments = (await json_body(request, Batch)).action_arguments if await request.body() else {}
    changed = action(box, asset_or_refuse(box, request.path_params["asset_id"]), arguments)
    return JSONResponse(asset_shape(box, changed) if changed else None)
