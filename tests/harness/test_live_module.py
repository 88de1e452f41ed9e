"""`LiveModule` and the pytest plugin that hands it to users."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from livepatch.testing import LiveModule
from tests.live import run_in_child

pytest_plugins = ["pytester"]


def test_module_is_written_held_edited_and_reloaded(live_module: LiveModule) -> None:
    module = live_module.start("""
        class Player:
            def hit(self): return 1
        def hit(): return 1
    """)
    held = live_module.hold("Player", "Player.hit", "hit")
    player = module.Player()
    report = live_module.change("return 1", "return 2")

    assert report.ok
    assert held == [module.Player, module.Player.hit, module.hit]
    assert held[1](player) == held[2]() == 2


def test_what_is_held_by_path_is_a_holder_under_the_other_strategy(tmp_path: Path) -> None:
    with LiveModule(tmp_path, "repoint", "all") as live:
        module = live.start("def hit(): return 1\n")
        before = id(module.hit)
        held = live.hold("hit")
        live.change("return 1", "return 2")

        assert held[0] is module.hit
        assert id(held[0]) != before


def test_an_option_of_one_reload_goes_before_the_strategy_of_all(live_module: LiveModule) -> None:
    module = live_module.start("def hit(): return 1\n")
    held = live_module.hold("hit")
    before = id(held[0])
    live_module.change("return 1", "return 2", strategy="repoint", rerun="all")

    assert held[0] is module.hit
    assert id(held[0]) != before


def test_names_stand_for_words_only(live_module: LiveModule) -> None:
    module = live_module.start("LIVE_MODE = 'LIVE'\nANOTHER = 'OTHER'\n")

    assert (live_module.name, live_module.other_name) == (module.LIVE_MODE, module.ANOTHER)


def test_text_to_change_must_be_in_the_source(live_module: LiveModule) -> None:
    live_module.start("A = 1\n")
    with pytest.raises(ValueError, match=r"'B = 1' is not in the source of 'live_\d+'"):
        live_module.change("B = 1", "B = 2")


def test_closing_leaves_no_module_and_no_folder(tmp_path: Path) -> None:
    with LiveModule(tmp_path) as live:
        live.start("A = 1\n")
        live.other("A = 1\n")
        names = {live.name, live.other_name}

    assert names.isdisjoint(sys.modules)
    assert str(tmp_path) not in sys.path


def test_plugin_gives_the_fixture_to_a_users_suite(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_edit(live_module):
            module = live_module.start("def hit(): return 1")
            held = live_module.hold("hit")
            live_module.edit("def hit(): return 2")
            assert held[0]() == 2
    """)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=1)


def test_tools_that_need_no_hypothesis_do_without_it() -> None:
    said = run_in_child("""
        sys.modules["hypothesis"] = None
        import livepatch.testing
        module = live.start("def hit(): return 1")
        live.edit("def hit(): return 2")
        livepatch.testing.assert_current(module)
        print("fine")
    """)

    assert said.split() == ["fine"]
