"""The table of who dubs: what each can is asked of its row, before anything runs."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

import polyreel
from polyreel.dubbing.charges import minutes_begun
from polyreel.dubbing.port import Request
from polyreel.dubbing.providers import PROVIDERS, provider_of, require_language
from polyreel.errors import PolyreelError
from polyreel.job import Dubbing, DubformerDubbing, EmbeddedDubbing, PanjayaDubbing

PANJAYA = PanjayaDubbing(provider="panjaya", credentials="studio")
DUBFORMER = DubformerDubbing(provider="dubformer", credentials="account")


def test_a_vendors_language_is_not_refused_because_no_local_voice_speaks_it() -> None:
    """Filipino: Panjaya dubs into it, and no voice on this machine does."""
    asked = Request(source="en-US", target="fil-PH")
    require_language(PANJAYA, asked)
    with pytest.raises(PolyreelError, match="fil-PH"):
        require_language(EmbeddedDubbing(), asked)


@pytest.mark.parametrize(
    ("options", "asked", "words"),
    [
        (PANJAYA, Request("en-US", "he-IL"), "does not take he-IL as a target"),
        (PANJAYA, Request("zu-ZA", "es-ES"), "does not take zu-ZA as a source"),
        (PANJAYA, Request("en-US", "es-ES", ("ana",)), "takes no voice by name"),
        (DUBFORMER, Request("en-US", "fr"), "Add a region"),
        (
            DubformerDubbing(provider="dubformer", emotional_transfer=True),
            Request("en-US", "uk-UA"),
            "Switch emotional transfer off",
        ),
    ],
)
def test_what_a_vendor_does_not_dub_is_said_before_anything_is_asked_of_it(
    options: Dubbing, asked: Request, words: str
) -> None:
    with pytest.raises(PolyreelError, match=words):
        require_language(options, asked)


@pytest.mark.parametrize(("seconds", "minutes"), [("1", 1), ("60", 1), ("3001/50", 2), ("3600", 60)])
def test_a_minute_that_was_begun_is_charged_whole(seconds: str, minutes: float) -> None:
    assert minutes_begun(Fraction(seconds)) == minutes


def test_this_machine_charges_nothing() -> None:
    assert provider_of(EmbeddedDubbing()).minutes(Fraction(3600)) == 0
    assert not provider_of(EmbeddedDubbing()).charges


def test_no_module_but_the_tables_asks_which_provider_or_place_it_is() -> None:
    """A new vendor is one adapter, one row, one block: no other module compares names."""
    root = Path(polyreel.__file__).parents[1]
    names = "|".join(PROVIDERS) + "|folder"
    compared = re.compile(
        rf"""(?:==|!=|\bin) *[(\[{{]?["'](?:{names})["']|\.(?:provider|to) *(?:==|!=)"""
        r"""|isinstance\([^)]*(?:Dubbing|Delivery|Staging)\)"""
    )
    askers = [
        f"{path.relative_to(root)}: {found[0]}"
        for package in ("polyreel", "tasks", "flows", "blocks", "deployments")
        for path in (root / package).rglob("*.py")
        if not {"sandbox", "vendors"} & set(path.parts) and path.parent.name != "job" and path.name != "translation.py"
        for found in [compared.search(path.read_text("utf-8"))]
        if found
    ]
    assert not askers


def test_a_job_s_own_rules_ask_what_a_provider_can_and_not_its_name() -> None:
    rules = _read("job/__init__.py")
    assert not re.findall(r"\.(?:provider|to) *(?:==|!=)", rules)


def test_no_list_of_vendors_is_kept_where_things_are_tidied_up() -> None:
    """Whose uploads can be cancelled is said by the place's row."""
    assert not re.findall(rf"""["'](?:{"|".join(PROVIDERS)}|nomad|tpstreams|videojungle)["']""", _read("upkeep.py"))


def _read(module: str) -> str:
    return (Path(polyreel.__file__).parent / module).read_text("utf-8")
