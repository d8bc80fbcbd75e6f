"""What installed packages bring: found by its group, named with its version, refused where it is missing or broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyreel.delivery.places import place_of
from polyreel.dubbing.plugin_checks import FinishedLanguage, run_further_checks
from polyreel.dubbing.port import Dubbed
from polyreel.dubbing.providers import provider_of, require_provider
from polyreel.errors import InvalidJob, PolyreelError
from polyreel.job import Job, PluginDelivery, PluginDubbing
from polyreel.machine.plugins import plugin_named, plugins


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package, as pip leaves one, without a module yet."""
    info = tmp_path / "site" / "brought-2.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 2.1\n")
    groups = {"checks": "good", "providers": "odd", "deliveries": "odd", "voices": "broken"}
    points = "".join(f"[polyreel.{group}]\n{name} = brought_{name}:it\n" for group, name in groups.items())
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(info.parent))
    (info.parent / "brought_odd.py").write_text("it = 'a string'\n")
    (info.parent / "brought_broken.py").write_text("raise RuntimeError('no such card')\n")
    plugins.cache_clear()
    monkeypatch.delitem(sys.modules, "brought_good", raising=False)
    yield info.parent
    plugins.cache_clear()


JOB = Job.model_validate({"name": "a", "source": {"media": "a.mp4", "locale": "en-US"}, "targets": ["es-ES"]})


def checked(package: Path, code: str) -> list[tuple[str, str, str]]:
    (package / "brought_good.py").write_text(f"from polyreel.outcome import Check\ndef it(language):\n    {code}\n")
    language = FinishedLanguage(JOB, "es-ES", 1000, Path("a.mp4"), None, (), Dubbed(locale="es-ES"))
    return [(each.name, each.status, each.detail) for each in run_further_checks(language)]


def test_a_check_of_a_package_is_given_the_language(package: Path) -> None:
    code = "return [Check(name='mine', status='fail', detail=language.locale)]"
    assert checked(package, code) == [("mine", "fail", "es-ES")]


def test_a_check_that_breaks_is_a_warning_of_its_name(package: Path) -> None:
    ((name, status, detail),) = checked(package, "return 1 / 0")
    assert (name, status) == ("good", "warn")
    assert "the check of brought 2.1 broke: ZeroDivisionError" in detail


@pytest.mark.usefixtures("package")
def test_a_package_that_can_not_be_imported_is_named_with_its_error() -> None:
    with pytest.raises(
        PolyreelError, match=r"'broken' of brought 2\.1 can't be loaded: RuntimeError: no such card"
    ) as e:
        plugins("voices")
    assert e.value.code == "plugin_broken"


@pytest.mark.usefixtures("package")
def test_what_is_not_a_row_or_not_there_is_refused() -> None:
    for ask in (
        lambda name: provider_of(PluginDubbing(provider="plugin", name=name)),
        lambda name: place_of(PluginDelivery(to="plugin", name=name)),
    ):
        with pytest.raises(InvalidJob, match=r"odd of brought 2\.1 brings is no"):
            ask("odd")
        with pytest.raises(InvalidJob, match="no installed package brings 'other'") as caught:
            ask("other")
        assert "Installed are odd." in caught.value.remedy


def test_without_packages_nothing_is_brought() -> None:
    plugins.cache_clear()
    assert plugins("checks") == ()
    with pytest.raises(InvalidJob, match="no installed package") as caught:
        require_provider(PluginDubbing(provider="plugin", name="whistler"))
    assert "None is installed." in caught.value.remedy
    with pytest.raises(InvalidJob):
        plugin_named("voices", "whistle")
