"""Shapes that change in several ways at once, and unusual holders of what is made anew."""

from __future__ import annotations

import asyncio
import atexit
import bisect
import collections
import contextvars
import copy
import ctypes
import functools
import gc
import itertools
import pickle
import queue
import signal
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import livepatch
from tests.conformance.slotted import GAINED, SLOTS, player_of
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(14)


def test_frozen_slotted_data_class_in_a_frozenset_inside_a_key(live: LiveModule) -> None:
    module = live.start(
        "import dataclasses\n"
        "@dataclasses.dataclass(frozen=True, slots=True)\n"
        "class P:\n"
        "    x: int\n"
    )
    p = module.P(1)
    table = {(frozenset([p]), "a"): 1, frozenset([(p, 2), p]): 2, "z": 3}
    report = live.change("x: int\n", "x: int\n    y: int = 5\n")
    assert report.ok, report
    assert list(table.values()) == [1, 2, 3]
    assert table[frozenset([module.P(1)]), "a"] == 1
    assert table[frozenset([(module.P(1), 2), module.P(1)])] == 2
    assert p == module.P(1, 5)
    report.undo()
    assert table[frozenset([module.P(1)]), "a"] == 1
    assert table[frozenset([(module.P(1), 2), module.P(1)])] == 2


def test_renamed_slot_and_another_base_at_once(live: LiveModule) -> None:
    module = live.start(
        "import livepatch\n"
        "class A:\n"
        "    __slots__ = ('a',)\n"
        "class B:\n"
        "    __slots__ = ('b', 'c')\n"
        "class P(A):\n"
        "    __slots__ = ('hp', 'n')\n"
    )
    p = module.P()
    p.a, p.hp, p.n = 1, 2, 3
    r = live.edit(
        "import livepatch\n"
        "class A:\n"
        "    __slots__ = ('a',)\n"
        "class B:\n"
        "    __slots__ = ('b', 'c')\n"
        "@livepatch.hotswap(renamed={'hp': 'health', 'a': 'b'})\n"
        "class P(B):\n"
        "    __slots__ = ('n', 'health')\n"
    )
    assert r.ok, r
    assert (p.b, p.health, p.n) == (1, 2, 3)
    p.health = 9
    r2 = r.undo()
    assert r2.ok
    assert (p.a, p.hp, p.n) == (1, 9, 3)


def test_generic_class_with_a_metaclass_and_a_mark(live: LiveModule) -> None:
    src = """
        import livepatch
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Meta(type):
            def __call__(cls, *a): return super().__call__(*a)
            def __eq__(cls, other): return cls is other
            __hash__ = type.__hash__
        @livepatch.hotswap(renamed={"a": "b"})
        class P(Generic[T], metaclass=Meta):
            __slots__ = ("a", "__weakref__", "__orig_class__")
        class Q(P[int]):
            __slots__ = ("q",)
    """
    module = live.start(src)
    p, q = module.P[str](), module.Q()
    p.a, q.a, q.q = 1, 2, 3
    r = live.change('("a", "__weakref__"', '("b", "__weakref__"')
    assert r.ok, r
    assert (p.b, q.b, q.q) == (1, 2, 3)
    assert type(p) is module.P
    assert type(q) is module.Q
    assert p.__orig_class__.__origin__ is module.P
    r.undo()
    assert (p.a, q.a, q.q) == (1, 2, 3)


def test_named_tuple_gains_a_field_in_a_sorted_list(live: LiveModule) -> None:
    module = live.start(
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int = 0\n"
    )
    items = [module.P(i) for i in (1, 3, 5)]
    table = {each: each.x for each in items}
    r = live.change(
        "x: int",
        "x: int\n    z: str = 'q'",
    )
    assert r.ok, r
    bisect.insort(items, module.P(4))
    assert [each.x for each in items] == [1, 3, 4, 5]
    assert table[module.P(3)] == 3
    assert items[0] == (1, "q", 0)
    r.undo()
    assert items[0] == (1, 0)
    assert [each.x for each in items] == [1, 3, 4, 5]


