"""Modules made to break a reload: no crash, no hang, and the report tells no lie.

What may crash the interpreter runs in a child process.
"""

from __future__ import annotations

import gc
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import livepatch
from livepatch.testing import LiveModule, assert_current, assert_unchanged
from tests.live import Strategy, run_in_child


@pytest.fixture(params=["auto", "repoint"])
def strategy(request: pytest.FixtureRequest) -> Any:
    return request.param


METACLASS_LIES = {
    "instancecheck": "def __instancecheck__(cls, other): raise RuntimeError",
    "subclasscheck": "def __subclasscheck__(cls, other): raise RuntimeError",
    "call": "def __call__(cls): raise RuntimeError",
    "getattribute": "def __getattribute__(cls, name): raise RuntimeError(name)",
    "getattr": "def __getattr__(cls, name): raise RuntimeError(name)",
    "setattr": "def __setattr__(cls, name, value): raise RuntimeError(name)",
    "delattr": "def __delattr__(cls, name): raise RuntimeError(name)",
    "eq": "def __eq__(cls, other): raise RuntimeError\n            __hash__ = type.__hash__",
    "repr": "def __repr__(cls): raise RuntimeError",
    "bool": "def __bool__(cls): raise RuntimeError",
    "len": "def __len__(cls): raise RuntimeError",
    "iter": "def __iter__(cls): raise RuntimeError",
    "mro": "def mro(cls): return type.mro(cls)",
    "dir": "def __dir__(cls): raise RuntimeError",
    "class": "@property\n            def __class__(cls): raise RuntimeError",
    "name": "@property\n            def __name__(cls): raise RuntimeError",
    "module": "@property\n            def __module__(cls): raise RuntimeError",
    "bases": "@property\n            def __bases__(cls): raise RuntimeError",
    "dict": "@property\n            def __dict__(cls): raise RuntimeError",
}


@pytest.mark.parametrize("edit", ["base", pytest.param("body", marks=pytest.mark.slow)])
@pytest.mark.parametrize("lie", METACLASS_LIES)
def test_metaclass_that_lies_by(live: LiveModule, lie: str, edit: str) -> None:
    live.other(f"""
        class Meta(type):
            {METACLASS_LIES[lie]}
    """)
    module = live.start("""
        from OTHER import Meta
        class Base: pass
        class Player(metaclass=Meta):
            def hit(self): return 1
    """)
    held = [object.__new__(module.Player), (module.Player,)]
    if edit == "body":
        live.change("return 1", "return 2")
    else:
        live.change("class Player(metaclass", "class Player(Base, metaclass")

    assert type(held[0]) is module.Player is held[1][0]
    assert held[0].hit() == (2 if edit == "body" else 1)


PROPERTIES = ("hit", "__dict__", "__class__", "__wrapped__", "__name__", "__func__")


@pytest.mark.parametrize("name", PROPERTIES)
def test_property_that_raises(live: LiveModule, name: str) -> None:
    module = live.start(f"""
        class Base: pass
        class Player:
            @property
            def {name}(self): raise RuntimeError
            def answer(self): return 1
    """)
    held = [object.__new__(module.Player)]
    live.edit(live.source.replace("return 1", "return 2").replace("Player:", "Player(Base):"))

    assert type(held[0]) is module.Player
    assert held[0].answer() == 2


@pytest.mark.parametrize("name", ["__wrapped__", "__func__", "__dict__", "func", "fget"])
def test_decorator_object_that_raises_when_asked_for(live: LiveModule, name: str) -> None:
    live.other(f"""
        class Wrapper:
            def __init__(self, function): self.function = function
            @property
            def {name}(self): raise RuntimeError
            def __call__(self): return self.function()
    """)
    module = live.start("from OTHER import Wrapper\n@Wrapper\ndef hit(): return 1\n")
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.hit
    assert held[0]() == 2


