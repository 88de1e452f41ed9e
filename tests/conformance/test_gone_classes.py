"""A class goes from the source: registers and ``__subclasses__()`` do not list it any more."""

from __future__ import annotations

import gc
import sys
import textwrap
from types import MemberDescriptorType
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["all", "changed"]),
    pytest.mark.sampled(13),
]

LISTED = """
class Base: pass
class A(Base): pass
class B(Base): pass
class C(B): pass
"""
GONE = "class B(Base): pass\nclass C(B): pass\n"


def names(classes: Any) -> list[str]:
    return sorted(each.__name__ for each in classes)


def test_class_that_has_gone_is_no_subclass_any_more(live: LiveModule) -> None:
    module = live.start(LISTED)
    report = live.change(GONE, "")

    assert names(module.Base.__subclasses__()) == ["A"]
    assert not report.notices


def test_class_that_has_gone_is_a_subclass_again_after_the_undo(live: LiveModule) -> None:
    module = live.start(LISTED)
    report = live.change(GONE, "")
    report.undo()

    assert names(module.Base.__subclasses__()) == ["A", "B"]
    assert module.C.__mro__ == (module.C, module.B, module.Base, object)


@pytest.mark.parametrize("held", ["class", "instance", "subclass", "elsewhere"])
def test_class_that_has_gone_and_is_held_stays_one(live: LiveModule, held: str) -> None:
    module = live.start(LISTED)
    kept: Any = {
        "class": lambda: module.B,
        "instance": module.B,
        "subclass": lambda: module.C,
        "elsewhere": lambda: live.other("from LIVE import B\nclass D(B): pass\n"),
    }[held]()
    report = live.change(GONE, "")

    assert names(module.Base.__subclasses__()) == ["A", "B"]
    assert "LP306" in {each.code for each in report.notices}
    assert kept is not None


def test_a_dry_run_leaves_the_subclasses_there_are(live: LiveModule) -> None:
    module = live.start(LISTED)
    live.change(GONE, "", dry_run=True)
    gc.collect()

    assert names(module.Base.__subclasses__()) == ["A", "B"]


PLUGINS = """
class Plugin:
    registry = {}
    order = []
    def __init_subclass__(cls, name=None):
        super().__init_subclass__()
        Plugin.registry[name or cls.__name__] = cls
        Plugin.order.append(cls)
class A(Plugin): pass
class B(Plugin, name="bee"): pass
"""


def test_class_that_has_gone_leaves_the_registers_that_to_derive_enters_it_in(
    live: LiveModule,
) -> None:
    module = live.start(PLUGINS)
    report = live.change('class B(Plugin, name="bee"): pass\n', "class C(Plugin): pass\n")

    assert module.Plugin.registry == {"A": module.A, "C": module.C}
    assert module.Plugin.order == [module.A, module.C]
    assert names(module.Plugin.__subclasses__()) == ["A", "C"]
    assert not report.notices
    report.undo()
    assert module.Plugin.registry == {"A": module.A, "bee": module.B}
    assert names(module.Plugin.__subclasses__()) == ["A", "B"]


def test_what_the_program_keeps_of_a_class_that_has_gone_stays(live: LiveModule) -> None:
    module = live.start(PLUGINS)
    chosen = [module.B]
    report = live.change('class B(Plugin, name="bee"): pass\n', "")

    assert names(chosen) == ["B"]
    assert module.Plugin.registry == {"A": module.A}
    assert "LP306" in {each.code for each in report.notices}


BASES = """
class AppError(?): pass
class NotFound(AppError): pass
"""
BETWEEN = """
class AppError(?): pass
class HttpError(AppError): pass
class NotFound(HttpError): pass
"""


@pytest.mark.parametrize("base", ["Exception", "OSError", "dict", "list", "object"])
def test_class_below_a_built_in_one_stands_once_among_the_subclasses(
    live: LiveModule, base: str
) -> None:
    before, after = (each.replace("?", base) for each in (BASES, BETWEEN))
    module = live.start(before)
    held = [module.NotFound()]
    for source, expected in [(after, ["HttpError"]), (before, ["NotFound"])] * 2:
        report = live.edit(source)
        gc.collect()

        assert names(module.AppError.__subclasses__()) == expected
        assert type(held[0]) is module.NotFound
    report.undo()
    assert names(module.AppError.__subclasses__()) == ["HttpError"]
    assert isinstance(held[0], module.HttpError)


# Of what CPython lets no class be given another base: built-in types, slots, what orders its bases.
HARD_BASES = {
    "built-in": "Base = ValueError\n",
    "of any size": "Base = tuple\n",
    "buffer": "Base = bytearray\n",
    "plain": "class Base: pass\n",
    "slots": "class Base: __slots__ = ('x', '__weakref__')\n",
    "slots below slots": """
        class First: __slots__ = ("w",)
        class Base(First): __slots__ = ("x",)
    """,
    "protocol": """
        from typing import Protocol
        class Base(Protocol):
            def price(self) -> int: ...
    """,
    "ordered by a metaclass": """
        class Meta(type):
            def mro(cls): return type.mro(cls)
        class Base(metaclass=Meta): __slots__ = ("x",)
    """,
    "built-in and plain": """
        class Plain: pass
        class Base(Plain, KeyError): pass
    """,
    "named tuple": """
        from collections import namedtuple
        Base = namedtuple("Base", "x")
    """,
}


ONE = "from OTHER import Base\nclass Sub(Base):\n    kind = 1\nclass Gone(Base): pass\n"
TWO = "from OTHER import Base\nclass Mixin: plain = True\nclass Sub(Mixin, Base):\n    kind = 2\n"


def names_below(module: Any) -> list[str]:
    """Name the module's own classes below its base, in order where CPython lets that be kept."""
    classes = type.__subclasses__(module.Base)
    if module.Base.__module__ == "builtins":
        classes.sort(key=lambda each: each.__name__, reverse=True)
    return [each.__name__ for each in classes if each.__module__ == module.__name__]


def as_text(cls: Any) -> str:
    """Make an instance in some way that its base knows, and say what it is like."""
    made = cls(b"a") if issubclass(cls, (tuple, ValueError, bytearray)) else cls.__new__(cls)
    if type(getattr(cls, "x", None)) is MemberDescriptorType:
        made.x = 1
    views = [bytes(memoryview(made))] if issubclass(cls, bytearray) else []
    return f"{made!r:.20} {views} {getattr(made, 'x', None)}"


@pytest.mark.sampled(13)
@pytest.mark.parametrize("base", HARD_BASES)
def test_class_below_any_base_stands_once_among_the_subclasses(live: LiveModule, base: str) -> None:
    live.other(textwrap.dedent(HARD_BASES[base]))
    module = live.start(ONE)
    text = as_text(module.Gone)
    orders = str((module.Sub.__mro__, module.Gone.__mro__))
    report = live.edit(TWO)
    counts = []
    for _ in range(5):
        gc.collect()
        assert names_below(module) == ["Sub"]
        assert module.Sub.kind == 2
        report.undo()
        gc.collect()
        assert names_below(module) == ["Sub", "Gone"]
        assert str((module.Sub.__mro__, module.Gone.__mro__)) == orders
        assert module.Sub.kind == 1
        assert as_text(module.Gone) == text
        counts.append(sys.getrefcount(module.Base))
        report = live.reload()

    assert counts[-1] - counts[2] == 0  # no exchange keeps or frees it
