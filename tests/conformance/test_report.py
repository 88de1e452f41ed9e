"""The report: what it says as data, as text, as log lines and in a notebook."""

from __future__ import annotations

import functools
import json
import logging
from typing import Any

import pytest

import livepatch
from tests.codes import CODES, named
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

GAME = """
    class Base: pass
    class Player:
        def hit(self): return 1
        def heal(self): return 1
    def start(): return 1
    def stop(): return 1
"""
SCREEN = 50


def outcomes(report: livepatch.Report) -> dict[str, str]:
    """The outcome of each definition by its path, without the module's name."""
    return {line.path.split(".", 1)[1]: line.outcome for line in report.definitions}


WRAPPED = """
    import functools
    import wrapt
    def logged(g):
        @functools.wraps(g)
        def run(): return g()
        return run
    @wrapt.decorator
    def traced(wrapped, instance, args, kwargs): return wrapped(*args, **kwargs)
    @functools.lru_cache
    def cached(): return 1
    @logged
    def wrapped(): return 1
    @traced
    def proxied(): return 1
    class Player:
        @property
        def power(self): return 1
        @classmethod
        def make(cls): return 1
        @staticmethod
        def count(): return 1
        @functools.cached_property
        def total(self): return 1
        @functools.lru_cache
        def best(self): return 1
    def untouched(): return 3
"""
INSIDE = (
    "cached",
    "wrapped",
    "proxied",
    *(f"Player.{name}" for name in ("power", "make", "count", "total", "best")),
)


def test_definition_whose_function_inside_changed_is_not_called_unchanged(live: LiveModule) -> None:
    live.start(WRAPPED)
    report = live.change("return 1", "return 2")

    found = outcomes(report)
    assert {found[name] for name in INSIDE} <= {"updated", "replaced"}
    assert found["untouched"] == found["logged"] == found["traced"] == "unchanged"
    assert set(outcomes(live.reload()).values()) == {"unchanged"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", INSIDE)
def test_only_the_definition_whose_function_inside_changed_is_named(
    live: LiveModule, name: str
) -> None:
    live.start(WRAPPED)
    line = next(
        line for line in live.source.splitlines() if f"def {name.rpartition('.')[2]}(" in line
    )
    report = live.change(line, line.replace("return 1", "return 2"))

    found = outcomes(report)
    assert found.pop(name) in {"updated", "replaced"}
    assert set(found.values()) == {"unchanged"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("@functools.lru_cache\ndef cached", "@functools.lru_cache(3)\ndef cached", "cached"),
        ("@functools.lru_cache\ndef cached", "def cached", "cached"),
        ("@logged\ndef", "def", "wrapped"),
        ("@traced\ndef", "def", "proxied"),
        ("def untouched", "@logged\ndef untouched", "untouched"),
        ("def untouched", "@functools.lru_cache\ndef untouched", "untouched"),
        ("    @property\n    def power", "    def power", "Player.power"),
        ("    @staticmethod\n    def count", "    @classmethod\n    def count", "Player.count"),
    ],
)
def test_definition_whose_decorator_changes_is_named(
    live: LiveModule, old: str, new: str, name: str
) -> None:
    live.start(WRAPPED)
    report = live.change(old, new)

    found = outcomes(report)
    owner = name.rpartition(".")[0]
    assert found.pop(name) in {"updated", "replaced"}
    assert {path for path, outcome in found.items() if outcome != "unchanged"} <= {owner}


def test_report_of_an_unchanged_module(live: LiveModule) -> None:
    live.start(GAME)
    report = live.reload()

    assert report.ok
    assert set(outcomes(report).values()) == {"unchanged"}
    assert not report.refusals
    assert not report.notices


def test_each_definition_has_a_path_a_kind_and_an_outcome(live: LiveModule) -> None:
    live.start(GAME)
    report = live.reload()
    paths = {line.path for line in report.definitions}

    assert {f"{live.name}.Player", f"{live.name}.Player.hit", f"{live.name}.start"} <= paths
    assert all(isinstance(line.kind, str) and line.kind for line in report.definitions)
    assert len(paths) == len(report.definitions)


