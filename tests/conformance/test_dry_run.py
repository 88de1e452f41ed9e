"""A dry run says what would happen and leaves the process as it was."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import livepatch
from tests.conformance.test_failures import CHANGED, GAME, Holdings
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

EDITS = {
    "unchanged": GAME,
    "bodies": CHANGED,
    "base": GAME.replace("class Player(Base)", "class Mixin: pass\n    class Player(Mixin, Base)"),
    "removal": "    A = 1\n",
    "kind": GAME.replace("def hit(): return 1", "class hit: pass"),
    "decorated": GAME.replace("def heal(power=1)", "@staticmethod\n    def heal(power=1)"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_dry_run_changes_nothing(live: LiveModule, edit: str) -> None:
    holdings = Holdings(live.start(GAME))
    before = holdings.picture()
    live.edit(EDITS[edit], dry_run=True)

    assert holdings.picture() == before


@pytest.mark.sampled(10)
@pytest.mark.parametrize("edit", EDITS)
def test_reload_after_a_dry_run_does_what_it_said(live: LiveModule, edit: str) -> None:
    holdings = Holdings(live.start(GAME))
    said = live.edit(EDITS[edit], dry_run=True)
    done = live.reload()

    assert [(line.path, line.outcome) for line in said.definitions] == [
        (line.path, line.outcome) for line in done.definitions
    ]
    assert said.ok is done.ok is True
    assert holdings.player.name == "ada"


def test_dry_run_of_a_refused_edit_reports_the_refusals(live: LiveModule) -> None:
    module = live.start("class Player(int): pass\n")
    players = [module.Player()]
    report = live.change("(int)", "(str)", dry_run=True)

    assert not report.ok
    assert [line.path for line in report.refusals] == [f"{live.name}.Player"]
    assert type(players[0]) is module.Player
    assert module.Player.__bases__ == (int,)


def test_dry_run_of_a_source_that_fails_raises_its_error(live: LiveModule) -> None:
    holdings = Holdings(live.start(GAME))
    before = holdings.picture()
    with pytest.raises(ZeroDivisionError):
        live.edit(CHANGED + "    1 / 0\n", dry_run=True)

    assert holdings.picture() == before


def test_dry_run_of_a_syntax_error_raises_it(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    with pytest.raises(SyntaxError):
        live.edit("A = = 2\n", dry_run=True)

    assert module.A == 1


def test_dry_run_leaves_a_foreign_registry_alone(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    module = live.start("from OTHER import hook\n@hook\ndef hit(): return 1\n")
    live.change("return 1", "return 2", dry_run=True)
    seen = [list(other.hooks), module.hit()]
    live.reload()

    assert seen == [[module.hit], 1]
    assert other.hooks == [module.hit]


def test_dry_run_leaves_subclasses_alone(live: LiveModule) -> None:
    other = live.other("class Base: pass\n")
    module = live.start("from OTHER import Base\nclass Player(Base):\n    a = 1\n")
    live.change("a = 1", "a = 2", dry_run=True)

    assert other.Base.__subclasses__() == [module.Player]
    assert module.Player.a == 1


@pytest.mark.parametrize(
    "enter",
    [
        "KEPT.append(weakref.ref(f))",
        "KEPT.append(weakref.ref(f, print))",
        "WEAK.add(f)",
        "NAMED[f.__name__] = f",
        "HELD.append(f)",
    ],
)
@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_a_dry_run_entered_elsewhere_is_there_no_more(live: LiveModule, enter: str) -> None:
    bus = ModuleType(f"{live.name}_bus")
    source = f"""
import weakref
KEPT, HELD, WEAK, NAMED = [], [], weakref.WeakSet(), weakref.WeakValueDictionary()
def on(f):
    {enter}
    return f
def all_of_them(): return [*(each() for each in KEPT), *HELD, *WEAK, *NAMED.values()]
"""
    exec(source, vars(bus))
    sys.modules[bus.__name__] = bus
    begin = f"from {bus.__name__} import on\n"
    module = live.start(begin + "@on\ndef greet(): return 1\n")
    live.write(begin + "@on\ndef welcome(): return 2\n")
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun, dry_run=True)

    assert bus.all_of_them() == [module.greet]


DATA = """
    LIMITS = {"a": 1}
    TABLE = {"x": LIMITS}
    def look(key, limits=LIMITS, *, table=TABLE): return limits
    def register(name, functions={}):
        def enter(function):
            functions[name] = function
            return function
        enter.functions = functions
        return enter
    FUNCTIONS = register("none").functions
    @register("add")
    def add(): pass
    class Shop:
        both = (LIMITS, 1)
        def price(self, limits=LIMITS): return 1
"""


@pytest.mark.parametrize("held", [False, True])
def test_dry_run_names_the_data_that_the_reload_names(live: LiveModule, held: bool) -> None:
    module = live.start(DATA)
    holder = [module.LIMITS] if held else []
    said = live.edit(DATA.replace("return 1", "return 2"), rerun="all", dry_run=True)
    done = live.reload(rerun="all")

    assert said.notices == done.notices
    assert [each.code for each in done.notices] == ["LP302"] * len(holder)