def test_subclass_of_int_gains_a_dict(live: LiveModule) -> None:
    module = live.start(
        "class N(int):\n    __slots__ = ()\n    def __hash__(self): return int.__hash__(self)\n"
    )
    n = module.N(2**70)
    held = [n, {n: 1}, (n,), frozenset([n]), {"k": n}]
    r = live.change("    __slots__ = ()\n", "")
    assert r.ok, r
    held[0].extra = 1
    assert held[0] == 2**70
    assert held[1][2**70] == 1
    assert held[2][0] is held[0]
    assert held[4]["k"] is held[0]
    assert next(iter(held[3])) is held[0]
    assert n is held[0]
    r.undo()
    assert type(held[0]) is module.N
    assert not hasattr(held[0], "__dict__")


def test_every_kind_of_weak_reference_follows_and_none_calls_back(live: LiveModule) -> None:
    module = live.start(SLOTS)
    p = player_of(module)
    called: list[Any] = []
    wk: Any = weakref.WeakKeyDictionary({p: 1})
    wv: Any = weakref.WeakValueDictionary({"a": p})
    ws: Any = weakref.WeakSet([p])
    fin = weakref.finalize(p, called.append, "fin")
    fin.atexit = False
    ref = weakref.ref(p, called.append)
    proxy = weakref.proxy(p)
    wm = weakref.WeakMethod(p.hit)
    r = live.change(*GAINED)
    assert r.ok, r
    assert wk[p] == 1
    assert wv["a"] is p
    assert p in ws
    assert fin.alive
    assert proxy.name == "ada"
    assert wm()() == "ada"
    holder = [ref]
    assert holder[0]() is p
    assert not called
    assert fin.peek()[0] is p
    r.undo()
    assert wk[p] == 1
    assert wv["a"] is p
    assert p in ws
    assert fin.alive
    assert proxy.name == "ada"
    assert not called
    del p, r
    livepatch.keep_history(0)
    livepatch.keep_history(10)
    gc.collect()
    assert called.count("fin") == 1
    assert not len(wk)
    assert not len(wv)
    assert not len(ws)


def test_instances_that_only_suspended_frames_hold(live: LiveModule) -> None:
    module = live.start(SLOTS)

    async def job(player: Any) -> Any:
        await asyncio.sleep(0)
        return player

    def gen(player: Any) -> Any:
        inner = player
        del player
        yield
        yield inner

    async def agen(player: Any) -> Any:
        yield 1
        yield player

    class Awaitable:
        def __await__(self) -> Any:
            yield

    async def coro(player: Any) -> Any:
        await Awaitable()
        return player

    g, c, a = gen(player_of(module)), coro(player_of(module)), agen(player_of(module))
    g2 = (x for x in [player_of(module)] * 2)
    next(g2)
    next(g)
    c.send(None)

    with pytest.raises(StopIteration):
        a.__anext__().send(None)

    def deleg(inner: Any) -> Any:
        yield from inner

    d = deleg(gen(player_of(module)))
    next(d)
    r = live.change(*GAINED)
    assert r.ok, r
    assert type(next(g)) is module.Player
    assert type(next(g2)) is module.Player
    assert type(next(d)) is module.Player
    with pytest.raises(StopIteration) as stop:
        c.send(None)
    assert type(stop.value.value) is module.Player
    with pytest.raises(StopIteration) as stop:
        a.__anext__().send(None)
    assert type(stop.value.value) is module.Player


def queued(player: Any) -> Any:
    made: queue.Queue[Any] = queue.Queue()
    made.put(player)
    return made


def queued_simply(player: Any) -> Any:
    made: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for each in (1, player, 2):
        made.put(each)
    return made


def in_context(player: Any) -> Any:
    variable: contextvars.ContextVar[Any] = contextvars.ContextVar("variable")
    context = contextvars.copy_context()
    context.run(variable.set, player)
    return variable, context


def token_with(player: Any) -> Any:
    variable: contextvars.ContextVar[Any] = contextvars.ContextVar("variable")
    variable.set(player)
    return variable.set(None)


def memo_of(player: Any) -> Any:
    memo: dict[int, Any] = {}
    copy.deepcopy([player], memo)
    return memo


