"""What a stranger found in sessions of edits: what an undo gives back, what decorators leave."""

from __future__ import annotations

import dataclasses
from types import ModuleType

import pytest

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

PLAIN = """
class Queue:
    def get(self, block=True): return block
def top(a=1): return a
"""
DECORATED = """
def logged(function):
    calls = 0
    def inner(*args, **kwargs):
        nonlocal calls
        calls += 1
        return ("logged", function(*args, **kwargs))
    return inner
class Queue:
    @logged
    def get(self, block=True): return block
@logged
def top(a=1): return a
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def inner", "async def inner"),
        ('"logged"', "function.__name__"),
        ("function(*args, **kwargs))", "calls)"),
    ],
)
def test_wrappers_that_changed_are_taken_off_by_an_undo(
    live: LiveModule, old: str, new: str
) -> None:
    module = live.start(PLAIN)
    queue, held = module.Queue(), live.hold("Queue.get", "top")
    functions = [id(each) for each in held]
    live.write(DECORATED)
    first = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    wrappers = live.hold("Queue.get", "top")
    ids = [id(each) for each in wrappers]
    live.write(DECORATED.replace(old, new))
    second = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    second.undo()
    assert (queue.get(), module.top()) == (("logged", True), ("logged", 1))
    assert [id(module.Queue.get), id(module.top)] == ids
    assert wrappers == [module.Queue.get, module.top]
    first.undo()

    assert (queue.get(), module.top()) == (True, 1)
    assert [id(module.Queue.get), id(module.top)] == functions
    assert held == [module.Queue.get, module.top]
    assert module.Queue.get.__defaults__ == (True,)
    assert_current(module)


@pytest.mark.parametrize("rerun", ["changed"])
def test_closure_that_cannot_take_its_code_is_itself_again_after_an_undo(live: LiveModule) -> None:
    source = """
def counter(step):
    count = 0
    def add():
        nonlocal count
        count += step
        return count
    return add
"""
    module = live.start(source)
    held = [module.counter(2), module.counter(3)]
    ids = [id(each) for each in held]
    held[0]()
    live.write(source.replace("def add():", "def add():\n        yield step"))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert [*held[0]()] == [2]
    report.undo()

    assert [id(each) for each in held] == ids
    assert [each() for each in held] == [6, 3]


DATA = """
import dataclasses
from types import ModuleType
class Item:
    x: int = dataclasses.field(default=3)
    y: list = dataclasses.field(default_factory=list)
    z: int = 4
"""
AS_DATA = DATA.replace("class Item", "@dataclasses.dataclass\nclass Item")


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_fields_of_a_class_that_is_a_data_class_no_more(live: LiveModule) -> None:
    module = live.start(AS_DATA)
    live.write(DATA)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert type(module.Item.x) is type(module.Item.y) is dataclasses.Field
    assert module.Item.z == 4
    assert not report.notices
    report.undo()
    assert (module.Item().x, module.Item.x, module.Item.z) == (3, 3, 4)


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_fields_of_a_class_that_becomes_a_data_class(live: LiveModule) -> None:
    module = live.start(DATA)
    live.write(AS_DATA)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert (module.Item().x, module.Item.x, module.Item.z) == (3, 3, 4)
    assert not hasattr(module.Item, "y")
    assert not report.notices
    report.undo()
    assert type(module.Item.x) is type(module.Item.y) is dataclasses.Field


COLUMNS = """
class Column:
    def __init__(self, size): self.size = size
def sized(cls):
    for name, value in [*vars(cls).items()]:
        if type(value) is Column: setattr(cls, name, value.size)
    return cls
class Table:
    name = Column(3)
    rows = None
    limit = 1