DELETIONS = {
    "raises": "raise RuntimeError",
    "comes back": "LIVES.append(self)",
    "calls the module": "hit()",
    "changes the module": "globals()['extra'] = self",
    "collects": "import gc; gc.collect()",
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("deletion", DELETIONS)
def test_object_of_the_module_whose_end(tmp_path: Path, strategy: Strategy, deletion: str) -> None:
    with LiveModule(tmp_path, strategy) as live:
        module = live.start(f"""
            LIVES = []
            def hit(): return 1
            class Player:
                def __del__(self): {DELETIONS[deletion]}
            DATA = [Player(), Player()]
        """)
        held = [module.hit]
        report = live.change("return 1", "return 2")

        assert report.ok
        assert held[0] is module.hit
        assert held[0]() == 2
        assert all(type(each) is module.Player for each in module.DATA)
    del module, held, report
    gc.collect()  # here, where what they raise is expected


def test_reload_in_a_destructor_is_refused(live: LiveModule) -> None:
    module = live.start("""
        import livepatch
        SAID = []
        class Player:
            def __del__(self):
                try: livepatch.reload(__name__)
                except livepatch.LivepatchError as error: SAID.append(error.code)
        DATA = [Player()]
        def hit(): return 1
    """)
    live.change("return 1", "return 2", keep=("SAID",))

    assert set(module.SAID) <= {"LP109"}
    assert module.hit() == 2


@pytest.mark.parametrize("stand_in", ["another module", "an object", "None", "nothing"])
def test_module_that_was_replaced_in_sys_modules(live: LiveModule, stand_in: str) -> None:
    module = live.start("def hit(): return 1\n")
    live.write("def hit(): return 2\n")
    objects = {"another module": types.ModuleType(live.name), "an object": object(), "None": None}
    held = [module.hit]
    sys.modules[live.name] = objects.get(stand_in)  # type: ignore[assignment]
    if stand_in == "nothing":
        del sys.modules[live.name]
    with assert_unchanged(module, held), pytest.raises(livepatch.LivepatchError) as failure:
        livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    assert failure.value.code in {"LP107", "LP108"}
    assert held[0]() == 1


def test_module_whose_class_hides_its_names(live: LiveModule) -> None:
    module = live.start("""
        import sys, types
        class Hiding(types.ModuleType):
            def __getattribute__(self, name): raise RuntimeError(name)
            def __setattr__(self, name, value): raise RuntimeError(name)
        def hit(): return 1
    """)
    names: dict[str, Any] = object.__getattribute__(module, "__dict__")
    object.__setattr__(module, "__class__", names["Hiding"])
    held = [names["hit"]]
    live.write(live.source.replace("return 1", "return 2"))
    try:
        livepatch.reload(live.name, strategy=live.strategy, rerun=live.rerun)
    except (livepatch.LivepatchError, RuntimeError):
        # importlib.reload itself asks the module for its spec.
        assert held[0]() == 1
    else:
        assert held[0]() == 2
    finally:
        object.__setattr__(module, "__class__", types.ModuleType)


CYCLES = """
    class Base: pass
    class Player:
        def hit(self): return 1
    LIST = [Player]; LIST.append(LIST)
    DICT = {"a": Player}; DICT["self"] = DICT
    TUPLE = (Player, []); TUPLE[1].append(TUPLE)
    SET = {Player}; Player.own = SET
    INSTANCE = Player(); INSTANCE.own = INSTANCE; INSTANCE.__dict__["dict"] = INSTANCE.__dict__
    Player.cls = Player
    def hit(a=LIST, *, b=TUPLE): return 1
    hit.own = hit
    hit.__defaults__ = (hit, TUPLE)
"""


def test_containers_that_hold_themselves(live: LiveModule) -> None:
    module = live.start(CYCLES)
    held = [module.LIST, module.DICT, module.TUPLE, module.SET, module.INSTANCE, module.hit]
    live.edit(CYCLES.replace("return 1", "return 2").replace("Player:", "Player(Base):"))

    assert held[0][0] is held[1]["a"] is type(held[4]) is module.Player
    assert held[2][0] is module.Player
    assert held[0][1] is held[0]
    assert held[2][1][0] is held[2]
    assert held[4].own is held[4]
    assert held[5] is module.hit is module.hit.own
    assert_current(module)


# Each makes something 1,000 deep, with the class `Player` at its bottom.
DEEP = {
    "lists": "x = Player\nfor _ in range(1000): x = [x]",
    "dicts": "x = Player\nfor _ in range(1000): x = {'a': x}",
    "tuples": "x = Player\nfor _ in range(1000): x = (x,)",
    "frozensets": "x = Player\nfor _ in range(1000): x = frozenset([x])",
    "partials": "import functools\nx = hit\nfor _ in range(1000): x = functools.partial(x)",
    "nested partials": "import functools\nx = hit\n"
    "for _ in range(1000): x = functools.partial(call, x)",
    "closures": "x = hit\ndef wrap(f): return lambda: f\nfor _ in range(1000): x = wrap(x)",
    "wrappers": "import functools\nx = hit\ndef wrap(f):\n    @functools.wraps(f)\n"
    "    def inner(): return f()\n    return inner\nfor _ in range(1000): x = wrap(x)",
    "instances": "x = Player()\nfor _ in range(1000):\n    y = Player(); y.next = x; x = y",
    "subclasses": "x = Player\nfor _ in range(300): x = type('P', (x,), {})",
    "nested classes": "x = Player\nfor _ in range(1000): x = type('P', (), {'x': x})",
    "default": "x = Player\nfor _ in range(1000): x = (x,)\ndef f(a=x): return 1",
    "attribute": "x = Player\nfor _ in range(1000): x = (x,)\nclass C:\n    a = x",
    "constant": "x = 1\nfor _ in range(1000): x = (x,)\nclass C:\n    a = x\n"
    "    def f(self, b=x): return 1",
    "alias": "x = Player\nfor _ in range(300): x = list[x]",
    "operators": "x = " + "1 + " * 1000 + "1",
    "choices": "x = Player()\nif hit is None: pass\n" + "elif hit is None: pass\n" * 1000,
    "choices in an __init__": "class C:\n    def __init__(self, a):\n        if a: self.b = 1\n"
    + "        elif a: pass\n" * 1000
    + "x = C(0)",
    "brackets": "x = " + "[" * 90 + "Player" + "]" * 90,
    "chain": "class Chain:\n    def a(self): return self\nx = Chain()" + ".a()" * 1000,
}


def test_nesting_a_thousand_deep(strategy: Strategy) -> None:
    head = "class Base: pass\nclass Player:\n    def hit(self): return 1\ndef hit(): return 1\n"
    head += "def call(f): return f\n"
    said = run_in_child(
        f"""
        for kind, deep in {DEEP!r}.items():
            print(kind, flush=True)
            source = {head!r} + deep + "\\n"
            edited = source.replace("return 1", "return 2").replace("Player:", "Player(Base):")
            live = LiveModule(Path(_folder.name), {strategy!r})
            module = live.start(source)
            held = [module.Player(), module.Player, module.hit, module.x]
            report = live.edit(edited)
            assert type(held[0]) is module.Player is held[1], "an old class"
            assert held[0].hit() == held[2]() == 2, "old code"
            report.undo()
            assert type(held[0]) is module.Player is held[1], "an old class after the undo"
            assert held[0].hit() == held[2]() == 1, "later code after the undo"
            live.write(edited + "1 / 0")
            try: live.reload()
            except ZeroDivisionError: pass
            assert type(held[0]) is module.Player is held[1], "a new class after a failure"
            held.clear()
            live.close()
        """,
        strategy,
    )

    assert said.splitlines() == [*DEEP]


@pytest.mark.slow
def test_huge_tuple(strategy: Strategy) -> None:
    said = run_in_child(
        """
        source = "class Base: pass\\nclass Player:\\n    def hit(self): return 1\\n"
        module = live.start(source)
        held = [(module.Player,) * 1_000_000 + (1,), tuple([module.Player()] * 1_000_000)]
        live.edit(source.replace("Player:", "Player(Base):"))
        print(set(map(id, held[0][:-1])) == {id(module.Player)}, type(held[1][7]) is module.Player)
        """,
        strategy,
    )

    assert said == "True True\n"


COUNTS = [2_000, pytest.param(100_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("count", COUNTS)
def test_so_many_definitions(strategy: Strategy, count: int) -> None:
    said = run_in_child(
        f"""
        count = {count}
        lines = [f"def f{{i}}(a={{i}}): return 1\\n" for i in range(count // 2)]
        lines += [f"class C{{i}}:\\n    def hit(self): return 1\\n" for i in range(count // 4)]
        source = "".join(lines)
        module = live.start(source)
        held = [getattr(module, f"f{{i}}") for i in range(0, count // 2, 100)]
        made = [getattr(module, f"C{{i}}")() for i in range(0, count // 4, 100)]
        report = live.edit(source.replace("return 1", "return 2"))
        assert {{f() for f in held}} == {{each.hit() for each in made}} == {{2}}
        assert all(type(each) is getattr(module, type(each).__name__) for each in made)
        print(len(report.definitions), report.ok)
        """,
        strategy,
        timeout=900,
    )

    assert said == f"{count // 2 + 2 * (count // 4)} True\n"