def cached(player: Any) -> Any:
    function = functools.lru_cache(lambda _: player)
    function(1)
    return function


def thread_local(player: Any) -> Any:
    made = threading.local()
    made.player = player
    return made


def first_copy(memo: dict[int, Any]) -> Any:
    return next(each for each in memo.values() if type(each).__name__ == "Player")


CONTAINERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "deque": (lambda p: collections.deque([1, p], 5), lambda h: h[1]),
    "partial": (lambda p: functools.partial(print, p, k=p), lambda h: (*h.args, h.keywords["k"])),
    "partial of a method": (lambda p: functools.partial(p.hit), lambda h: h.func.__self__),
    "bound method": (lambda p: p.hit, lambda h: h.__self__),
    "method of C code": (lambda p: types.MethodType(len, p), lambda h: h.__self__),
    "cycle": (lambda p: itertools.cycle([p]), next),
    "chain": (lambda p: itertools.chain([p], [p]), next),
    "list iterator": (lambda p: iter([p]), next),
    "dict iterator": (lambda p: iter({1: p}.values()), next),
    "dict view": (lambda p: {1: p}.values(), lambda h: next(iter(h))),
    "islice": (lambda p: itertools.islice([p, p], 2), next),
    "zip": (lambda p: zip([p], [p]), lambda h: next(h)[0]),
    "enumerate": (lambda p: enumerate([p]), lambda h: next(h)[1]),
    "reversed": (lambda p: reversed([p]), next),
    "queue": (queued, lambda h: h.get()),
    "simple queue": (queued_simply, lambda h: (h.get(), h.get(), h.get())[1]),
    "context": (in_context, lambda h: h[1][h[0]]),
    "chain map": (lambda p: collections.ChainMap({1: p}, {p: 2}), lambda h: h[1]),
    "ordered dict": (lambda p: collections.OrderedDict([(p, p)]), lambda h: h[next(iter(h))]),
    "defaultdict": (lambda p: collections.defaultdict(list, {1: [p]}), lambda h: h[1][0]),
    "user dict": (lambda p: collections.UserDict({1: p}), lambda h: h[1]),
    "counter": (lambda p: collections.Counter([p]), lambda h: next(iter(h))),
    "mapping proxy": (lambda p: types.MappingProxyType({1: p}), lambda h: h[1]),
    "memo of deepcopy": (memo_of, first_copy),
    "cache": (cached, lambda h: h(1)),
    "class attribute": (lambda p: type("Holder", (), {"a": p}), lambda h: h.a),
    "exception": (ValueError, lambda h: h.args[0]),
    "thread's own": (thread_local, lambda h: h.player),
    "repeat": (itertools.repeat, next),
    "tuple iterator": (lambda p: iter((p,)), next),
    "product": (lambda p: itertools.product([p], [1]), lambda h: next(h)[0]),
    "combinations": (lambda p: itertools.combinations([p, p], 2), next),
    "slice": (lambda p: slice(p, p), lambda h: (h.start, h.stop)),
    "method of the instance": (lambda p: p.__repr__, lambda h: h.__self__),
    "frozensets": (
        lambda p: {frozenset([frozenset([p])]): 1},
        lambda h: next(iter(next(iter(next(iter(h)))))),
    ),
    "context variable": (
        lambda p: contextvars.ContextVar("variable", default=p),
        lambda h: h.get(),
    ),
    "token": (token_with, lambda h: h.old_value),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("case", CONTAINERS)
def test_what_holds_it_has_the_new_instance(live: LiveModule, case: str) -> None:
    module = live.start(SLOTS)
    make, read = CONTAINERS[case]
    holder = [make(player_of(module))]
    report = live.change(*GAINED)
    found = read(holder[0])

    assert report.ok, report
    for each in found if type(found) is tuple else (found,):
        assert type(each) is module.Player
        assert each.name == "ada"


