"""Names of the module that hold data: made anew, kept, removed, reported."""

from __future__ import annotations

import sys

import pytest

from tests.codes import named
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)


def test_data_global_takes_the_new_value(live: LiveModule) -> None:
    module = live.start("LIMIT = 1\n")
    live.change("LIMIT = 1", "LIMIT = 2")

    assert module.LIMIT == 2


@pytest.mark.one_mode("unchanged data stays")
def test_data_global_of_unchanged_source_is_made_anew(live: LiveModule) -> None:
    module = live.start("CACHE = {}\ndef hit(): return 1\n")
    module.CACHE["a"] = 1
    live.change("return 1", "return 2")

    assert module.CACHE == {}


@pytest.mark.one_mode("unchanged data stays")
def test_old_container_that_someone_holds_is_reported(live: LiveModule) -> None:
    module = live.start("CACHE = {}\ndef hit(): return 1\n")
    held = [module.CACHE]
    report = live.change("return 1", "return 2")

    assert held[0] is not module.CACHE
    assert named(report.notices, "old data held", "CACHE")


def test_old_container_that_nobody_holds_is_not_reported(live: LiveModule) -> None:
    live.start("CACHE = {}\ndef hit(): return 1\n")
    report = live.change("return 1", "return 2")

    assert not named(report.notices, "old data held", "CACHE")


def test_new_object_reaches_another_module_that_imported_it(live: LiveModule) -> None:
    live.start("class App: pass\napp = App()\ndef hit(): return 1\n")
    other = live.other("from LIVE import app\n")
    report = live.change("return 1", "return 2")

    assert other.app is live.module.app
    assert report.ok


def test_keep_names_a_global_whose_value_stays(live: LiveModule) -> None:
    module = live.start("CACHE = {}\nLIMIT = 1\n")
    module.CACHE["a"] = 1
    held = [module.CACHE]
    live.change("LIMIT = 1", "LIMIT = 2", keep=("CACHE",))

    assert module.CACHE is held[0]
    assert module.CACHE == {"a": 1}
    assert module.LIMIT == 2


def test_kept_global_is_what_the_new_functions_read(live: LiveModule) -> None:
    module = live.start("CACHE = {}\ndef count(): return len(CACHE)\n")
    module.CACHE["a"] = 1
    live.change("len(CACHE)", "len(CACHE) + 10", keep=("CACHE",))

    assert module.count() == 11


def test_module_lists_the_names_to_keep(live: LiveModule) -> None:
    module = live.start("__livepatch_keep__ = ('CACHE',)\nCACHE = {}\ndef hit(): return 1\n")
    module.CACHE["a"] = 1
    live.change("return 1", "return 2")

    assert module.CACHE == {"a": 1}


@pytest.mark.one_mode("unchanged data stays")
def test_names_to_keep_of_the_module_and_of_the_call_add_up(live: LiveModule) -> None:
    module = live.start("__livepatch_keep__ = ['A']\nA = []\nB = []\nC = []\ndef hit(): return 1\n")
    for name in "ABC":
        vars(module)[name].append(name)
    live.change("return 1", "return 2", keep=["B"])

    assert (module.A, module.B, module.C) == (["A"], ["B"], [])


def test_new_source_that_begins_to_keep_a_name_keeps_it_at_once(live: LiveModule) -> None:
    module = live.start("CACHE = {}\n")
    module.CACHE["a"] = 1
    live.edit("CACHE = {}\n__livepatch_keep__ = ('CACHE',)\n")

    assert module.CACHE == {"a": 1}


def test_kept_global_that_is_an_instance_moves_to_the_new_class(live: LiveModule) -> None:
    source = "class App:\n    def hit(self): return 1\napp = App()\n"
    module = live.start(source)
    module.app.hits = 3
    held = [module.app]
    live.edit("class Base: pass\n" + source.replace("App:", "App(Base):"), keep=("app",))

    assert module.app is held[0]
    assert type(module.app) is module.App
    assert module.app.hits == 3


def test_removed_data_global_goes(live: LiveModule) -> None:
    module = live.start("A = 1\nB = 2\n")
    live.edit("B = 2\n")

    assert not hasattr(module, "A")
    assert module.B == 2


@pytest.mark.parametrize(
    "statement",
    [
        "import json as gone",
        "from json import dumps as gone",
        "gone: int = 1",
        "(gone := 1)",
        "for gone in [1]: pass",
        "with open(__file__) as gone: pass",
        "gone, rest = 1, 2",
        "[*gone] = [1]",
        "def gone(): pass",
        "class gone: pass",
        "if True:\n    gone = 1",
        "def _set():\n    global gone\n    gone = 1\n_set()",
    ],
    ids=lambda statement: statement.split("\n")[0],
)
def test_name_the_old_source_bound_goes_with_its_statement(
    live: LiveModule,
    statement: str,
) -> None:
    module = live.start(f"{statement}\nB = 2\n")
    live.edit("B = 2\n")

    assert not hasattr(module, "gone")


