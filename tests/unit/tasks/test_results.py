"""What stages return is kept under tags of ours: readable after a move, redone when it can't be read."""

from __future__ import annotations

import json

import pytest
from pydantic import create_model

import tasks.deliver
import tasks.dub
import tasks.finish
import tasks.identify
import tasks.listen
import tasks.package
import tasks.reel
import tasks.script  # noqa: F401 - each module's stages list themselves when it is imported
from polyreel.machine.files import write_atomically
from polyreel.outcome import Reel
from polyreel.store.choice import open_store
from polyreel.store.results import Record, load_record, path_of_record
from tasks.run import results
from tasks.run.stage import KEPT_STAGES, STAGES


def kept_reel() -> Reel:
    """A reel whose file is in the store."""
    return Reel(file=open_store().keep_bytes(b"picture", ".mp4"), duration="1260/30")


class TestTags:
    @pytest.mark.parametrize("name", sorted(KEPT_STAGES))
    def test_every_stage_that_is_kept_returns_a_type_with_a_tag(self, name: str) -> None:
        stage = STAGES[name]
        # The parameters' types are only there for the type checker.
        returned = eval(stage.__annotations__["return"], stage.__globals__)
        assert returned in {kind for kind, _ in results.KINDS.values()}

    def test_no_type_has_two_tags(self) -> None:
        kinds = [kind for kind, _ in results.KINDS.values()]
        assert len(set(kinds)) == len(kinds)

    def test_what_is_kept_names_no_class(self) -> None:
        results.save_result("trim-v1-abc", kept_reel())
        content = path_of_record("trim-v1-abc").read_text()
        assert json.loads(content).keys() == {"tag", "version", "value"}
        assert "Reel" not in content
        assert "polyreel." not in content


class TestReading:
    def test_a_result_comes_back_as_it_was(self) -> None:
        reel = kept_reel()
        results.save_result("trim-v1-abc", reel)
        assert results.load_result("trim-v1-abc") == (reel,)

    def test_nothing_is_a_result_too(self) -> None:
        results.save_result("dub-v1-abc", None)
        assert results.load_result("dub-v1-abc") == (None,)
        assert results.load_result("dub-v1-other") is None

    def test_a_renamed_class_reads_what_was_kept_of_the_old_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        results.save_result("trim-v1-abc", kept_reel())

        renamed = create_model("Film", __base__=Reel)
        monkeypatch.setitem(results.KINDS, "reel", (renamed, 1))
        results._make_adapter.cache_clear()
        try:
            found = results.load_result("trim-v1-abc")
        finally:
            results._make_adapter.cache_clear()
        assert found is not None
        assert isinstance(found[0], renamed)

    @pytest.mark.parametrize(
        "record",
        [
            Record("hologram", 1, None),
            Record("reel", 2, {"file": {"uri": "store:x", "sha256": "x", "bytes": 1}, "duration": "1"}),
            Record("reel", 1, {"length": 5}),
            Record("reel", 1, "42"),
        ],
    )
    def test_what_this_version_can_not_read_was_not_done_yet(self, record: Record) -> None:
        content = json.dumps({"tag": record.tag, "version": record.version, "value": record.value})
        write_atomically(path_of_record("trim-v1-abc"), content.encode())
        assert results.load_result("trim-v1-abc") is None
        assert not results.is_done("trim-v1-abc")
        assert not results.is_known(record)

    def test_a_store_of_the_version_before_is_done_again_and_never_believed(self) -> None:
        """It named the class, in the form that Prefect's JSON serializer gave it."""
        reel = {"__class__": "polyreel.outcome.Reel", "data": kept_reel().model_dump(mode="json")}
        before = {"metadata": {"serializer": {"type": "json"}}, "result": json.dumps(reel)}
        write_atomically(path_of_record("trim-v1-abc"), json.dumps(before).encode())
        assert load_record("trim-v1-abc") is None
        assert results.load_result("trim-v1-abc") is None

    def test_a_result_whose_file_is_gone_was_not_done(self) -> None:
        reel = kept_reel()
        results.save_result("trim-v1-abc", reel)
        open_store().verify(reel.file.model_copy(update={"sha256": "0" * 64}))  # not what it says: removed
        assert results.load_result("trim-v1-abc") is None

    def test_a_type_without_a_tag_is_a_defect_that_is_seen_at_once(self) -> None:
        with pytest.raises(KeyError):
            results.encode(object())
