"""`from shop import *` takes what it finds when it runs, and what comes or goes is known later."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import livepatch
from tests.live import LiveModule


class Chain:
    """A module, one that imports all of it, and one that imports all of that."""

    def __init__(self, live: LiveModule, core: str, between: str, client: str) -> None:
        self.live = live
        self.core = f"{live.name}_core"
        self.between = f"{live.name}_between"
        self.write(self.core, core)
        self.write(self.between, f"from {self.core} import *\n{between}")
        self.head = f"from {self.between} import *\n"
        self.client = live.start(self.head + client)

    def write(self, name: str, source: str) -> None:
        (self.live.root / f"{name}.py").write_text(source, encoding="utf-8")

    def reload(self, rerun: str, core: str, client: str) -> livepatch.Report:
        self.write(self.core, core)
        self.live.write(self.head + client)
        return livepatch.reload(self.core, self.live.name, rerun=rerun)

    def module(self, name: str) -> ModuleType:
        return sys.modules[name]


RERUNS = pytest.mark.parametrize("rerun", ["all", "changed"])


@RERUNS
@pytest.mark.parametrize("at_once", [False, True])
def test_names_come_and_go_by_way_of_a_module_that_is_not_reloaded(
    live: LiveModule, rerun: str, *, at_once: bool
) -> None:
    core = "__all__ = ['LIMIT']\nLIMIT = 1\nBURST = 2\n"
    client = "def use(): return LIMIT\n" + "X = LIMIT\n" * at_once
    chain = Chain(live, core, "", client)
    report = chain.reload(
        rerun, core.replace("['LIMIT']", "['BURST']"), client.replace("LIMIT", "BURST")
    )

    for module in (chain.client, chain.module(chain.between)):
        assert not hasattr(module, "LIMIT")
        assert module.BURST == 2
    assert chain.client.use() == 2
    if at_once:
        assert chain.client.X == 2
    report.undo()
    for module in (chain.client, chain.module(chain.between)):
        assert not hasattr(module, "BURST")
        assert module.LIMIT == 1
    assert chain.client.use() == 1


@RERUNS
def test_failed_reload_leaves_the_module_between_as_it_was(live: LiveModule, rerun: str) -> None:
    core = "__all__ = ['LIMIT']\nLIMIT = 1\nBURST = 2\n"
    chain = Chain(live, core, "", "X = LIMIT\n")
    before = dict(vars(chain.module(chain.between)))
    with pytest.raises(ZeroDivisionError):
        chain.reload(rerun, core.replace("['LIMIT']", "['BURST']"), "X = BURST / 0\n")

    assert vars(chain.module(chain.between)) == before
    assert list(vars(chain.module(chain.between))) == list(before)


@RERUNS
def test_what_the_module_between_says_itself_is_its_own(live: LiveModule, rerun: str) -> None:
    chain = Chain(live, "A = 1\n", "B = 'own'\n", "def use(): return A, B\n")
    chain.reload(rerun, "A = 1\nB = 2\n", "def use(): return B, A\n")

    assert chain.client.use() == ("own", 1)


@RERUNS
def test_name_that_has_another_value_and_is_not_given_away_any_more_goes(
    live: LiveModule, rerun: str
) -> None:
    core = "__all__ = ['f', 'H']\ndef f(): return 1\nG = 10\nH = 21\n"
    chain = Chain(live, core, "", "")
    chain.reload(rerun, core.replace("'H'", "'G'").replace("21", "20"), "")

    assert [hasattr(chain.client, name) for name in "GH"] == [True, False]
    assert [hasattr(chain.module(chain.between), name) for name in "GH"] == [True, False]


BEHIND = {
    "class": "class X:\n    own = True\n",
    "function": "def X(): return 1\n",
    "value": "X = 'own'\n",
    "value of it": "X = (X, 'own')\n",
    "under a condition": "if True:\n    X = 'own'\n",
    "table": "X = {}\n",
}


@RERUNS
@pytest.mark.parametrize("case", BEHIND)
def test_star_import_that_runs_again_leaves_what_stands_behind_it(
    live: LiveModule, case: str, rerun: str
) -> None:
    """peewee: `playhouse.reflection.Column` was `peewee.Column` once peewee had gained a name."""
    other = live.other("class X:\n    pass\n")
    home = other.__name__
    module = live.start(f"from {home} import *\n{BEHIND[case]}def use(): return X\n")
    before, held = module.X, [module.X]
    (live.root / f"{home}.py").write_text("class X:\n    pass\nNEW = 1\n", encoding="utf-8")
    report = livepatch.reload(home, live.name, rerun=rerun)

    assert module.X is not other.X
    assert module.NEW == 1
    assert module.use() is module.X
    if case in {"class", "function"} or rerun == "changed":
        assert module.X is held[0]
    if rerun == "changed":
        assert module.X is before
        assert report.ok


GONE = {
    "data": "X = 1\n",
    "table": "X = [1]\n",
    "function": "def X(): return 1\n",
    "class": "class X: pass\n",
}


@RERUNS
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("said", GONE.values(), ids=GONE)
def test_name_that_alone_has_gone_goes_there_too(
    live: LiveModule, said: str, *, known: bool
) -> None:
    rest = "def hit(): return 1\n"
    live.start(said + rest)
    other = live.other("from LIVE import *\n")
    if known:
        live.edit(said + rest + "MORE = 1\n")
    report = live.edit(rest)

    assert not hasattr(other, "X")
    assert other.hit() == 1
    assert not report.notices
    report.undo()
    assert hasattr(other, "X")


@RERUNS
@pytest.mark.parametrize(
    "also", ["from LIVE import hit as held", "held = hit", "from LIVE import hit"]
)
def test_function_that_has_gone_is_held_by_its_other_name(live: LiveModule, also: str) -> None:
    live.start("def hit(): return 1\ndef miss(): return 2\n")
    other = live.other(f"from LIVE import *\n{also}\n")
    report = live.edit("def miss(): return 2\n")

    assert {"held", "hit"} & vars(other).keys()
    message = "is gone from the source, and 1 reference still holds it"
    named = [(each.code, each.path, each.message) for each in report.notices]
    assert named == [("LP309", f"{live.name}.hit", message)]


@RERUNS
def test_what_goes_everywhere_is_held_by_nobody(live: LiveModule, rerun: str) -> None:
    package = live.package(
        __init__="from .core import *\n",
        core="def hit(): return 1\nX = 1\n",
        uses="from .core import *\n",
    )
    core = sys.modules[f"{live.name}.core"]
    (live.root / live.name / "core.py").write_text("X = 1\n")
    report = livepatch.reload(package, core, rerun=rerun)

    assert not hasattr(package, "hit")
    assert not report.notices