def test_name_set_from_outside_stays(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    vars(module)["extra"] = "mine"
    live.change("A = 1", "A = 2")

    assert module.extra == "mine"


def test_name_the_new_source_deletes_goes(live: LiveModule) -> None:
    module = live.start("A = 1\nB = 2\n")
    live.edit("A = 1\nB = 2\ndel A\n")

    assert not hasattr(module, "A")


def test_module_getattr_serves_a_name_that_was_removed(live: LiveModule) -> None:
    module = live.start("def old_name(): return 1\n")
    live.edit("""
        def __getattr__(name):
            if name == "old_name": return "deprecated"
            raise AttributeError(name)
    """)

    assert module.old_name == "deprecated"


def test_module_docstring_and_all_follow(live: LiveModule) -> None:
    module = live.start('"""Old."""\n__all__ = ["a"]\na = 1\n')
    live.edit('"""New."""\n__all__ = ["a", "b"]\na = b = 1\n')

    assert module.__doc__ == "New."
    assert module.__all__ == ["a", "b"]


def test_module_docstring_that_was_removed_goes(live: LiveModule) -> None:
    module = live.start('"""Old."""\na = 1\n')
    live.edit("a = 1\n")

    assert module.__doc__ is None


def test_module_annotations_follow(live: LiveModule) -> None:
    module = live.start("a: int = 1\nb: int = 2\n")
    live.edit("a: str = 1\n")

    assert module.__annotations__ == {"a": str}


def test_module_annotations_that_were_removed_go(live: LiveModule) -> None:
    module = live.start("a: int = 1\nb = 2\n")
    asked = module.__annotations__
    report = live.edit("a = 1\nb = 2\n")
    left = vars(module).keys() & {"__annotations__", "__annotate__", "__conditional_annotations__"}
    undone = report.undo()

    assert asked == {"a": int} == module.__annotations__
    assert not left
    assert not (*report.definitions, *undone.definitions)


def test_module_object_and_its_place_stay(live: LiveModule) -> None:
    module = live.start("A = 1\n")
    namespace = vars(module)
    live.change("A = 1", "A = 2")

    assert sys.modules[live.name] is module
    assert vars(module) is namespace


def test_data_that_holds_definitions_names_the_survivors(live: LiveModule) -> None:
    source = """
        class Player: pass
        def hit(): return 1
        TABLE = {"hit": hit, Player: [Player, (hit, Player)]}
    """
    module = live.start(source)
    held = [module.hit, module.Player, module.TABLE]
    live.edit(source.replace("class Player", "class Base: pass\n        class Player(Base)"))

    assert module.TABLE["hit"] is module.hit is held[0]
    assert module.TABLE[module.Player] == [held[1], (held[0], held[1])]
    assert held[2][module.Player][0] is module.Player


@pytest.mark.one_mode("what was computed is kept, and named")
def test_statement_order_still_matters(live: LiveModule) -> None:
    module = live.start("A = 1\nB = A + 1\n")
    live.change("A = 1", "A = 5")

    assert module.B == 6


@pytest.mark.one_mode("unchanged statements do not run")
def test_counter_of_runs_shows_that_the_module_ran_once(live: LiveModule) -> None:
    other = live.other("runs = []\n")
    live.start("import OTHER\nOTHER.runs.append(1)\ndef hit(): return 1\n")
    live.change("return 1", "return 2")

    assert other.runs == [1, 1]


def test_kept_name_that_the_new_source_no_longer_binds_is_still_kept(live: LiveModule) -> None:
    module = live.start("CACHE = {}\nA = 1\n")
    module.CACHE["a"] = 1
    live.edit("A = 1\n", keep=("CACHE",))

    assert module.CACHE == {"a": 1}


def test_source_reads_its_own_old_value_as_importlib_allows(live: LiveModule) -> None:
    module = live.start("""
        try: CACHE
        except NameError: CACHE = []
        CACHE.append(1)
    """)
    held = [module.CACHE]
    live.edit("""
        try: CACHE
        except NameError: CACHE = []
        CACHE.append(2)
    """)

    assert module.CACHE is held[0]
    assert held[0] == [1, 2]


@pytest.mark.one_mode("unchanged data stays")
def test_global_that_a_function_counts_up_starts_anew(live: LiveModule) -> None:
    module = live.start("COUNT = 0\ndef up():\n    global COUNT\n    COUNT += 1\n")
    module.up()
    live.change("COUNT += 1", "COUNT += 5")
    seen = [module.COUNT]
    module.up()

    assert [*seen, module.COUNT] == [0, 5]


def test_from_imported_submodule_stays_the_module(live: LiveModule) -> None:
    live.package(__init__="from . import part\n", part="def hit(): return 1\n")
    held = [live.module.part]
    live.edit("from . import part\nA = 1\n")

    assert held[0] is live.module.part
    assert live.module.A == 1


def test_kept_thread_local_that_is_in_use(live: LiveModule) -> None:
    source = "import threading\nLOCAL = threading.local()\nLOCAL.x = 1\ndef f(): return 1\n"
    held = live.start(source).LOCAL
    held.x = 2
    report = live.change("return 1", "return 2", keep=("LOCAL",))

    assert report.ok
    assert live.module.LOCAL is held
    assert held.x == 2
