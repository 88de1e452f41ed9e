"""Objects that lie about themselves, and interpreter traps that crash or mislead."""

from __future__ import annotations

import sys

import pytest

from tests.live import LiveModule, Rerun, Strategy, run_in_child

pytestmark = pytest.mark.sampled(8)

LIES = {
    "class": "@property\n        def __class__(self): return int",
    "eq": "def __eq__(self, other): raise ValueError('truth value is ambiguous')\n"
    "        __hash__ = object.__hash__",
    "hash": "def __hash__(self): raise TypeError('no hash')",
    "repr": "def __repr__(self): raise ValueError('no repr')",
    "setattr": "def __setattr__(self, name, value): raise AttributeError(name)",
    "delattr": "def __delattr__(self, name): raise AttributeError(name)",
    "getattr": "def __getattr__(self, name): raise RuntimeError(name)",
    "getattribute": "def __getattribute__(self, name):\n"
    "            if name in {'hit', '__class__'}: return object.__getattribute__(self, name)\n"
    "            raise RuntimeError(name)",
    "bool": "def __bool__(self): raise ValueError('no bool')",
    "len": "def __len__(self): raise ValueError('no len')",
    "dict": "@property\n        def __dict__(self): raise ValueError('no dict')",
    "reduce": "def __reduce_ex__(self, protocol): raise ValueError('no reduce')",
    "iter": "def __iter__(self): raise ValueError('no iter')",
}


@pytest.mark.sampled(13)
@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("edit", ["body", "base"])
def test_instance_that_lies_by(live: LiveModule, lie: str, edit: str) -> None:
    source = f"""
    class Base: pass
    class Player:
        {LIES[lie]}
        def hit(self): return 1
    """
    module = live.start(source)
    held = [module.Player(), (module.Player(),), {"a": module.Player()}]
    changed = source.replace("return 1", "return 2")
    live.edit(changed if edit == "body" else changed.replace("class Player", "class Player(Base)"))

    assert type(held[0]) is module.Player is type(held[1][0])
    assert held[0].hit() == held[2]["a"].hit() == 2


@pytest.mark.parametrize("lie", ["eq", "bool", "getattr", "repr", "class"])
def test_data_global_that_lies_by(live: LiveModule, lie: str) -> None:
    source = f"""
    class Lie:
        {LIES[lie]}
    DATA = Lie()
    def hit(): return 1
    """
    module = live.start(source)
    held = [module.DATA, module.hit]
    live.edit(source.replace("return 1", "return 2"))

    assert type(held[0]) is module.Lie is type(module.DATA)
    assert held[1]() == 2


@pytest.mark.parametrize("lie", ["eq", "bool", "getattr", "repr", "class", "hash"])
def test_default_that_lies_by(live: LiveModule, lie: str) -> None:
    live.other(f"""
    class Lie:
        {LIES[lie]}
    lie = Lie()
    """)
    source = "from OTHER import lie\ndef hit(a=lie): return 1\nclass P:\n    a = lie\n"
    module = live.start(source)
    held = [module.hit, module.P]
    live.edit(source.replace("return 1", "return 2"))

    assert held[0] is module.hit
    assert held[1] is module.P
    assert held[0]() == 2


def test_proxy_elsewhere_that_pretends_to_be_everything(live: LiveModule) -> None:
    other = live.other("""
        class Mock:
            def __getattr__(self, name):
                if name.startswith("__"): raise AttributeError(name)
                return Mock()
            def __call__(self, *args, **kwargs): return Mock()
        mock = Mock()
    """)
    module = live.start("from OTHER import mock\ndef hit(): return 1\n")
    held = [module.hit, module.mock]
    live.change("return 1", "return 2")

    assert held[0]() == 2
    assert module.mock is held[1] is other.mock


def test_class_whose_metaclass_compares_oddly(live: LiveModule) -> None:
    live.other("""
        class Meta(type):
            def __eq__(cls, other): raise ValueError("no comparing")
            __hash__ = type.__hash__
            def __repr__(cls): raise ValueError("no repr")
    """)
    module = live.start("""
        from OTHER import Meta
        class Base: pass
        class Player(metaclass=Meta):
            def hit(self): return 1
    """)
    held = [module.Player, module.Player()]
    live.change("class Player(metaclass", "class Player(Base, metaclass")

    assert held[0] is module.Player is type(held[1])
    assert held[1].hit() == 1