def test_pickle_of_before_and_of_after(live: LiveModule) -> None:
    module = live.start("class P:\n    def __init__(self): self.a = 1; self.b = 2\n")
    blob = pickle.dumps(module.P())
    p = pickle.loads(blob)
    live.edit(
        "class P:\n"
        "    __slots__ = ('a', 'b', 'c')\n"
        "    def __init__(self): self.a = 1; self.b = 2; self.c = 3\n"
    )
    assert (p.a, p.b, p.c) == (1, 2, 3)
    q = pickle.loads(pickle.dumps(p))
    assert type(q) is module.P
    assert q.c == 3


def test_destructors_run_once_for_each_object(live: LiveModule) -> None:
    module = live.start(
        "dead = []\n"
        "class P:\n"
        "    __slots__ = ('a', '__weakref__')\n"
        "    def __del__(self): dead.append(self.a)\n"
        "class Q(P):\n"
        "    __slots__ = ('q',)\n"
    )
    p, q = module.P(), module.Q()
    p.a, q.a, q.q = 1, 2, 3
    dead = module.dead
    r = live.change("('a', ", "('a', 'b', ", keep=("dead",))
    gc.collect()
    assert r.ok, r
    assert module.dead == []
    assert dead is module.dead
    r.undo()
    gc.collect()
    assert dead == []
    del p, q, r
    gc.collect()
    livepatch.keep_history(0)
    livepatch.keep_history(10)
    gc.collect()
    assert sorted(dead) == [1, 2]


def test_destructor_that_goes_and_comes_back(live: LiveModule) -> None:
    module = live.start(
        "dead = []\n"
        "class P:\n"
        "    __slots__ = ('a', '__weakref__')\n"
        "    def __del__(self): dead.append(self.a)\n"
    )
    p = module.P()
    p.a = 1
    dead = module.dead
    r = live.edit(
        "dead = []\nclass P:\n    __slots__ = ('a', 'b', '__weakref__')\n", keep=("dead",)
    )
    gc.collect()
    assert dead == []
    r.undo()
    gc.collect()
    assert dead == []
    del p, r
    livepatch.keep_history(0)
    livepatch.keep_history(10)
    gc.collect()
    assert dead == [1]


def test_undo_of_several_shapes_with_state_gathered_between(live: LiveModule) -> None:
    module = live.start("class P:\n    __slots__ = ('a',)\n")
    p = module.P()
    p.a = [1]
    holders = [p]
    live.edit("class P:\n    __slots__ = ('a', 'b')\n")
    p.b = 2
    p.a.append(2)
    live.edit(
        "import dataclasses\n"
        "@dataclasses.dataclass(eq=False)\n"
        "class P:\n"
        "    a: list\n"
        "    b: int\n"
        "    c: int = 5\n"
    )
    assert (p.a, p.b, p.c) == ([1, 2], 2, 5)
    p.c = 6
    p.extra = 1
    live.edit("class P(dict):\n    __slots__ = ('a', 'c')\n")
    assert (p.a, p.c) == ([1, 2], 6)
    p.c = 7
    livepatch.undo()
    assert (p.b, p.c, p.extra) == (2, 7, 1)
    livepatch.undo(2)
    assert type(p) is module.P
    assert module.P.__slots__ == ("a",)
    assert p.a == [1, 2]
    assert holders[0] is p
    r = live.edit("class P:\n    __slots__ = ('a', 'b')\n")
    assert r.ok
    assert p.a == [1, 2]