"""
AS_SIZED = COLUMNS.replace("class Table", "@sized\nclass Table")


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (COLUMNS, AS_SIZED, "int"),
        (AS_SIZED, COLUMNS, "Column"),
        (AS_SIZED, AS_SIZED.replace("value.size)", "str(value.size))"), "str"),
    ],
)
def test_attribute_of_which_a_decorator_makes_something_else(
    live: LiveModule, before: str, after: str, expected: str
) -> None:
    module = live.start(before)
    kind = type(module.Table.name)
    module.Table.rows = [1]
    live.write(after)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert type(module.Table.name).__name__ == expected
    assert module.Table.rows == [1]
    assert ("LP304", f"{live.name}.Table.name") in [
        (each.code, each.path) for each in report.notices
    ]
    report.undo()
    assert type(module.Table.name) is kind


MODES = """
import enum, sys
LIMIT = 3
def exported(cls):
    vars(sys.modules[cls.__module__]).update(cls.__members__)
    return cls
@exported
class Mode(enum.IntEnum):
    AA = 1
    BB = 2
    ALSO = 2
    CC = 3
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ("    CC = 3\n", "", {"CC"}),
        ("    ALSO = 2\n", "", {"ALSO"}),
        ("    CC = 3\n", "    DD = 3\n", {"CC"}),
        ("@exported\n", "", {"AA", "BB", "ALSO", "CC"}),
        (MODES[MODES.index("@exported") :], "", {"Mode", "AA", "BB", "ALSO", "CC"}),
        ("LIMIT = 3", "LIMIT = 4", set()),
        ("    CC = 3\n", "    CC = 3\n    def twice(self): return self * 2\n", set()),
    ],
)
def test_members_that_a_decorator_binds_as_globals(
    live: LiveModule, old: str, new: str, gone: set[str]
) -> None:
    module = live.start(MODES)
    module.MINE = module.AA  # type: ignore[attr-defined]
    names = {name for name in vars(module) if name.isupper()} | {"Mode"}
    live.write(MODES.replace(old, new))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert names - set(vars(module)) == gone
    assert all(
        vars(module)[name] is each for name, each in _members(module) if name in names - gone
    )
    report.undo()
    assert names <= set(vars(module))
    assert all(vars(module)[name] is each for name, each in _members(module))


def _members(module: ModuleType) -> list[tuple[str, object]]:
    cls = vars(module).get("Mode")
    return [*cls.__members__.items()] if cls is not None else []


LAZY = """
import re, sys
PATTERN = re.compile("x")
TEXT = repr(sys.maxsize)
class Shape:
    sides = 1
def __getattr__(name):
    if name == "Figure": return globals()["Shape"]
    raise AttributeError(name)
def figure(): return __getattr__("Figure")
"""


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("", []),
        ('KEPT = __getattr__("Figure").sides\n', ["KEPT"]),
        ("KEPT = figure().sides\n", ["KEPT"]),
        ("KEPT = sys.modules[__name__].Figure.sides\n", ["KEPT"]),
    ],
)
@pytest.mark.parametrize(
    ("old", "new"), [("sides = 1", "sides = 2"), ('["Shape"]', '.get("Shape")')]
)
def test_what_asks_the_module_itself_is_named_and_nothing_else(
    live: LiveModule, more: str, named: list[str], old: str, new: str
) -> None:
    module = live.start(LAZY + more)
    live.write((LAZY + more).replace(old, new))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert [each.path for each in report.notices] == [f"{live.name}.{each}" for each in named]


