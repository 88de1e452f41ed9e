"""What a judge of the promises about holders, enumerations and threads found."""

from __future__ import annotations

import functools
import itertools
import operator
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

from tests.live import LiveModule, Rerun, Strategy, run_in_child

pytestmark = pytest.mark.sampled(13)


@pytest.mark.sampled(10)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("other", [None, int])
@pytest.mark.parametrize(
    "after",
    ["def C(): return 1\n", "import functools\nC = functools.partial(int)\n"],
    ids=["function", "partial"],
)
def test_union_with_a_class_that_is_none_any_more_is_named(
    live: LiveModule, after: str, other: type | None
) -> None:
    module = live.start("class C: pass\n")
    held = [module.C | other, other | module.C if other else None, [module.C]]
    before = held[:2]
    live.write(after)
    tried = live.reload(dry_run=True)
    report = live.reload()

    assert {(each.code, each.path) for each in tried.notices} == {("LP201", f"{live.name}.C")}
    assert set(tried.notices) <= set(report.notices)
    assert not report.ok
    assert held[:2] == before
    assert held[2] == [module.C]
    assert isinstance(module.C, functools.partial) or module.C() == 1

    report.undo()

    assert held[0] == module.C | other


class _Owner:
    """What a weak reference is to."""


class _Itself:
    """Gives back what it is asked for."""

    @staticmethod
    def get(value: Any) -> Any:
        return value


_ITSELF = _Itself()
# Each keeps a function where nothing can be exchanged, and has a way to that very function.
_OUT_OF_SIGHT: dict[str, Callable[[Any], tuple[Any, Callable[[Any], Any]]]] = {
    "product": lambda f: (itertools.product([f]), lambda held: next(held)[0]),
    "callback": lambda f: (
        (owner := _Owner(), weakref.ref(owner, f)),
        lambda held: held[1].__callback__,
    ),
    "methodcaller": lambda f: (operator.methodcaller("get", f), lambda held: held(_ITSELF)),
}
_PLAIN = "def d(g):\n def w(*a): return ('wrapped', g(*a))\n return w\n"
_WRAPT = "import wrapt\n@wrapt.decorator\ndef d(g, i, a, k): return ('wrapped', g(*a, **k))\n"
_CALLED = (
    "class d:\n def __init__(self, g): self.g = g\n def __call__(self, *a): return self.g(*a)\n"
)


@pytest.mark.sampled(10)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("out_of_sight", _OUT_OF_SIGHT)
@pytest.mark.parametrize("decorator", [_PLAIN, _WRAPT, _CALLED], ids=["plain", "wrapt", "class"])
def test_wrapper_held_out_of_sight_whose_decorator_went_is_named(
    live: LiveModule, decorator: str, out_of_sight: str
) -> None:
    module = live.start(decorator + "@d\ndef f(*a): return 1\n")
    held, look = _OUT_OF_SIGHT[out_of_sight](module.f)
    report = live.edit(decorator + "def f(*a): return 2\n")

    assert {each.path for each in report.notices if each.code in {"LP201", "LP206"}} == {
        f"{live.name}.f"
    }
    assert not report.ok
    found = look(held)
    assert found is not module.f
    if decorator is _PLAIN:  # a function is forwarded
        assert found() == 2

        report.undo()

        assert found() == ("wrapped", 1)


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_proxy_of_wrapt_held_out_of_sight_is_named(live: LiveModule) -> None:
    module = live.start(_WRAPT + "@d\ndef f(*a): return 1\n")
    held = itertools.product([module.f])
    report = live.edit(_WRAPT + "@d\ndef f(*a): return 2\n")
    found = next(held)[0]

    assert found() == module.f() == ("wrapped", 2)
    assert report.ok is (found is module.f)


@pytest.mark.sampled(10)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("base", ["Enum", "IntEnum", "Flag", "IntFlag"])
def test_members_are_the_same_objects_under_both_strategies(live: LiveModule, base: str) -> None:
    source = f"import enum\nclass E(enum.{base}):\n    A = 1\n    def get(self): return 1\n"
    module = live.start(source)
    member, keys = module.E.A, {module.E.A: 1}
    out_of_sight = itertools.product([module.E.A])
    report = live.edit(source.replace("return 1", "return 2") + "    B = 2\n")

    assert report.ok
    assert module.E.A is module.E(1) is next(out_of_sight)[0] is member
    assert keys[module.E.A] == 1
    assert [each.get() for each in (member, module.E.B)] == [2, 2]

    report.undo()

    assert module.E.A is module.E(1) is member
    assert list(module.E) == [member]
    assert member.get() == 1


@pytest.mark.sampled(5)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("base", ["Flag", "IntFlag"])
def test_combination_of_a_flag_that_gains_a_name_is_found_as_a_key(
    live: LiveModule, base: str
) -> None:
    module = live.start(f"import enum\nclass E(enum.{base}):\n    A = 1\n    B = 2\n")
    both = module.E.A | module.E.B
    keys, members = {both: 1}, {both}
    weak: Any = weakref.WeakKeyDictionary({both: 1}) if base == "Flag" else keys
    report = live.edit(live.source + "    AB = 3\n")

    assert report.ok
    assert both is module.E.AB
    assert (keys[module.E.AB], module.E.AB in members, weak[module.E.AB]) == (1, True, 1)

    report.undo()

    assert (keys[both], both in members, weak[both]) == (1, True, 1)
    assert both is module.E.A | module.E.B


