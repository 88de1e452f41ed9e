"""Who is asked first: definitions stand on lists in the order of their statements."""

from __future__ import annotations

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(20)

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


PAIRS = {
    "one goes, the next one changes": ("zxy", view("xx", name="x") + view("y"), "xx y"),
    "two go, two change": (
        "zxwyv",
        view("xx", name="x") + view("yy", name="y") + view("v"),
        "xx yy v",
    ),
    "one is entered twice": ("xy", "@route('w')\n" + view("x") + view("y"), "x w y"),
    "the last one is entered twice": ("xy", view("x") + "@route('w')\n" + view("y"), "x y w"),
}


@pytest.mark.parametrize("rerun", ["changed", "all"])
@pytest.mark.parametrize("register", REGISTERS)
@pytest.mark.parametrize("edit", PAIRS)
def test_what_changes_has_its_place_though_others_go(
    live: LiveModule, register: str, edit: str
) -> None:
    names, after, wanted = PAIRS[edit]
    module = live.start(REGISTERS[register] + "".join(map(view, names)))
    live.write(REGISTERS[register] + after)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert module.stand() == wanted.split()
    report.undo()
    assert module.stand() == paths(names)
    livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert module.stand() == wanted.split()


BARE = "import collections\nR = {}\ndef reg(f): R.append(f); return f\n"
BARE_EDITS = {
    "one goes, the next one changes": ("@reg\ndef y(b=2): pass\n@reg\ndef z(a=1): pass\n", "yz"),
    "one is entered twice": (
        "@reg\n@reg\ndef x(a=1): pass\n@reg\ndef y(a=1): pass\n@reg\ndef z(a=1): pass\n",
        "xxyz",
    ),
}


@pytest.mark.parametrize("rerun", ["changed", "all"])
@pytest.mark.parametrize("empty", ["[]", "collections.deque()"])
@pytest.mark.parametrize("edit", BARE_EDITS)
def test_definitions_on_a_list_have_their_places_though_others_go(
    live: LiveModule, empty: str, edit: str
) -> None:
    source, (after, wanted) = BARE.format(empty), BARE_EDITS[edit]
    before = "".join(f"@reg\ndef {name}(a=1): pass\n" for name in "xyz")
    module = live.start(source + before)
    live.write(source + after)
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert [each.__name__ for each in module.R] == list(wanted)
    report.undo()
    assert [each.__name__ for each in module.R] == list("xyz")


@pytest.mark.parametrize("rerun", ["changed", "all"])
def test_classes_have_their_places_though_others_go(live: LiveModule) -> None:
    source = "class P:\n    all = []\n    def __init_subclass__(c, **k): P.all.append(c)\n"
    module = live.start(source + "class Z(P): pass\nclass X(P): pass\nclass Y(P): pass\n")
    live.write(source + "class X(P, a=1): pass\nclass Y(P): pass\n")
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert [each.__name__ for each in module.P.all] == ["X", "Y"]
    report.undo()
    assert [each.__name__ for each in module.P.all] == ["Z", "X", "Y"]


METHODS = """
LIST, DICT = [], {}
def also(method):
    LIST.append(method)
    DICT[method.__name__] = method
    return method
"""
METHOD_EDITS = {
    "moved": ("ab cd", "ba cd"),
    "added above": ("ab cd", "nab cd"),
    "added between, in the second class": ("ab cd", "ab cnd"),
    "added to both": ("ab cd", "nab omcd"),
    "one goes, one comes above": ("ab cd", "nb cd"),
    "the classes change places": ("ab cd", "cd ab"),
}


def classes_of(names: str, *, made: str = "AB") -> str:
    found = ""
    for cls, methods in zip(made, names.split()):
        found += f"class {cls}:\n"
        found += "".join(f"    @also\n    def {each}(self): pass\n" for each in methods)
    return found


@pytest.mark.parametrize("rerun", ["changed", "all"])
@pytest.mark.parametrize("edit", METHOD_EDITS)
def test_methods_stand_in_the_order_of_their_statements(live: LiveModule, edit: str) -> None:
    names, after = METHOD_EDITS[edit]
    module = live.start(METHODS + classes_of(names))
    made = "BA" if after.startswith("c") else "AB"
    report = live.edit(METHODS + classes_of(after, made=made))
    wanted = [each for each in after if each != " "]

    assert [each.__name__ for each in module.LIST] == wanted
    assert list(module.DICT) == list(dict.fromkeys(wanted))
    report.undo()
    assert [each.__name__ for each in module.LIST] == list("abcd")


BY_TOPIC = """
    class Bus:
        def __init__(self): self.topics = {}
        def on(self, topic):
            def enter(function):
                self.topics.setdefault(topic, []).append(function)
                return function
            return enter
    bus = Bus()
    @bus.on("a")
    def one(): pass
    @bus.on("a")
    def two(): pass
    @bus.on("b")
    def three(): pass
"""
OF_TWO = '@bus.on("a")\n    def two'


@pytest.mark.one_mode
def test_what_is_entered_in_another_list_by_now_stands_in_its_place_there(live: LiveModule) -> None:
    def names() -> dict[str, list[str]]:
        topics = module.bus.topics.items()
        return {topic: [each.__name__ for each in entered] for topic, entered in topics}

    module = live.start(BY_TOPIC)
    before = names()
    edited = BY_TOPIC.replace(OF_TWO, OF_TWO.replace('"a"', '"b"'))
    report = live.edit(edited, rerun="changed")

    assert names() == {"a": ["one"], "b": ["two", "three"]}, report

    report.undo()

    assert names() == before
    live.edit(BY_TOPIC.replace(OF_TWO, f'@bus.on("b")\n    {OF_TWO}'), rerun="changed")
    assert names() == {"a": ["one", "two"], "b": ["two", "three"]}
