"""Statements use objects that stay by what their class has besides, and enter definitions anew."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import livepatch
from tests.live import LiveModule, run_in_child

pytestmark = pytest.mark.sampled(16)

REGISTRY = """
class Base:
    def note(self, function):
        self.items.append(function)
        return function
class Other:
    def twice(self, function):
        self.items += [function, function]
        return function
class Registry(Base):
    limit = 1
    def __init__(self):
        self.items = []
    def enter(self, function):
        self.items.append(function)
        return function
    class Part:
        def __init__(self):
            self.items = []
        def enter(self, function):
            self.items.append(function)
            return function
registry = Registry()
part = Registry.Part()
@registry.enter
def f(): return 1
"""
ENTER = (
    "    def enter(self, function):\n        self.items.append(function)\n        return function\n"
)
MORE = "    def more(self, function): return self.enter(function)\n"
# What is put before the rest of the class, and what decorates then.
EDITS = {
    "method": (MORE, "registry.more"),
    "method with super": ("    def more(self, f): return super().note(f)\n", "registry.more"),
    "property": ("    @property\n    def more(self): return self.enter\n", "registry.more"),
    "property with super": (
        "    @property\n    def more(self): return super().note\n",
        "registry.more",
    ),
    "class method": (
        "    @classmethod\n    def more(cls): return lambda f: cls.enter(registry, f)\n",
        "registry.more()",
    ),
    "static method": (
        "    @staticmethod\n    def more(f): return registry.enter(f)\n",
        "registry.more",
    ),
    "attribute": ("    table = {}\n", "(lambda f: registry.enter(registry.table.get(0, f)))"),
    "special method": (
        "    def __call__(self, function): return self.enter(function)\n",
        "registry",
    ),
    "keyword default": (
        "    def more(self, function, *, count=2): return self.enter(function)\n",
        "registry.more",
    ),
    "another default": (
        "    def more(self, function, count=2): return self.enter(function)\n",
        "registry.more",
    ),
}


@pytest.mark.parametrize(("added", "decorator"), EDITS.values(), ids=EDITS)
def test_decorator_is_as_new_as_the_class_of_an_object_that_stays(
    live: LiveModule, added: str, decorator: str
) -> None:
    module = live.start(REGISTRY)
    registry, cls, held = module.registry, module.Registry, module.f
    edited = REGISTRY.replace("    limit = 1\n", f"    limit = 1\n{added}")
    report = live.edit(edited.replace("@registry.enter", f"@{decorator}"), rerun="changed")

    assert (module.registry, type(registry), module.f) == (registry, module.Registry, held)
    assert registry.items == [held]

    report.undo()

    assert "more" not in dir(registry)
    assert registry.items == [module.f]
    assert module.Registry is cls


def test_method_of_a_base_that_has_come_is_there(live: LiveModule) -> None:
    module = live.start(REGISTRY)
    edited = REGISTRY.replace("class Registry(Base)", "class Registry(Base, Other)")
    live.edit(edited.replace("@registry.enter", "@registry.twice"), rerun="changed")

    assert module.registry.items == [module.f, module.f]
    assert isinstance(module.registry, module.Other)


def test_method_of_a_class_inside_is_there(live: LiveModule) -> None:
    module = live.start(REGISTRY)
    inside = "        def more(self, function): return self.enter(function)\n"
    edited = REGISTRY.replace("    class Part:\n", f"    class Part:\n{inside}")
    live.edit(edited.replace("@registry.enter", "@part.more"), rerun="changed")

    assert (module.registry.items, module.part.items) == ([], [module.f])


def attributes_of(module: Any) -> list[dict[str, Any]]:
    return [dict(vars(cls)) for cls in (module.Registry, module.Registry.Part, module.Base)]


@pytest.mark.parametrize("how", ["fails", "dry run"])
@pytest.mark.parametrize("added", [each for each, _ in EDITS.values()], ids=EDITS)
def test_class_is_what_it_was_where_nothing_comes_of_it(
    live: LiveModule, added: str, how: str
) -> None:
    module = live.start(REGISTRY)
    before = attributes_of(module)
    edited = REGISTRY.replace("    limit = 1\n", f"    limit = 1\n{added}")
    edited = edited.replace("    class Part:\n", f"    class Part:\n{MORE.replace('  ', '    ')}")
    if how == "fails":
        with pytest.raises(ZeroDivisionError):
            live.edit(f"{edited}1 / 0\n", rerun="changed")
    else:
        live.edit(edited, rerun="changed", dry_run=True)

    assert attributes_of(module) == before
    assert [list(each) for each in attributes_of(module)] == [list(each) for each in before]


def test_another_module_uses_an_object_as_its_class_becomes(live: LiveModule) -> None:
    library = live.other(REGISTRY)
    using = f"from {live.other_name} import registry\n@registry.enter\ndef g(): return 1\n"
    module = live.start(using)
    live.write(using.replace("registry.enter", "registry.more"))
    edited = REGISTRY.replace("    limit = 1\n", f"    limit = 1\n{MORE}")
    path = live.root / f"{live.other_name}.py"
    path.write_text(edited, encoding="utf-8")
    livepatch.reload(module, library)

    assert library.registry.items == [library.f, module.g]
    assert "more" in vars(library.Registry)


HOLDER = """
class Registry:
    def __init__(self):
        self.items, self.table = [], {}
    def enter(self, function):
        self.items.append(function)
        self.table[function.__name__] = function
        return function