@pytest.mark.parametrize(
    "stage", ["before", "migrate", "factory", "after", "mod_before", "mod_after", "back"]
)
def test_hook_that_raises_at_any_stage_takes_all_back(live: LiveModule, stage: str) -> None:
    module = live.start("class P:\n    __slots__ = ('a',)\ndef __livepatch_before__(): pass\n")
    p = module.P()
    p.a = 1
    d = {p: 1}
    ident = id(p)
    new = (
        """
        import dataclasses
        def fail(*a): 1 / 0
        @dataclasses.dataclass(slots=True, eq=False)
        class P:
            a: int
            b: int = dataclasses.field(default_factory=FACTORY)
            def __livepatch_migrate__(self, change): HOOK
        def __livepatch_after__(): AFTER
    """.replace("FACTORY", "fail" if stage == "factory" else "int")
        .replace(
            "HOOK",
            {"migrate": "1 / 0", "back": "1 / 0 if change.direction == 'back' else None"}.get(
                stage, "pass"
            ),
        )
        .replace("AFTER", "1 / 0" if stage == "mod_after" else "pass")
    )

    def fail() -> None:
        raise ZeroDivisionError

    if stage == "mod_before":
        module.__livepatch_before__ = fail
    hook = {"before": livepatch.before_reload, "after": livepatch.after_reload}.get(stage)
    if hook:
        hook(fail)
    try:
        if stage == "back":
            r = live.edit(new)
            after = id(p)
            with pytest.raises(ZeroDivisionError):
                r.undo()
            assert id(p) == after
            assert d[p] == 1
            assert p.b == 0
            assert type(p) is module.P
            return
        with pytest.raises(ZeroDivisionError):
            live.edit(new)
    finally:
        livepatch.forget_hook(fail)
    assert id(p) == ident
    assert d[p] == 1
    assert type(p) is module.P
    assert p.a == 1
    assert not hasattr(module, "dataclasses")


def test_marked_functions_that_c_code_holds(live: LiveModule) -> None:
    module = live.start("""
        import livepatch
        out = []
        @livepatch.hotswap
        def on_signal(signum, frame): out.append("old")
        @livepatch.hotswap
        def work(): out.append("old work")
        @livepatch.hotswap
        def compare(a, b): return 1
        @livepatch.hotswap
        def bye(): out.append("old bye")
    """)
    old = signal.signal(signal.SIGUSR1, module.on_signal)
    atexit.register(module.bye)
    cb = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)(module.compare)
    t = threading.Thread(target=module.work)
    timer_func = module.work
    before = module.on_signal
    try:
        r = live.change('"old', '"new', keep=("out",))
        r2 = live.change("return 1", "return 2", keep=("out",))
        assert r.ok, r
        assert r2.ok, r2
        assert module.on_signal is before
        signal.raise_signal(signal.SIGUSR1)
        t.start()
        t.join()
        assert cb(1, 2) == 2
        assert timer_func is module.work
        assert module.out == ["new", "new work"], module.out
    finally:
        signal.signal(signal.SIGUSR1, old)
        atexit.unregister(module.bye)


def test_mark_of_a_function_comes_and_goes(live: LiveModule) -> None:
    module = live.start("import livepatch\ndef f(): return 1\n")
    held = [module.f]
    r = live.edit("import livepatch\n@livepatch.hotswap\ndef f(): return 2\n")
    assert r.ok, r
    assert held[0] is module.f
    assert held[0]() == 2
    r2 = live.edit("import livepatch\ndef f(): return 3\n")
    assert r2.ok, r2
    assert held[0] is module.f
    assert held[0]() == 3
    livepatch.undo(2)
    assert held[0] is module.f
    assert held[0]() == 1


def test_marked_methods_of_every_kind(live: LiveModule) -> None:
    module = live.start("""
        import livepatch
        class P:
            @livepatch.hotswap
            def m(self): return 1
            @staticmethod
            @livepatch.hotswap
            def s(): return 1
            @classmethod
            @livepatch.hotswap
            def c(cls): return 1
            @property
            @livepatch.hotswap
            def p(self): return 1
        @livepatch.hotswap
        async def a(): return 1
        @livepatch.hotswap
        def g(): yield 1
    """)
    p = module.P()
    held = [p.m, module.P.s, p.c, module.a, module.g]
    r = live.change("1", "2")
    assert r.ok, r
    assert held[0]() == held[1]() == held[2]() == p.p == 2
    assert next(held[4]()) == 2
    assert asyncio.run(held[3]()) == 2


