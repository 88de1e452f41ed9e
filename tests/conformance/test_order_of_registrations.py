"""Who is asked first: definitions stand on lists in the order of their statements."""

from __future__ import annotations

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(13)

LIST = """
class App:
    def __init__(self): self.routes = []
    def route(self, path):
        def enter(view):
            self.routes.append((path, view))
            return view
        return enter
app = App()
route = app.route
def stand(): return [path for path, _ in app.routes]
def also(path): app.routes.append((path, None))
"""
DICT = (
    LIST.replace("self.routes = []", "self.routes = {}")
    .replace("append((path, view))", "setdefault(path, view)")
    .replace("append((path, None))", "setdefault(path, None)")
    .replace("for path, _", "for path")
)
DEQUE = "import collections\n" + LIST.replace("= []", "= collections.deque()")
FUNCTION = """
ROUTES = []
def route(path):
    def enter(view):
        ROUTES.append((path, view))
        return view
    return enter
def stand(): return [path for path, _ in ROUTES]
def also(path): ROUTES.append((path, None))
"""
CLASSES = """
KINDS = []
class Base:
    def __init_subclass__(cls, **_): KINDS.append(cls)
def route(name): return lambda cls: cls
def stand(): return [cls.__name__ for cls in KINDS]
def also(name): KINDS.append(type(name, (), {}))
"""
REGISTERS = {"list": LIST, "dict": DICT, "deque": DEQUE, "function": FUNCTION}


def view(path: str, *, name: str = "") -> str:
    return f"@route({path!r})\ndef {name or path}(): return {ord(name or path)}\n"


def paths(names: str) -> list[str]:
    return list(names)


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ab", "ba"),
        ("abc", "cab"),
        ("abc", "cba"),
        ("ab", "acb"),  # one that is new above another
        ("ab", "cab"),
        ("ab", "bca"),
        ("ab", "dbca"),
        ("abc", "ca"),
        ("abc", "dca"),
        ("abc", "dcab"),
    ],
)
def test_views_are_asked_in_the_order_of_their_statements(
    live: LiveModule, register: str, before: str, after: str
) -> None:
    source = REGISTERS[register]
    module = live.start(source + "".join(map(view, before)))
    held = {name: getattr(module, name) for name in before}
    live.write(source + "".join(map(view, after)))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.stand() == paths(after)
    assert all(held[name] is getattr(module, name) for name in held if name in after)
    report.undo()
    assert module.stand() == paths(before)
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert module.stand() == paths(after)


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize("register", REGISTERS)
def test_what_the_program_has_entered_itself_stays_where_it_is(
    live: LiveModule, register: str
) -> None:
    source = REGISTERS[register]
    module = live.start(source + view("a") + view("b"))
    module.also("x")
    live.write(source + view("c") + view("b") + view("a") + view("d"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert module.stand() == paths("cbaxd")

    module.also("y")
    report.undo()
    assert module.stand() == paths("abxy")


@pytest.mark.parametrize("rerun", ["changed"])
def test_one_that_is_edited_and_moved_stands_where_it_has_come(live: LiveModule) -> None:
    module = live.start(LIST + view("a") + view("b") + view("c"))
    live.write(LIST + view("b") + view("C", name="c") + view("a"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.stand() == ["b", "C", "a"]
    report.undo()
    assert module.stand() == paths("abc")


@pytest.mark.parametrize("rerun", ["changed"])
def test_an_order_that_the_program_has_made_stays(live: LiveModule) -> None:
    module = live.start(LIST + view("a") + view("b"))
    module.app.routes.reverse()
    live.write(LIST + view("c") + view("a") + view("b"))
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.stand() == paths("bac")


@pytest.mark.parametrize("rerun", ["changed"])
def test_classes_that_change_places(live: LiveModule) -> None:
    one, two = (f"class {name}(Base): pass\n" for name in "AB")
    module = live.start(CLASSES + one + two)
    live.write(CLASSES + two + one)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.stand() == ["B", "A"]
    report.undo()
    assert module.stand() == ["A", "B"]


@pytest.mark.parametrize("rerun", ["changed"])
def test_order_is_as_it_was_after_a_failure_and_a_dry_run(live: LiveModule) -> None:
    source = LIST + view("a") + view("b")
    module = live.start(source)
    live.write(LIST + view("c") + view("b") + view("a"))
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun, dry_run=True)
    assert module.stand() == paths("ab")

    live.write(LIST + view("b") + view("a") + "1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert module.stand() == paths("ab")


@pytest.mark.parametrize(
    "sorting", ["routes.sort(key=lambda each: each[0])", "routes.insert(0, routes.pop())"]
)
@pytest.mark.parametrize("rerun", ["changed"])
def test_list_that_the_decorator_sorts_is_left_as_it_sorts_it(
    live: LiveModule, sorting: str
) -> None:
    sorts = LIST.replace(
        "self.routes.append((path, view))",
        f"routes = self.routes\n            routes.append((path, view)); {sorting}",
    )
    module = live.start(sorts + view("b") + view("c"))
    before = module.stand()
    live.write(sorts + view("z", name="b") + view("a") + view("c"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.stand() == (["a", "c", "z"] if "sort(" in sorting else ["a", "z", "c"])
    report.undo()
    assert module.stand() == before


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("register", REGISTERS)
def test_one_is_renamed_where_others_change_places(live: LiveModule, register: str) -> None:
    source = REGISTERS[register]
    module = live.start(source + view("a") + view("b") + view("c"))
    renamed = view("b").replace("'b'", "'d'").replace("def b", "def d")
    live.write(source + renamed + view("c") + view("a"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.stand() == paths("dca")
    report.undo()
    assert module.stand() == paths("abc")