registry = Registry()
"""
# Ways to say that a function is entered.
ENTERED = {
    "decorator": "@registry.enter\ndef f(): return 1\n",
    "lambda": "@(lambda f: registry.enter(f))\ndef f(): return 1\n",
    "call": "def f(): return 1\nregistry.enter(f)\n",
    "assignment": "def f(): return 1\nf = registry.enter(f)\n",
    "loop": "def f(): return 1\nfor each in [f]: registry.enter(each)\n",
    "another body": "@registry.enter\ndef f(): return 2\n",
    "call and another body": "def f(): return 2\nregistry.enter(f)\n",
}


@pytest.mark.parametrize("after", ENTERED)
@pytest.mark.parametrize("before", ["decorator", "lambda", "another body"])
def test_what_a_decorator_had_entered_is_entered_in_another_way(
    live: LiveModule, before: str, after: str
) -> None:
    module = live.start(HOLDER + ENTERED[before])
    report = live.edit(HOLDER + ENTERED[after], rerun="changed")

    assert (module.registry.items, module.registry.table) == ([module.f], {"f": module.f})

    report.undo()

    assert (module.registry.items, module.registry.table) == ([module.f], {"f": module.f})


LACKS = {
    "decorator": "@registry.enter\ndef f(): return 1\n",
    "decorator called": "@registry.named('f')\ndef f(): return 1\n",
    "builder": "registry.enter(len)\n",
}


@pytest.mark.parametrize("statement", LACKS.values(), ids=LACKS)
def test_error_on_an_object_that_stays_says_how_to_make_it_anew(
    live: LiveModule, statement: str
) -> None:
    source = HOLDER.replace(
        "registry =", "    def named(self, name): return self.enter\nregistry ="
    )
    module = live.start(source + statement)
    edited = source.replace(
        "        self.items.append(function)", "        self.seen.append(function)"
    ).replace("self.items, self.table = [], {}", "self.items, self.table, self.seen = [], {}, []")
    with pytest.raises(AttributeError, match="seen") as raised:
        live.edit(
            edited + statement.replace("f()", "f(x=1)").replace("len", "abs"), rerun="changed"
        )

    if sys.version_info >= (3, 11):  # exceptions take no notes before
        remedy = f"livepatch.reload({live.name!r}, rerun=('registry',))"
        assert remedy in raised.value.__notes__[-1]
    live.reload(rerun=("registry",))
    assert module.registry.seen


ASKED = """
import functools
from LIVE import LIMIT, settings
def beside(): return LIMIT
@functools.cache
def asked(): return LIMIT
@functools.cache
def through(): return beside()
@functools.cache
def else_(): return 1
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_caches_of_importers_forget_what_was_imported(live: LiveModule, rerun: str) -> None:
    live.start("LIMIT = 1\nsettings = 2\n")
    other = live.other(ASKED)
    assert (other.asked(), other.through(), other.else_()) == (1, 1, 1)
    report = live.change("LIMIT = 1", "LIMIT = 5", rerun=rerun)

    assert (other.asked(), other.through()) == (5, 5)
    assert other.else_.cache_info().currsize == 1
    report.undo()
    assert (other.asked(), other.through()) == (1, 1)


NO_REMEDY = {
    "an imported module": "@functools.lru_cache(maxsize='x')\ndef g(): return 1\n",
    "the body of a class": "@registry.enter\nclass C: x = 1 / 0\n",
    "a default": "@registry.enter\ndef g(a=1 / 0): return 1\n",
}


@pytest.mark.parametrize("statement", NO_REMEDY.values(), ids=NO_REMEDY)
def test_error_that_is_not_of_an_object_names_no_object(live: LiveModule, statement: str) -> None:
    live.start(f"import functools\n{HOLDER}")
    with pytest.raises((TypeError, ZeroDivisionError)) as raised:
        live.edit(f"import functools\n{HOLDER}{statement}", rerun="changed")

    assert "rerun=(" not in "".join(getattr(raised.value, "__notes__", ()))


def test_a_list_with_attributes_is_no_obstacle(live: LiveModule) -> None:
    source = """
class Names(list): pass
NAMES = Names()
def enter(f): NAMES.append(f.__name__); NAMES.last = f.__name__; return f
@enter
def b(): return 2
"""
    module = live.start(source)
    live.change("def b()", "def b(x=1)", rerun="changed")

    assert (module.b(), module.NAMES[-1], module.NAMES.last) == (2, "b", "b")


@pytest.mark.parametrize("seed", ["1", "6"])
def test_of_two_classes_in_a_record_the_one_that_has_gone_leaves(
    monkeypatch: pytest.MonkeyPatch, seed: str
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", seed)
    run_in_child("""
        SOURCE = '''
        PAIRS = []
        def pair(other):
            def enter(cls):
                PAIRS.append((other, cls))
                return cls
            return enter
        class Zero: pass
        @pair(Zero)
        class First: x = 1
        '''
        module = live.start(SOURCE + "@pair(First)\\nclass Second: x = 1\\n")
        live.edit(SOURCE.replace("x = 1", "x = 2"), rerun="changed")
        names = [[each.__name__ for each in pair] for pair in module.PAIRS]
        assert names == [["Zero", "First"]], names
    """)