def test_frozenset_with_a_combination_that_gains_a_name_is_named(live: LiveModule) -> None:
    module = live.start("import enum\nclass E(enum.Flag):\n    A = 1\n    B = 2\n")
    members = frozenset([module.E.A | module.E.B])
    report = live.edit(live.source + "    AB = 3\n")

    assert [each.code for each in report.notices] == ["LP210"]
    assert list(members) == [module.E.AB]


@pytest.mark.sampled(10)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("base", ["Enum", "IntEnum", "Flag", "IntFlag"])
@pytest.mark.parametrize("is_held", [True, False])
def test_member_that_is_gone_is_named_while_somebody_holds_it(
    live: LiveModule, base: str, *, is_held: bool
) -> None:
    source = f"import enum\nclass E(enum.{base}):\n    A = 1\n    B = 2\n    C = 4\n    BB = 2\n"
    module = live.start(source)
    if "Flag" in base:
        assert ~module.E.A & module.E.B  # flags remember their inverses
    held = [module.E.B] if is_held else []
    live.write(source.replace("    B = 2\n", "").replace("    BB = 2\n", ""))
    tried, report = live.reload(dry_run=True), live.reload()

    named = [("LP309", f"{live.name}.E.B")] if is_held else []
    assert [(each.code, each.path) for each in tried.notices] == named
    assert [(each.code, each.path) for each in report.notices] == named
    assert list(module.E) == [module.E.A, module.E.C]

    report.undo()

    assert all(each is module.E.B for each in held)


_MAKING = """
    import threading
    there, go = threading.Event(), threading.Event()
    seen = []
    def wait():
        there.set()
        assert go.wait(60)
    class Base:
        __slots__ = ()
        def __new__(cls, where):
            if where == "before": wait()
            one = object.__new__(cls)
            if where == "new": wait()
            return one
        def fill(self):
            if self.where == "helper": wait()
            self.late = 1
    class C(Base):
        __slots__ = ("where", "late")
        def __init__(s, where):
            s.where = where
            seen.append(s)
            if where == "init": wait()
            s.fill()
    class Below(C):
        def __setstate__(self, state):
            self.where, = state
            if self.where == "set": wait()
            self.late = 1
        def __reduce__(self): return object.__new__, (Below,), (self.where,)
"""


@pytest.mark.sampled(10)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    ("where", "call"),
    [
        ("init", "C('init')"),
        ("helper", "C('helper')"),
        ("new", "C('new')"),
        ("before", "C('before')"),
        ("init", "Below('init')"),
        ("set", "pickle.loads(pickle.dumps(seen[0]))"),
    ],
)
def test_what_another_thread_is_making_is_made_to_the_end(
    strategy: Strategy, rerun: Rerun, where: str, call: str
) -> None:
    output = run_in_child(
        f"""
        import pickle, threading
        source = {_MAKING!r}
        module = live.start(source)
        C, Below, seen, there, go = (
            getattr(module, name) for name in ("C", "Below", "seen", "there", "go")
        )
        if {where!r} == "set":
            Below("other").where = "set"
        seen[:] = seen[-1:]
        made = []
        def make():
            made.append(eval({call!r}))
        thread = threading.Thread(target=make)
        thread.start()
        assert there.wait(60)
        done = C("done")
        seen.append(done)
        del C, Below
        report = live.edit(
            source.replace('"late")', '"late", "new")'),
            rerun={rerun!r},
            keep=("there", "go", "seen"),
        )
        go.set()
        thread.join()
        codes = {{each.code for each in report.notices}}
        print(made[0].late, made[0].where, report.ok, bool(codes & {{"LP202", "LP209"}}))
        print(type(done) is module.C, [each.late for each in seen] == [1] * len(seen))
        print(any(each is made[0] for each in seen) or {where!r} == "set")
        report.undo()
        print(made[0].late, type(made[0]) in (module.C, module.Below))
        """,
        strategy,
    )

    assert output.split("\n")[:-1] == [f"1 {where} False True", "True True", "True", "1 True"]


_KEYS = """
    class Other: pass
    class A: pass
    class B: pass
    class C: pass
    class Slotted:
        __slots__ = ("a",)
"""


@pytest.mark.sampled(10)
@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("go_through", [iter, OrderedDict.items, OrderedDict.values, reversed])
@pytest.mark.parametrize("keys", ["classes", "instances"])
def test_ordered_dict_is_gone_through_to_the_end(
    live: LiveModule, keys: str, go_through: Callable[[Any], Any]
) -> None:
    module = live.start(_KEYS)
    made = [module.A, module.B, module.C]
    if keys == "instances":
        made = [module.Slotted() for _ in made]
    table = OrderedDict(zip(made, "abc"))
    wanted = OrderedDict(zip("abc", "abc"))
    going = iter(go_through(table))
    next(going)
    same = iter(go_through(wanted))
    next(same)
    source = live.source.replace("class B:", "class B(Other):").replace('("a",)', '("a", "b")')
    report = live.edit(source)

    def by_letter(found: Any) -> Any:
        if type(found) is tuple:
            return tuple(map(by_letter, found))
        return found if type(found) is str else table[found]

    assert not [each for each in report.notices if each.code.startswith("LP2")]
    assert by_letter(next(going)) == next(same)

    report.undo()

    assert [by_letter(each) for each in going] == list(same)
    assert list(table.values()) == ["a", "b", "c"]


def test_ordered_dict_that_was_changed_while_it_was_gone_through_says_so(live: LiveModule) -> None:
    module = live.start(_KEYS)
    table = OrderedDict.fromkeys([module.A, module.B, module.C])
    going = iter(table)
    table[int] = table.pop(module.B)
    live.change("class C:", "class C(Other):")

    with pytest.raises(RuntimeError, match="mutated"):
        next(going)
