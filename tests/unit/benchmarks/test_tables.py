"""What `make bench` prints can be read in 80 columns, with every name whole."""

from __future__ import annotations

from benchmarks.tables import render

NAME = "300 s, no script: heard, drafted by a service, and dubbed into one language on a server that is there"


def test_a_small_table_is_a_table() -> None:
    """Aligned columns, names to the left, figures to the right."""
    assert render("startup", [{"name": "help", "seconds": 0.1234567}, {"name": "run", "seconds": 12.0}]) == (
        "startup\n-------\nname  seconds\nhelp   0.1235\nrun        12\n"
    )


def test_a_wide_table_lists_its_figures_below_whole_names() -> None:
    """More columns than 80 characters hold: nothing is cut, no line is longer, and figures stay beside their names."""
    row = {"name": NAME, **{f"models_{number}_s": number * 1.5 for number in range(12)}, "goal": "ratio <= 1.15"}
    shown = render("engine", [row, {"name": "memory: of the tree", "peak_mb": 1240.7}])
    assert max(map(len, shown.splitlines())) <= 80
    assert NAME in " ".join(shown.split())
    assert "models_11_s 16.5" in shown
    assert "goal ratio <= 1.15" in shown
    assert "memory: of the tree\n    peak_mb 1241" in shown