def test_each_definition_is_listed_once(live: LiveModule) -> None:
    source = """
        import typing
        class Player:
            @staticmethod
            def made(): return 1
            @classmethod
            def best(cls): return 1
            def __new__(cls): return object.__new__(cls)
        class Point(typing.NamedTuple):
            x: int = 1
            def hit(self): return 1
    """
    live.start(source)
    report = live.change("def made(): return 1", "def made(): return 2")

    paths = [line.path for line in report.definitions]
    assert sorted(paths) == sorted(set(paths))


def test_changed_body_is_updated_and_its_neighbours_unchanged(live: LiveModule) -> None:
    live.start(GAME)
    report = live.change("def hit(self): return 1", "def hit(self): return 2")
    found = outcomes(report)

    assert found["Player.hit"] in {"updated", "replaced"}
    assert found["Player.heal"] == found["start"] == "unchanged"


@pytest.mark.one_mode("a definition that was renamed is followed")
def test_added_and_removed_definitions(live: LiveModule) -> None:
    live.start(GAME)
    report = live.change("def stop", "def pause")
    found = outcomes(report)

    assert found["pause"] == "added"
    assert found["stop"] == "removed"


@pytest.mark.one_mode("a definition that was renamed is followed")
def test_added_and_removed_methods(live: LiveModule) -> None:
    live.start(GAME)
    report = live.change("def heal", "def rest")
    found = outcomes(report)

    assert found["Player.rest"] == "added"
    assert found["Player.heal"] == "removed"


def test_class_that_gains_a_base_is_replaced(live: LiveModule) -> None:
    module = live.start(GAME)
    players = [module.Player() for _ in range(3)]
    report = live.change("class Player", "class Player(Base)")

    assert outcomes(report)["Player"] == "replaced"
    assert report.instances == {f"{live.name}.Player": len(players)}


def test_references_are_counted_by_the_kind_of_their_holder(live: LiveModule) -> None:
    module = live.start(GAME)
    held = [module.Player, module.Player]
    table = {"a": module.Player}
    report = live.change("class Player", "class Player(Base)")

    assert held[0] is held[1] is table["a"] is module.Player
    assert sum(report.references.values()) >= 3
    assert all(isinstance(kind, str) for kind in report.references)


def test_body_edit_says_ok(live: LiveModule) -> None:
    module = live.start(GAME)
    held = [module.Player(), module.start]
    report = live.change("return 1", "return 2")

    assert report.ok
    assert len(held) == 2


def test_ok_is_a_bool(live: LiveModule) -> None:
    live.start(GAME)

    assert live.reload().ok is True


@pytest.mark.one_mode("unchanged data stays")
def test_notices_have_a_number_a_path_and_a_message(live: LiveModule) -> None:
    module = live.start("CACHE = {}\ndef hit(): return 1\n")
    held = [module.CACHE]
    report = live.change("return 1", "return 2")
    notices = named(report.notices, "old data held", "CACHE")

    assert held == [{}]
    assert notices
    assert all(line.code[:2] == "LP" and line.code[2:].isdigit() for line in notices)
    assert all(line.path and line.message for line in notices)


def test_refusals_of_the_error_have_a_number_a_path_and_a_message(live: LiveModule) -> None:
    module = live.start("class Player(int): pass\n")
    players = [module.Player()]
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("(int)", "(str)")
    (refusal,) = refused.value.refusals

    assert refusal.code.startswith(CODES["layout changed"])
    assert refusal.path == f"{live.name}.Player"
    assert refusal.code in str(refused.value)
    assert "Player" in str(refused.value)
    assert livepatch.explain(refusal.code)
    assert len(players) == 1


def test_all_refusals_are_collected_at_once(live: LiveModule) -> None:
    source = "class A(int): pass\nclass B(int): pass\n"
    module = live.start(source)
    held = [module.A(), module.B()]
    with pytest.raises(livepatch.ReloadRefused) as refused:
        live.change("(int)", "(str)")
    paths = {line.path for line in refused.value.refusals}

    assert paths == {f"{live.name}.A", f"{live.name}.B"}
    assert len(held) == 2


def test_refusal_is_a_livepatch_error(live: LiveModule) -> None:
    assert issubclass(livepatch.ReloadRefused, livepatch.LivepatchError)
    assert issubclass(livepatch.LivepatchError, Exception)
    assert live.strategy


def test_text_fits_on_a_screen_and_names_the_module_first(live: LiveModule) -> None:
    names = [f"f{number}" for number in range(300)]
    live.start("\n".join(f"def {name}(): return 1" for name in names))
    report = live.change("return 1", "return 2")
    lines = str(report).splitlines()

    assert len(lines) <= SCREEN
    assert live.name in lines[0]
    assert max(map(len, lines)) <= 200