FORM = """
class Form:
    one = 1
    def check(self): return self.two
    two = 2
    class Part:
        x = 1
        y = 2
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FORM.replace("one = 1", "new = 2").replace("two = 2", "one = 1").replace("new", "two"),
         ["two", "check", "one", "Part"]),
        (FORM.replace("    two = 2\n", "    also = 3\n    two = 2\n"),
         ["one", "check", "also", "two", "Part"]),
        (FORM.replace("    one = 1\n", "").replace("    class", "    one = 1\n    class"),
         ["check", "two", "one", "Part"]),
        (FORM.replace("        x = 1\n        y = 2\n", "        y = 2\n        x = 1\n"),
         ["one", "check", "two", "Part"]),
    ],
)  # fmt: skip
def test_attributes_of_a_class_are_in_the_order_of_its_source(
    live: LiveModule, text: str, expected: list[str]
) -> None:
    module = live.start(FORM)
    module.Form.mine = 1
    form = module.Form()
    live.write(text)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert _own_names(module.Form) == [*expected, "mine"]
    assert _own_names(module.Form.Part) == (
        ["y", "x"] if "y = 2\n        x" in text else ["x", "y"]
    )
    assert form.check() == 2
    report.undo()
    assert _own_names(module.Form) == ["one", "check", "two", "Part", "mine"]
    assert _own_names(module.Form.Part) == ["x", "y"]
    assert form.check() == 2


def _own_names(cls: type) -> list[str]:
    return [name for name in vars(cls) if not name.startswith("__")]


@pytest.mark.parametrize("was_there", [True, False])
@pytest.mark.parametrize("kind", ["", "@staticmethod\n", "@classmethod\n", "class"])
def test_a_member_that_goes_by_an_undo_and_comes_again_is_found(
    live: LiveModule, kind: str, *, was_there: bool
) -> None:
    def form(number: int | None) -> str:
        if number is None:
            return "class Queue:\n    def put(self): return 5 + 1\n"
        if kind == "class":
            return f"class Queue:\n    class Add:\n        def __call__(self): return {number}\n"
        head = f"    {kind}" if kind else ""
        names = {"": "self", "@staticmethod\n": "", "@classmethod\n": "cls"}[kind]
        return f"class Queue:\n{head}    def add({names}): return {number}\n"

    module = live.start(form(1 if was_there else None))
    queue = module.Queue()
    if was_there:
        live.edit(form(None))
    report = live.edit(form(2))
    if kind == "class":
        held, made = [module.Queue.Add], module.Queue.Add()
    else:
        held, made = [queue.add], queue.add
    assert made() == 2
    live.write(form(None))
    report.undo()
    live.edit(form(3))

    assert made() == 3
    assert held[0] == (module.Queue.Add if kind == "class" else queue.add)


@pytest.mark.parametrize("decorator", ["staticmethod", "classmethod"])
def test_a_static_method_that_had_gone_is_found_after_a_failed_reload(
    live: LiveModule, decorator: str
) -> None:
    source = f"class Queue:\n    @{decorator}\n    def add(*_): return {{}}\n"
    module = live.start(source.format(1))
    held = module.Queue.add
    live.edit("class Queue: pass\n")
    live.write(source.format(2) + "1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        live.reload()
    live.edit(source.format(3))

    assert held() == 3
    assert held == module.Queue.add


AROUND = """
    import functools
    def tag(name):
        def decorate(function):
            @functools.wraps(function)
            def around(*args): return (name, function(*args))
            return around
        return decorate
    class curry:
        def __init__(self, function): self.function = function
        def __call__(self, *args): return self.function(*args)
    @tag("t")
    def hit(x): return x
    @curry
    def heal(x): return x
"""
AWAY = [
    ("return x", "return -x"),
    ("(name, function(*args))", "[name, function(*args)]"),
    ("self.function(*args)", "[self.function(*args)]"),
    ('    @tag("t")\n', ""),
    ("    @curry\n", ""),
]


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_wrappers_that_changed_and_went_call_what_they_wrapped(live: LiveModule) -> None:
    source = AROUND
    module = live.start(source)
    hit, heal = module.hit, module.heal
    told, reports = [], []
    for old, new in AWAY:
        told.append((hit(1), heal(1)))
        source = source.replace(old, new)
        reports.append(live.edit(source))
    while reports:
        report = reports.pop().undo()
        assert (hit(1), heal(1)) == told.pop(), report
        assert (module.hit, module.heal) == (hit, heal)
