"""Statements that share a line are statements like others: one that says the same stays."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("all of it runs in the other"),
]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("CACHE = {}", "CACHE = {}; DEBUG = 2"),
        ("CACHE = {}", "DEBUG = 2; CACHE = {}"),
        ("CACHE = {}; DEBUG = 1", "CACHE = {}; DEBUG = 2"),
        ("CACHE = {}; DEBUG = 1", "CACHE = {}\nDEBUG = 2"),
        ("CACHE = {}\nDEBUG = 1", "DEBUG = 2; CACHE = {}"),
        ("import os; CACHE = {}; DEBUG = 1", "import os; CACHE = {}; DEBUG = 2"),
        ("from os import path, sep; CACHE = {}", "from os import path, sep; CACHE = {}; DEBUG = 2"),
        ("print(end=''); CACHE = {}; pass", "DEBUG = 2; CACHE = {}; print(end=' ')"),
        ("A = CACHE = {}; B = C = 1", "A = CACHE = {}; B = C = 1; DEBUG = 2"),
        ("X = 1; del X; CACHE = {}", "X = 2; DEBUG = X; del X; CACHE = {}"),
        ("CACHE = dict(\n); DEBUG = 1", "CACHE = dict(\n); DEBUG = 2"),
    ],
)
def test_a_cache_that_shares_a_line_with_what_has_changed_stays(
    live: LiveModule, old: str, new: str
) -> None:
    module = live.start(f"FIRST = 1\n{old}\ndef hit(): return 1\n")
    module.CACHE["x"] = 1
    cache = module.CACHE
    live.edit(f"FIRST = 1\n{new}\ndef hit(): return 1\n")

    assert module.CACHE is cache
    assert cache == {"x": 1}
    assert module.DEBUG == 2


def test_what_has_gone_from_a_line_goes(live: LiveModule) -> None:
    module = live.start("CACHE = {}; DEBUG = 1; LAST = 3\n")
    module.CACHE["x"] = 1
    live.edit("CACHE = {}; LAST = 3\n")

    assert module.CACHE == {"x": 1}
    assert not hasattr(module, "DEBUG")


def test_what_fills_a_list_in_its_line_makes_it_anew(live: LiveModule) -> None:
    module = live.start("ITEMS = []; ITEMS.append(1); CACHE = {}\n")
    module.CACHE["x"] = 1
    live.edit("ITEMS = [0]; ITEMS.append(1); CACHE = {}\n")

    assert module.ITEMS == [0, 1]
    assert module.CACHE == {"x": 1}


def test_statements_that_cannot_be_told_apart_run_together(live: LiveModule) -> None:
    module = live.start("MODE = 1 if FLAG else 2; CACHE = {}\n".replace("FLAG", "__name__"))
    module.CACHE["x"] = 1
    live.edit("MODE = 3 if __name__ else 2; CACHE = {}\n")

    assert module.MODE == 3
    assert module.CACHE == {}


def test_functions_that_share_a_line_are_made_once(live: LiveModule) -> None:
    module = live.start("A = 1; hit = lambda: 1; B = [hit]\n")
    held = live.hold("hit")
    live.edit("A = 2; hit = lambda: 2; B = [hit]\n")

    assert held == [module.hit] == module.B
    assert held[0]() == 2
    assert module.A == 2