def test_text_says_first_that_a_dry_run_would_be_refused(live: LiveModule) -> None:
    module = live.start("class Player(int): pass\n")
    players = [module.Player()]
    report = live.change("(int)", "(str)", dry_run=True)
    first = str(report).splitlines()[0]

    assert not report.ok
    assert "refused" in first.lower()
    assert len(players) == 1


def test_data_is_plain_and_goes_through_json(live: LiveModule) -> None:
    module = live.start(GAME)
    held = [module.Player(), module.Player]
    report = live.change("class Player", "class Player(Base)")
    data: Any = report.to_dict()

    assert json.loads(json.dumps(data)) == data
    assert data["ok"] is report.ok
    assert data["instances"] == report.instances
    assert len(data["definitions"]) == len(report.definitions)
    assert len(held) == 2


def test_notebook_view_is_html_and_escapes(live: LiveModule) -> None:
    live.start("hit = lambda: 1\n")
    report = live.change(": 1", ": 2")
    html = report._repr_html_()

    assert live.name in html
    assert "<lambda>" not in html
    assert "<" in html


def test_logger_gets_lines(live: LiveModule, caplog: pytest.LogCaptureFixture) -> None:
    live.start(GAME)
    with caplog.at_level(logging.DEBUG, logger="livepatch"):
        live.change("return 1", "return 2")
    lines = [record for record in caplog.records if record.name.split(".")[0] == "livepatch"]

    assert lines
    assert any(live.name in record.getMessage() for record in lines)


def test_logger_warns_of_what_could_not_be_moved(
    live: LiveModule,
    caplog: pytest.LogCaptureFixture,
) -> None:
    module = live.start("""
        def make(a, b):
            def show(): return (a, 0)
            return show
    """)
    held = [module.make(1, 2)]
    with caplog.at_level(logging.DEBUG, logger="livepatch"):
        live.change("(a, 0)", "(a, b)")
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]

    assert any("show" in record.getMessage() for record in warnings)
    assert held[0]() == (1, 0)


def test_report_does_not_keep_the_old_code_alive_for_nothing(live: LiveModule) -> None:
    live.start(GAME)
    report = live.change("return 1", "return 2")

    assert "Report" in type(report).__name__
    assert repr(report)


def test_reports_are_read_only(live: LiveModule) -> None:
    live.start(GAME)
    report = live.reload()

    with pytest.raises((AttributeError, TypeError)):  # a frozen class with slots raises either
        report.ok = False  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        report.notices = ()  # type: ignore[misc]


def test_removed_definition_that_someone_holds_is_named(live: LiveModule) -> None:
    module = live.start(GAME)
    held = [module.start]
    report = live.change("def start(): return 1\n", "")

    assert outcomes(report)["start"] == "removed"
    assert held[0]() == 1
    assert named(report.notices, "removed", "start")


def test_removed_class_with_instances_is_named(live: LiveModule) -> None:
    module = live.start("class Player:\n    pass\nA = 1\n")
    players = [module.Player()]
    report = live.edit("A = 1\n")

    assert named(report.notices, "removed", "Player")
    assert len(players) == 1


@pytest.mark.parametrize("code", ["LP101", "LP104"])
def test_explain_says_what_why_and_what_to_do(code: str) -> None:
    text = livepatch.explain(code)

    assert code in text
    assert len(text) > 100


@pytest.mark.parametrize("code", ["", "LP999", "101", "nonsense"])
def test_explain_of_an_unknown_number(code: str) -> None:
    with pytest.raises((livepatch.LivepatchError, LookupError, ValueError)):
        livepatch.explain(code)


def test_every_exported_name_exists() -> None:
    assert {
        "LivepatchError",
        "Notice",
        "ReloadRefused",
        "Report",
        "explain",
        "install",
        "register_holder",
        "reload",
        "uninstall",
    } <= set(livepatch.__all__)
    assert all(hasattr(livepatch, name) for name in livepatch.__all__)


