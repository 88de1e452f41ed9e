"""`report.undo()` returns to the previous code and keeps the state gathered since."""

from __future__ import annotations

import gc
import sys
from textwrap import dedent

import pytest

import livepatch
from tests.live import LiveModule, Strategy, run_in_child

pytestmark = pytest.mark.sampled(10)

GAME = """
    class Base: pass
    class Player:
        limit = 1
        def __init__(self): self.hits = 0
        def hit(self):
            self.hits += 1
            return 1
    def hit(power=1): return 1
    LIMIT = 1
"""
EDITS = {
    "body": GAME.replace("return 1", "return 2"),
    "base": GAME.replace("return 1", "return 2").replace("class Player", "class Player(Base)"),
    "default": GAME.replace("return 1", "return 2").replace("power=1", "power=2"),
    "decorator": GAME.replace("return 1", "return 2").replace(
        "def hit(power", "def loud(f): return lambda: f()\n    @loud\n    def hit(power"
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_undo_returns_to_the_previous_code(live: LiveModule, edit: str) -> None:
    module = live.start(GAME)
    held = [module.hit, module.Player, module.Player()]
    report = live.edit(EDITS[edit])
    seen = [held[0](), held[2].hit()]
    report.undo()

    assert seen == [2, 2]
    assert held[0] is module.hit
    assert held[1] is module.Player is type(held[2])
    assert [held[0](), held[2].hit()] == [1, 1]
    assert module.Player.__bases__ == (object,)


@pytest.mark.parametrize("edit", EDITS)
def test_undo_keeps_the_state_gathered_since(live: LiveModule, edit: str) -> None:
    module = live.start(GAME)
    player = module.Player()
    report = live.edit(EDITS[edit])
    player.hit()
    player.hit()
    late = module.Player()
    late.name = "late"
    report.undo()

    assert player.hits == 2
    assert type(late) is module.Player
    assert late.name == "late"
    assert late.hit() == 1


def test_undo_keeps_what_was_set_on_classes_and_functions_made_anew(live: LiveModule) -> None:
    source = "class C:\n    __slots__ = ('a',)\n    seen = 0\ndef f(): return 1\n"
    module = live.start(source)
    report = live.edit(source.replace("('a',)", "('a', 'b')").replace("return 1", "return 2"))
    module.C.seen = 7
    module.C.added = "later"
    module.f.calls = 3
    report.undo()

    assert (module.C.seen, module.C.added, module.f.calls) == (7, "later", 3)
    assert module.C.__slots__ == ("a",)
    assert module.f() == 1


def test_undo_brings_removed_names_back_and_takes_added_ones(live: LiveModule) -> None:
    module = live.start("def a(): return 1\nA = 1\n")
    report = live.edit("def b(): return 1\nB = 1\n")
    report.undo()

    assert module.a() == 1
    assert module.A == 1
    assert not {"b", "B"} & set(vars(module))


def test_undo_brings_removed_methods_back(live: LiveModule) -> None:
    module = live.start(GAME)
    player = module.Player()
    report = live.change("def hit(self)", "def heal(self)")
    report.undo()

    assert player.hit() == 1
    assert not hasattr(player, "heal")


def test_reload_after_an_undo_works(live: LiveModule) -> None:
    module = live.start(GAME)
    held = [module.hit, module.Player, module.Player()]
    live.edit(EDITS["base"]).undo()
    live.edit(GAME.replace("return 1", "return 3"))

    assert held[0] is module.hit
    assert held[1] is module.Player is type(held[2])
    assert (held[0](), held[2].hit()) == (3, 3)


def test_undo_of_a_closure(live: LiveModule) -> None:
    module = live.start("""
        def make(start):
            count = start
            def tick():
                nonlocal count
                count += 1
                return count
            return tick
    """)
    tick = module.make(0)
    report = live.change("count += 1", "count += 9")
    tick()
    report.undo()

    assert tick() == 10


def test_undo_of_an_enum_that_gained_a_member(live: LiveModule) -> None:
    module = live.start("import enum\nclass Color(enum.Enum):\n    RED = 1\n")
    held = [module.Color, module.Color.RED]
    report = live.change("RED = 1", "RED = 1\n    BLUE = 2")
    report.undo()

    assert held[0] is module.Color
    assert held[1] is module.Color.RED is module.Color(1)
    assert len(module.Color) == 1


def test_undo_of_many_reloads_one_after_another(live: LiveModule) -> None:
    module = live.start("def hit(): return 0\n")
    held = [module.hit]
    reports = [live.edit(f"def hit(): return {number}\n") for number in (1, 2, 3)]
    seen = [held[0]()]
    for report in reversed(reports):
        report.undo()
        seen.append(held[0]())

    assert seen == [3, 2, 1, 0]
    assert held[0] is module.hit


def test_undo_of_a_foreign_registry(live: LiveModule) -> None:
    other = live.other("hooks = []\ndef hook(f):\n    hooks.append(f)\n    return f\n")
    source = "from OTHER import hook\n@hook\ndef a(): return 1\n"
    module = live.start(source)
    report = live.edit(source.replace("return 1", "return 2"))
    report.undo()

    assert other.hooks == [module.a]
    assert module.a() == 1


WRAPPERS = """
    import functools, wrapt
    def closure(f):
        @functools.wraps(f)
        def wrapper(*a): return f(*a)
        return wrapper
    def bare(f): return lambda *a: f(*a)
    @wrapt.decorator
    def proxy(f, instance, a, k): return f(*a, **k)
    class Instance:
        def __init__(self, f): self.f = f
        def __call__(self, *a): return self.f(*a)
    def partial(f): return functools.partial(f)
    cache = functools.lru_cache(None)
    dispatch = functools.singledispatch
    dispatch_method = functools.singledispatchmethod
    table = lambda f: functools.partial(dict.get({"f": f}, "f"))
"""
FUNCTION = "@{}\ndef hit(x): return 1\n"
METHOD = "class Hero:\n    @{}\n    def hit(*a): return 1\n"


def _undo_each(strategy: Strategy, definition: str, decorators: str, call: str, held: str) -> str:
    """Edit decorators away and take that back; return a line for each that did not come back.

    In a child: a descriptor that wraps itself hangs or crashes the interpreter when it is called.
    """
    indent = definition[: definition.index("@")].rsplit("\n", maxsplit=1)[-1]
    sources = [
        (dedent(WRAPPERS) + definition.format(each.replace(",", f"\n{indent}@")), each)
        for each in decorators.split()
    ]
    plain = dedent(WRAPPERS) + definition.replace(f"{indent}@{{}}\n", "").replace("1", "2")
    return run_in_child(
        f"""
        for source, decorators in {sources!r}:
            live = LiveModule(live.root, {strategy!r}, "all")
            module = live.start(source)
            held, seen = {held}, [{call}]
            report = live.edit({plain!r})
            seen.append({call})
            undone = report.undo()
            seen.append({call})
            if seen != [1, 2, 1] or held is not {held} or not undone.ok:
                print(decorators, seen, held, undone)
        """,
        strategy,
    )


def test_undo_gives_functions_their_decorators_back(strategy: Strategy) -> None:
    decorators = (
        "closure bare proxy Instance partial cache dispatch table staticmethod closure,cache "
        "cache,closure partial,partial bare,proxy"
    )

    assert not _undo_each(strategy, FUNCTION, decorators, "module.hit(0)", "module.hit")


def test_undo_gives_methods_their_callable_decorators_back(strategy: Strategy) -> None:
    decorators = (
        "classmethod staticmethod closure proxy cache partial Instance dispatch_method "
        "functools.partialmethod classmethod,closure staticmethod,cache"
    )
    held = "vars(module.Hero)['hit']"

    assert not _undo_each(strategy, METHOD, decorators, "module.Hero().hit(0)", held)


def test_undo_gives_methods_that_were_properties_back(strategy: Strategy) -> None:
    decorators = "property functools.cached_property property,closure"
    call = "(lambda hit: hit() if callable(hit) else hit)(module.Hero().hit)"

    assert not _undo_each(strategy, METHOD, decorators, call, "vars(module.Hero)['hit']")


def test_classes_of_a_metaclass_are_let_go_again_and_again(live: LiveModule) -> None:
    module = live.start("""
        class Meta(type):
            def __init__(cls, *a, **keywords): cls.keywords = keywords
            def __new__(mcs, *a, **keywords): return super().__new__(mcs, *a)
        class Shape(metaclass=Meta, sides=1): pass
        class Square(Shape, sides=4): pass
    """)
    held = [module.Shape, module.Square]
    first = live.change("sides=1", "sides=2")
    undone = first.undo()
    reports = [first, undone, live.reload()]
    reports += (live.change(f"sides={old}", f"sides={old + 1}") for old in (2, 3))

    assert [report.notices for report in reports] == [()] * 5
    assert held == [module.Shape, module.Square]
    assert module.Shape.__subclasses__() == [module.Square]


def test_undo_gives_wrapped_definitions_their_code_back(live: LiveModule) -> None:
    module = live.start("""
        import enum, functools, wrapt
        @wrapt.decorator
        def loud(f, instance, a, k): return f(*a, **k)
        class Hero:
            @classmethod
            def of_class(cls): return 1
            @staticmethod
            def static(): return 1
            @property
            def prop(self): return 1
            @functools.cached_property
            def cached(self): return 1
            @loud
            def proxy(self): return 1
            def method(self): return 1
        class Side(enum.Enum):
            LEFT = "left"
            @classmethod
            def _missing_(cls, value):
                return cls.LEFT if 1 == 1 else None
    """)
    hero = module.Hero()

    def look() -> list[object]:
        values = [hero.of_class(), hero.static(), hero.prop, module.Hero().cached, hero.proxy()]
        return [*values, hero.method(), module.Side._missing_("?")]

    before = look()
    report = live.edit(live.source.replace("return 1", "return 2").replace("1 == 1", "1 == 2"))
    seen = look()
    report.undo()

    assert seen == [2] * 6 + [None]
    assert look() == before == [1] * 6 + [module.Side.LEFT]


BASE_EDITS = {
    "generic gains one": ("G(Generic[T])", "G(Y, Generic[T])"),
    "generic gains one behind": ("G(Generic[T])", "G(Generic[T], Y)"),
    "generic loses one": ("G(Y, Generic[T])", "G(Generic[T])"),
    "plain becomes generic": ("G(Y)", "G(Y, Generic[T])"),
    "plain becomes a protocol": ("G(Y)", "G(Protocol)"),
    "abstract gains one": ("G(abc.ABC)", "G(Y, abc.ABC)"),
}


@pytest.mark.parametrize("edit", BASE_EDITS)
def test_undo_of_other_bases_over_a_hierarchy(live: LiveModule, edit: str) -> None:
    before, after = BASE_EDITS[edit]
    module = live.start(f"""
        import abc
        from typing import Generic, Protocol, TypeVar
        T = TypeVar("T")
        class Y: pass
        class {before}: pass
        class H(G): pass
    """)
    below = type("Below", (module.H,), {})
    held = [module.G, module.H, module.G(), module.H(), below()]
    bases = module.G.__bases__
    report = live.change(before, after)
    changed = module.G.__bases__ != bases
    undone = report.undo()

    assert changed
    assert report.ok
    assert undone.ok
    assert held[:2] == [module.G, module.H] == [type(held[2]), type(held[3])]
    assert module.G.__bases__ == bases
    assert module.G.__subclasses__() == [module.H]
    assert below.__mro__[1:3] == (module.H, module.G)


def test_undo_says_that_a_function_was_held_beside_its_wrapper(live: LiveModule) -> None:
    decorated = """
        import functools
        def loud(f):
            @functools.wraps(f)
            def wrapper(): return ["loud", f()]
            return wrapper
        @loud
        def hit(): return 1
    """
    module = live.start(decorated)
    held = [module.hit.__wrapped__, module.hit]
    undone = live.change("@loud\n", "").undo()

    assert held[1] is module.hit
    assert module.hit() == ["loud", 1]
    assert [(notice.code, notice.path) for notice in undone.notices] == [
        ("LP207", f"{live.name}.hit")
    ]


def test_undo_leaves_a_function_to_those_who_held_it_before_an_alias(live: LiveModule) -> None:
    module = live.start("def f(): return 1\ndef g(): return 3\n")
    held = [module.f]
    report = live.change("def g(): return 3", "g = f")
    merged = module.g is module.f is held[0]
    undone = report.undo()

    assert merged
    assert held[0] is module.f
    assert (held[0](), module.g()) == (1, 3)
    assert undone.ok


def test_undo_says_that_two_functions_had_become_one(live: LiveModule) -> None:
    module = live.start("def f(): return 1\ndef g(): return 3\n")
    held = [module.f, module.g]
    undone = live.change("def g(): return 3", "g = f").undo()

    assert held[0] is module.f
    assert (held[0](), module.g()) == (1, 3)
    assert [(notice.code, notice.path) for notice in undone.notices] == [
        ("LP207", f"{live.name}.g")
    ]


def test_lent_base_is_counted_rightly_on_the_way_back(live: LiveModule) -> None:
    source = """
        class Empty:
            __slots__ = ()
        class Q: pass
    """
    module = live.start(source)
    instance = module.Q()
    for _ in range(3):
        before = sys.getrefcount(module.Empty)
        report = live.edit(source.replace("class Q", "class Q(Empty)"))
        back = report.undo()
        assert back.ok, back
        del report, back
        gc.collect()
        after = sys.getrefcount(module.Empty)
        assert after == before

    assert type(instance) is module.Q
    classes = [each for each in gc.get_objects() if issubclass(type(each), type)]
    assert sorted(each.__name__ for each in classes if each.__module__ == live.name) == [
        "Empty",
        "Q",
    ]


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_a_kept_instance_that_was_made_anew_is_the_one_that_all_have(live: LiveModule) -> None:
    module = live.start("""
        __livepatch_keep__ = ("PLAYER",)
        class Player:
            def __init__(self): self.level = 1
        PLAYER = Player()
    """)
    held = [module.PLAYER, {module.PLAYER: 1}]
    report = live.change("class Player:", "class Player:\n    __slots__ = ('level',)\n   ")
    held[0].level = 2

    assert held == [module.PLAYER, {module.PLAYER: 1}]
    assert type(held[0]) is module.Player
    assert {notice.code for notice in report.notices} <= {"LP313"}

    report.undo()

    assert held == [module.PLAYER, {module.PLAYER: 1}]
    assert type(held[0]) is module.Player
    assert held[0].__dict__ == {"level": 2}

    live.reload()

    assert held == [module.PLAYER, {module.PLAYER: 1}]
    assert type(held[0]) is module.Player
    assert held[0].level == 2


@pytest.mark.parametrize("rerun", ["changed"])
@pytest.mark.parametrize("kind", ["class", "function"])
def test_rename_that_is_undone_done_again_and_edited_back(live: LiveModule, kind: str) -> None:
    sources = {
        "class": "class Old:\n    def f(self): return 'x'\n",
        "function": "KEPT = []\ndef enter(f):\n    KEPT.append(f)\n    return f\n"
        "@enter\ndef Old(): return 'x'\n",
    }
    before = sources[kind]
    after = before.replace("Old", "New")
    module = live.start(before)
    old, made = module.Old, module.Old()

    def reload(source: str) -> livepatch.Report:
        live.write(source)
        return livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    held = [old]
    reload(after).undo()
    reload(after)
    assert held[0] is module.New
    report = reload(before)

    assert held[0] is module.Old
    assert type(made) in {module.Old, str}
    assert "was" in str(report)
    assert "LP309" not in {each.code for each in report.notices}
    assert "LP306" not in {each.code for each in report.notices}
    if kind == "function":
        assert [module.Old] == module.KEPT


def test_what_an_importer_has_is_again_what_the_module_has(live: LiveModule) -> None:
    source = """
    from typing import NamedTuple
    class Place(NamedTuple):
        x: int
        y: int = 0
    ORIGIN = Place(0)
    """
    module = live.start(source)
    other = live.other(f"from {module.__name__} import ORIGIN, Place\nPLACES = [ORIGIN]\n")
    report = live.edit(source.replace("y: int = 0", "y: int = 0\n        z: int = 0"), rerun="all")
    assert other.ORIGIN is module.ORIGIN
    report.undo()
    assert other.ORIGIN is module.ORIGIN is other.PLACES[0] == (0, 0)


UNCHANGED_SINCE = {
    "slots": ("Slotted({0})", ""),
    "slots_inside": ("[Slotted(Slotted({0}))]", ""),
    "slot_that_is_not_set": ("(Empty(), {0})", ""),
    "namespace": ("types.SimpleNamespace(a={0})", ""),
    "address": ("ipaddress.ip_address({0})", ""),
    "struct": ("struct.Struct('i' * {0})", ""),
    "lock_inside": ("[threading.Lock(), {0}]", ""),
}
CHANGED_SINCE = {
    "slots": ("Slotted({0})", "module.X.a = 7"),
    "slots_inside": ("[Slotted(Slotted({0}))]", "module.X[0].a.a = 7"),
    "slot_that_was_not_set": ("(Empty(), {0})", "module.X[0].a = 7"),
    "random": ("random.Random({0})", ""),  # what it has is in C memory, and it may have been asked
    "array": ("array.array('i', [{0}])", ""),
    "namespace": ("types.SimpleNamespace(a={0})", "module.X.a = 7"),
}
HOLDING = """
    import array, ipaddress, random, struct, threading, types
    class Slotted:
        __slots__ = ("a",)
        def __init__(self, a): self.a = a
    class Empty:
        __slots__ = ("a",)
    X = {}
"""


@pytest.mark.parametrize("case", UNCHANGED_SINCE)
def test_undo_gives_back_what_nothing_has_changed_in(live: LiveModule, case: str) -> None:
    """What has slots was taken for state, like what C code keeps."""
    text, _ = UNCHANGED_SINCE[case]
    source = HOLDING.replace("X = {}", f"X = {text}")
    module = live.start(source.format(1))
    before = module.X
    report = live.edit(source.format(2))
    assert module.X is not before

    assert report.undo().ok
    assert module.X is before


@pytest.mark.parametrize("case", CHANGED_SINCE)
def test_undo_keeps_and_names_what_may_have_gathered_state(live: LiveModule, case: str) -> None:
    """The state of `random.Random` and the like was thrown away, and nothing said so."""
    text, since = CHANGED_SINCE[case]
    source = HOLDING.replace("X = {}", f"X = {text}")
    module = live.start(source.format(1))
    report = live.edit(source.format(2))
    later = module.X
    exec(since, {"module": module})

    back = report.undo()
    assert module.X is later
    assert ("LP303", f"{live.name}.X") in {(each.code, each.path) for each in back.notices}