def test_mark_and_hook_hold_for_classes_elsewhere(live: LiveModule) -> None:
    live.start("import livepatch\nclass P:\n    __slots__ = ('hp',)\n")
    other = live.other(
        "import LIVE\n"
        "class Q(LIVE.P):\n"
        "    __slots__ = ('q',)\n"
        "class R(Q):\n"
        "    def __livepatch_migrate__(self, change):\n"
        "        self.told = dict(change.renamed), change.direction\n"
    )
    q, rr = other.Q(), other.R()
    q.hp, q.q, rr.hp, rr.q, rr.x = 1, 2, 3, 4, 5
    r = live.edit(
        "import livepatch\n"
        "@livepatch.hotswap(renamed={'hp': 'health'})\n"
        "class P:\n"
        "    __slots__ = ('health',)\n"
    )
    assert r.ok, r
    assert (q.health, q.q, rr.health, rr.q, rr.x) == (1, 2, 3, 4, 5)
    assert rr.told == ({"hp": "health"}, "forward")
    r.undo()
    assert (q.hp, q.q, rr.hp, rr.q, rr.x) == (1, 2, 3, 4, 5)
    assert rr.told[1] == "back"


def test_subclasses_of_values_gain_a_dict(live: LiveModule) -> None:
    module = live.start(
        "class T(tuple):\n"
        "    __slots__ = ()\n"
        "class S(str):\n"
        "    __slots__ = ()\n"
        "class B(bytes):\n"
        "    __slots__ = ()\n"
        "class F(float):\n"
        "    __slots__ = ()\n"
    )
    held = [module.T((1, [2])), module.S("héé"), module.B(b"x"), module.F(1.5)]
    d = dict.fromkeys(held[1:], 1)
    r = live.edit(
        "class T(tuple): pass\nclass S(str): pass\nclass B(bytes): pass\nclass F(float): pass\n"
    )
    assert r.ok, r
    assert held == [(1, [2]), "héé", b"x", 1.5]
    for each in held:
        each.a = 1
    assert all(any(k is each for k in d) for each in held[1:])
    r.undo()
    assert held == [(1, [2]), "héé", b"x", 1.5]
    assert not hasattr(held[0], "__dict__")


def test_inherited_keyword_fields_with_slots(live: LiveModule) -> None:
    module = live.start(
        "import dataclasses\n"
        "@dataclasses.dataclass(slots=True, kw_only=True)\n"
        "class A:\n"
        "    a: int = 1\n"
        "@dataclasses.dataclass(slots=True)\n"
        "class B(A):\n"
        "    b: int = 2\n"
    )
    b = module.B()
    r = live.change(
        "a: int = 1\n", "a: int = 1\n    aa: list = dataclasses.field(default_factory=list)\n"
    )
    assert r.ok, r
    assert b == module.B(2, a=1, aa=[])
    r.undo()
    assert b == module.B(2, a=1)


MIXIN = """
    class A:
        def f(self): return 1
    class B(A):
        def __init__(self): self.x = 1
    class D(A, {base}): pass
    class E({base}, A): pass
"""
NO_ROOM = ("class A:", "class A:\n        __slots__ = ()")


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("base", ["dict", "int", "Exception"])
def test_base_that_had_a_dict_for_its_subclasses_has_none_any_more(
    live: LiveModule, base: str
) -> None:
    source = MIXIN.format(base=base)
    module = live.start(source)
    held = [module.B(), module.D(), module.E(), module.A()]
    held[1].y = held[2].y = 2
    for edit in ("there", "back", "there"):
        there = edit == "there"
        report = live.edit(source.replace(*NO_ROOM) if there else source)
        assert report.ok, report
        assert hasattr(held[3], "__dict__") is not there
        assert [type(each).__name__ for each in held] == ["B", "D", "E", "A"]
        assert [type(each) is getattr(module, type(each).__name__) for each in held] == [True] * 4
        assert (held[0].x, held[1].y, held[2].y, held[1].f()) == (1, 2, 2, 1)
    report.undo()
    assert hasattr(held[3], "__dict__")
    assert (held[0].x, held[1].y, held[2].f()) == (1, 2, 1)


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_base_without_room_of_its_own_and_no_instances(live: LiveModule) -> None:
    source = MIXIN.format(base="list")
    module = live.start(source)
    report = live.edit(source.replace(*NO_ROOM))
    assert report.ok, report
    assert (module.A.__slots__, module.B().x, module.D().f()) == ((), 1, 1)