def test_class_whose_metaclass_hides_its_attributes(live: LiveModule) -> None:
    live.other("""
        class Meta(type):
            def __getattribute__(cls, name):
                if name in {"__mro__", "__bases__", "__dict__", "__module__", "__qualname__"}:
                    raise AttributeError(name)
                return super().__getattribute__(name)
    """)
    source = """
        from OTHER import Meta
        class Player(metaclass=Meta):
            def hit(self): return 1
    """
    module = live.start(source)
    held = [module.Player()]
    live.change("return 1", "return 2")

    assert type(held[0]) is module.Player
    assert held[0].hit() == 2


def test_method_cache_is_not_bypassed(strategy: Strategy) -> None:
    said = run_in_child(
        """
        module = live.start("class P:\\n    def hit(self): return 0\\n")
        player = module.P()
        table = {"hit": module.P.hit}
        warm(player.hit)
        for turn in range(1, 60):
            live.change(f"return {turn - 1}", f"return {turn}")
            warm(lambda: player.hit(), 200)
            assert player.hit() == table["hit"](player) == turn, turn
        print("fine")
        """,
        strategy,
    )

    assert said.split() == ["fine"]


def test_old_functions_are_freed_and_nothing_crashes(strategy: Strategy) -> None:
    said = run_in_child(
        """
        import gc
        source = "class B: pass\\nclass P:\\n    def hit(self): return 0\\ndef f(): return P()\\n"
        module = live.start(source)
        held = [module.P(), module.P.hit, module.P().hit, module.f, (module.P, module.f)]
        for turn in range(30):
            edited = source.replace("return 0", f"return {turn}")
            live.edit(edited if turn % 2 else edited.replace("class P", "class P(B)"))
            gc.collect()
            assert held[0].hit() == held[1](held[0]) == held[2]() == held[3]().hit() == turn
            assert held[4] == (module.P, module.f)
        print("fine")
        """,
        strategy,
    )

    assert said.split() == ["fine"]


def test_interpreter_leaves_cleanly_after_a_reload(strategy: Strategy) -> None:
    said = run_in_child(
        """
        import atexit
        module = live.start("class P:\\n    def __del__(self): print('gone', self.hit())\\n"
                            "    def hit(self): return 1\\n")
        player = module.P()
        live.change("return 1", "return 2")
        atexit.register(print, "exit")
        """,
        strategy,
    )

    assert said.split() == ["exit", "gone", "2"]


def test_tuple_that_is_being_built_is_left_alone(strategy: Strategy) -> None:
    said = run_in_child(
        """
        source = "class B: pass\\nclass P: pass\\n"
        module = live.start(source)
        def items():
            yield module.P
            live.edit(source.replace("class P", "class P(B)"))
            yield module.P
        built = tuple(items())
        print(len(built), built[1] is module.P)
        """,
        strategy,
    )

    assert said.split() == ["2", "True"]


def test_dict_and_set_that_are_being_iterated_go_on(live: LiveModule) -> None:
    source = "class Base: pass\nclass A: pass\nclass B: pass\n"
    module = live.start(source)
    table = {module.A: 1, module.B: 2}
    numbers = iter(table.values())
    seen = [next(numbers)]
    live.edit(source.replace("class A", "class A(Base)"))

    assert table[module.A] == 1
    assert seen == [1]
    assert list(table.values()) == [1, 2]


def test_one_hundred_reloads_leave_no_objects_behind(strategy: Strategy) -> None:
    # In a process of its own, whose heap is small: each search goes over all of it.
    output = run_in_child(
        """
        import gc
        source = "class Base: pass\\nclass P:\\n    def hit(self): return 1\\ndef f(): return 1\\n"
        module = live.start(source)
        held = [module.P(), module.f, (module.P, module.f)]
        counts = []
        for turn in range(100):
            changed = source.replace("return 1", f"return {turn}")
            live.edit(changed if turn % 2 else changed.replace("class P", "class P(Base)"))
            if turn % 20 == 19:
                gc.collect()
                counts.append(len(gc.get_objects()))
        print(held[1] is module.f, counts[-1] - counts[-2] < 60)
        """,
        strategy,
    )

    assert output == "True True\n"


def test_recursion_limit_deep_structures_are_no_problem(live: LiveModule) -> None:
    source = "class Base: pass\nclass P: pass\n"
    module = live.start(source)
    deep: list[object] = [module.P]
    for _ in range(sys.getrecursionlimit() * 3):
        deep = [deep]
    live.edit(source.replace("class P", "class P(Base)"))
    while isinstance(deep[0], list):
        deep = deep[0]

    assert deep[0] is module.P