DECORATED = {
    "property": "class P:\n    @property\n    def hit(self): return 1\n",
    "static method": "class P:\n    @staticmethod\n    def hit(): return 1\n",
    "class method": "class P:\n    @classmethod\n    def hit(cls): return 1\n",
    "cached property": "import functools\nclass P:\n    @functools.cached_property\n"
    "    def hit(self): return 1\n",
    "cached function": "import functools\n@functools.lru_cache\ndef hit(): return 1\n",
    "wrapper": "import functools\ndef d(f):\n    @functools.wraps(f)\n    def inner(): return f()\n"
    "    return inner\n@d\ndef hit(): return 1\n",
}


@pytest.mark.parametrize("kind", DECORATED)
def test_definition_has_changed_if_the_function_inside_it_has(live: LiveModule, kind: str) -> None:
    live.start(DECORATED[kind])
    report = live.change("return 1", "return 2")
    outcomes = {each.path: each.outcome.value for each in report.definitions}
    path = f"{live.name}.P.hit" if "class P" in DECORATED[kind] else f"{live.name}.hit"

    # Where only what changed runs, no body makes another object, whatever the strategy.
    stays = live.strategy == "auto" or live.rerun == "changed"
    assert outcomes.pop(path) == ("updated" if stays else "replaced")
    assert set(outcomes.values()) <= {"unchanged"}


def test_cached_function_that_only_the_report_keeps_is_not_left_behind(live: LiveModule) -> None:
    module = live.start(DECORATED["cached function"])
    held = [module.hit]
    report = live.change("return 1", "return 2")

    assert report.ok
    assert held[0] is module.hit
    assert held[0]() == 2


def test_cached_function_that_c_code_keeps_is_forwarded_and_named(live: LiveModule) -> None:
    module = live.start("import functools\n@functools.lru_cache\ndef order(a, b): return 1\n")
    assert module.order(1, 2) == 1  # remembered
    held = functools.cmp_to_key(module.order)
    report = live.change("return 1", "return -1")

    assert module.order(1, 2) == -1
    assert held(1) < held(2)
    # Else it is the object it was.
    is_replaced = live.strategy == "repoint" and live.rerun == "all"
    left = ["LP201"] if is_replaced else []
    assert [each.code for each in report.notices] == left
    report.undo()
    assert held(1) > held(2)


OF_EVERY_KIND = """
    import contextlib, dataclasses, functools
    @functools.singledispatch
    def show(x): return "any"
    @show.register
    def _(x: int): return "int"
    class P:
        kind: int = 2
        @functools.singledispatchmethod
        def go(self, x): return 1
        @go.register
        def _(self, x: int): return 2
    @dataclasses.dataclass
    class D:
        a: int = 1
    @contextlib.contextmanager
    def opened(): yield 1
    TABLE = {"a": lambda: 1, "b": lambda: 2}
"""


def test_reload_of_the_same_source_calls_nothing_changed(live: LiveModule) -> None:
    live.start(OF_EVERY_KIND)
    report = live.edit(OF_EVERY_KIND)

    assert [each for each in outcomes(report).items() if each[1] != "unchanged"] == []
    assert report.notices == ()


def test_lambda_in_a_table_is_listed_when_it_changes(live: LiveModule) -> None:
    live.start(OF_EVERY_KIND)
    report = live.edit(OF_EVERY_KIND.replace("lambda: 1", "lambda: 3"))
    changed = {path for path, outcome in outcomes(report).items() if outcome != "unchanged"}

    assert changed == {"TABLE['a']"}


def test_functions_of_annotations_are_no_definitions(live: LiveModule) -> None:
    live.start(OF_EVERY_KIND)
    report = live.edit(OF_EVERY_KIND.replace("kind: int", "kind: float"))

    assert not [path for path in outcomes(report) if "annotate" in path]
    assert outcomes(report)["P"] != "unchanged"


def test_the_text_of_a_reload_of_very_many_modules_fits_on_a_screen(live: LiveModule) -> None:
    parts = [f"part_{index}" for index in range(60)]
    said = "".join(f"from . import {each}\n" for each in parts)
    live.package(__init__=said, **dict.fromkeys(parts, "def f(): return 1\n"))
    for each in parts:
        path = live.root / live.name / f"{each}.py"
        path.write_text("def f(): return 22\n", encoding="utf-8")
    report = livepatch.reload_changed(live.name, strategy=live.strategy, rerun=live.rerun)

    assert len(report.modules) == len(parts)
    assert "part_5 and 54 more: reloaded" in str(report)
    assert all(len(line) < 400 for line in str(report).splitlines())
    assert "and 54 more: " in str(livepatch.history()[-1])
