"""Where only what changed runs, what stays of earlier statements is named, and nothing else is."""

from __future__ import annotations

import sys

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("all of it runs in the other"),
    pytest.mark.sampled(8),
]
MADE = """
    NAMES, TABLE, ALLOWED = [], {}, ["one", "two", "three"]
    class Book:
        pages = {}
        def add(self, name): NAMES.append(name)
    book = Book()
    def note(name):
        if name in ALLOWED:
            NAMES.append(name)
    def enter(name):
        key = ALLOWED.index(name)
        TABLE[key] = name
    def default(name): TABLE.setdefault(name, []).append(name)
    def by_way(name): enter(name)
    def look(name): return name in NAMES and TABLE.get(name)
"""


def named(live: LiveModule, source: str) -> list[tuple[str, str]]:
    report = live.edit(source)
    return [(each.code, each.path.partition(".")[2]) for each in report.notices]


@pytest.mark.parametrize(
    ("call", "what"),
    [("note", "NAMES"), ("enter", "TABLE"), ("default", "TABLE"), ("by_way", "TABLE")],
)
def test_what_a_call_has_entered_is_named_when_it_goes_or_says_something_else(
    live: LiveModule, call: str, what: str
) -> None:
    said = f"    {call}('one')\n    {call}('two')\n"
    module = live.start(MADE + said)

    assert named(live, MADE + said.replace("two", "three")) == [("LP314", what)]
    assert "two" in str(getattr(module, what))
    assert "three" in str(getattr(module, what))
    assert named(live, MADE + f"    {call}('one')\n") == [("LP314", what)]


def test_a_container_that_a_call_only_looks_at_is_not_named(live: LiveModule) -> None:
    live.start(MADE + "    note('one')\n    look('one')\n")

    assert named(live, MADE + "    note('one')\n") == []


def test_a_container_that_is_made_anew_is_not_named(live: LiveModule) -> None:
    module = live.start(MADE + "    note('one')\n    note('two')\n")
    new = MADE.replace("NAMES, TABLE, ALLOWED = []", "NAMES, TABLE, ALLOWED = [0]")

    assert named(live, new + "    note('one')\n") == []
    assert module.NAMES == [0, "one"]


@pytest.mark.parametrize(
    "definition",
    [
        "    def f(x: T): pass\n",
        "    def f(*, x: T = None): pass\n",
        "    def f(*x: T): pass\n",
        "    class f:\n        def __call__(self, x: T): pass\n",
    ],
    ids=["argument", "keyword", "rest", "method"],
)
def test_what_functions_have_been_annotated_with_is_named(
    live: LiveModule, definition: str
) -> None:
    source = "    T = int\n" + definition
    module = live.start(source)
    function = vars(module.f).get("__call__", module.f)
    if sys.version_info < (3, 14):  # before that, annotations are evaluated as functions are made
        assert function.__annotations__ == {"x": int}

    assert named(live, source.replace("int", "str")) in (
        [[("LP313", "f")]] if sys.version_info < (3, 14) else [[("LP313", "f")], []]
    )
    assert function.__annotations__ == {"x": int if sys.version_info < (3, 14) else str}


def test_an_annotation_with_a_class_that_is_made_again_is_that_class(live: LiveModule) -> None:
    source = "    class T:\n        limit = 1\n    def f(x: T): pass\n"
    module = live.start(source)
    f = module.f

    assert named(live, source.replace("1", "2")) == []
    assert f.__annotations__ == {"x": module.T}


MADE_OF_WHAT_WAS_FILLED = {
    "namespace": ("types.SimpleNamespace(**OPTIONS.names)", True),
    "own": ("Own(OPTIONS.names)", True),
    "list inside": ("[list(OPTIONS.names)]", True),
    "holds it": ("Holder(OPTIONS)", False),
    "holds a part of it": ("Holder(OPTIONS.names)", False),
    "holds it deep inside": ("[{1: Holder(OPTIONS)}]", False),
    "has nothing to do with it": ("Holder(1)", False),
}


@pytest.mark.parametrize("case", MADE_OF_WHAT_WAS_FILLED)
def test_object_computed_from_what_a_changed_line_fills_is_named(
    live: LiveModule, case: str
) -> None:
    """nox: the options had a new one, and the namespace made of them had not."""
    text, named = MADE_OF_WHAT_WAS_FILLED[case]
    source = f"""
        import types
        class Own:
            def __init__(self, names): self.names = list(names)
        class Holder:
            def __init__(self, held): self.held = held
        class Options:
            def __init__(self): self.names = {{}}
            def add(self, *names): self.names.update(dict.fromkeys(names))
        OPTIONS = Options()
        OPTIONS.add("a")
        MADE = {text}
    """
    module = live.start(source)
    made = module.MADE
    report = live.edit(source.replace('"a"', '"a", "b"'), rerun="changed")

    assert module.MADE is made
    assert "b" in module.OPTIONS.names
    paths = {each.path for each in report.notices if each.code == "LP313"}
    assert (f"{live.name}.MADE" in paths) is named


@pytest.mark.parametrize(
    "text",
    [
        "[n for n in list(globals()) if n[:3] == 'do_']",
        "[n for n in dir() if n[:3] == 'do_']",
        "inspect.getmembers(sys.modules[__name__], inspect.isfunction)",
        "[n for n in list(sys.modules[__name__].__dict__) if n[:3] == 'do_']",
    ],
)
def test_table_of_what_the_module_binds_is_named(live: LiveModule, text: str) -> None:
    source = f"import inspect, sys\ndef do_ls(): return 1\nTABLE = {text}\n"
    live.start(source)
    report = live.edit(source.replace("TABLE", "def do_cd(): return 2\nTABLE"), rerun="changed")

    assert f"{live.name}.TABLE" in {each.path for each in report.notices if each.code == "LP313"}


@pytest.mark.parametrize(
    ("edit", "is_named"),
    [(("start(1)\n", ""), True), (("start(1)", "start(2)"), False), (("STEP", "STEPS"), False)],
)
def test_what_a_call_bound_by_global_is_named_when_the_call_goes(
    live: LiveModule, edit: tuple[str, str], *, is_named: bool
) -> None:
    source = """
    def bind(value):
        global level
        level = value
    def start(value): bind(value)
    STEP = 1
    start(1)
    """
    module = live.start(source)
    report = live.edit(source.replace(*edit))
    named = [(each.code, each.path) for each in report.notices]

    assert named == [("LP314", f"{live.name}.level")] * is_named
    value = 2 if "2" in edit[1] else 1
    assert module.level == value