def test_deeply_nested_tuples(strategy: Strategy) -> None:
    # In a process of its own, whose heap is small: each level is a search.
    output = run_in_child(
        """
        source = "class Base: pass\\nclass P: pass\\n"
        module = live.start(source)
        deep = (module.P,)
        for _ in range(60):
            deep = (deep,)
        held = [deep]
        del deep
        live.edit(source.replace("class P", "class P(Base)"))
        found = held[0]
        while isinstance(found, tuple):
            found = found[0]
        print(found is module.P)
        """,
        strategy,
    )

    assert output == "True\n"


def test_tuple_in_a_cycle(live: LiveModule) -> None:
    source = "class Base: pass\nclass P: pass\n"
    module = live.start(source)
    inner: list[object] = []
    held = [(module.P, inner)]
    inner.append(held[0])
    live.edit(source.replace("class P", "class P(Base)"))

    assert held[0][0] is module.P
    assert inner[0] is held[0]
    assert held[0][1] is inner


def test_instance_that_is_its_own_key(live: LiveModule) -> None:
    source = "class Base: pass\nclass P:\n    pass\n"
    module = live.start(source)
    player = module.P()
    player.table = {player: player, type(player): 1}
    live.edit(source.replace("class P", "class P(Base)"))

    assert player.table[player] is player
    assert player.table[module.P] == 1


RERUNS = pytest.mark.parametrize("rerun", ["all", "changed"])


class Moody:
    """Its hash raises once it is told to."""

    raises = False

    def __hash__(self) -> int:
        if self.raises:
            message = "no hash"
            raise RuntimeError(message)
        return 1


@pytest.mark.sampled(6)
@RERUNS
@pytest.mark.parametrize("nested", [False, True], ids=["beside it", "in a tuple with it"])
def test_a_frozenset_of_which_a_member_raises_is_named_and_the_reload_goes_on(
    live: LiveModule, rerun: Rerun, *, nested: bool
) -> None:
    module = live.start("class C: pass\nclass D: pass\n")
    moody, players = Moody(), [module.C()]
    held: frozenset[object] = frozenset([(module.C, moody)] if nested else [module.C, moody])
    moody.raises = True
    report = live.edit("class B: pass\nclass C(B): x = 1\nclass D(B): pass\n", rerun=rerun)

    assert (players[0].x, type(players[0])) == (1, module.C)
    assert "LP210" in [each.code for each in report.notices]
    assert f"{live.name}.C" in [each.path for each in report.notices]
    assert not report.ok
    moody.raises = False
    assert len(held) == 1 + (not nested)
    report.undo()
    assert type(players[0]) is module.C


SUPERS = "class B:\n    def f(self): return 1\nclass C(B): pass\n"


@pytest.mark.sampled(10)
@RERUNS
@pytest.mark.parametrize("bound", ["C, C", "C, C()", "B, C", "B, C()", "C"])
def test_a_super_object_of_a_class_that_gains_a_wrapper(
    live: LiveModule, rerun: Rerun, bound: str
) -> None:
    module = live.start(SUPERS)
    held = [eval(f"super({bound})", vars(module))]
    wrapped = (
        "import wrapt\n@wrapt.decorator\n"
        "def deco(wrapped, instance, args, kwargs): return wrapped(*args, **kwargs)\n"
        + SUPERS.replace("return 1", "return 2").replace("class C", "@deco\nclass C")
    )
    live.write(wrapped)
    trial = live.reload(rerun=rerun, dry_run=True)
    report = live.reload(rerun=rerun)
    home = module.C.__wrapped__ if bound.startswith("C") else module.B

    assert (trial.ok, report.ok) == (True, True)
    assert held[0].__thisclass__ is home
    assert held[0].__self_class__ in (None, module.C.__wrapped__)


@pytest.mark.sampled(10)
@RERUNS
@pytest.mark.parametrize("edit", ["class C: pass\n", "def C(): pass\n"], ids=["base", "function"])
@pytest.mark.parametrize("bound", ["B, C", "B, C()"])
def test_a_super_object_that_could_not_be_made_any_more_is_named(
    live: LiveModule, rerun: Rerun, edit: str, bound: str
) -> None:
    module = live.start(SUPERS)
    held = [eval(f"super({bound})", vars(module))]
    live.write(SUPERS.replace("class C(B): pass\n", edit))
    trial = live.reload(rerun=rerun, dry_run=True)
    report = live.reload(rerun=rerun)

    assert "LP201" in [each.code for each in trial.notices]
    assert "LP201" in [each.code for each in report.notices]
    report.undo()
    assert held[0].__thisclass__ is module.B
