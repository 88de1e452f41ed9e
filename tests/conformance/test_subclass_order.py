"""``__subclasses__()`` is a registry too: its order stays, whoever is given other bases."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

PLUGINS = """
    class Base: pass
    class Mixin: pass
    class First(Base): pass
    class Second(Base):
        def name(self): return 1
    class Third(Base): pass
"""
EDITS = {
    "base added": ("First(Base)", "First(Base, Mixin)"),
    "base replaced": ("class Base: pass", "class Base(Mixin): pass"),
    "layout": ("class First(Base): pass", "class First(Base): __slots__ = ('a',)"),
    "layout of the base": ("class Base: pass", "class Base:\n    __slots__ = ('a',)\n   "),
}


def _names(base: type) -> list[str]:
    return [cls.__name__ for cls in base.__subclasses__()]


@pytest.mark.sampled(5)
@pytest.mark.parametrize("edit", EDITS)
def test_subclasses_keep_their_order(live: LiveModule, edit: str) -> None:
    source = PLUGINS if edit != "base replaced" else _with_mixin_first(PLUGINS)
    module = live.start(source)
    elsewhere = live.other("from LIVE import Base\nclass Fourth(Base): pass\n")
    report = live.change(*EDITS[edit])

    assert _names(module.Base) == ["First", "Second", "Third", "Fourth"]
    assert module.Base.__subclasses__()[3] is elsewhere.Fourth

    report.undo()

    assert _names(module.Base) == ["First", "Second", "Third", "Fourth"]


def test_subclasses_of_a_base_elsewhere_keep_their_order(live: LiveModule) -> None:
    other = live.other("class Base: pass\nclass Mixin: pass\n")
    live.start("""
        from OTHER import Base, Mixin
        class First(Base): pass
        class Second(Base): pass
    """)
    live.change("First(Base)", "First(Base, Mixin)")

    assert _names(other.Base) == ["First", "Second"]
    assert _names(other.Mixin) == ["First"]

    live.change("First(Base, Mixin)", "First(Mixin, Base)")

    assert _names(other.Base) == ["First", "Second"]


def test_a_subclass_that_comes_stands_where_its_statement_does(live: LiveModule) -> None:
    module = live.start(PLUGINS)
    live.change("class First", "class Zeroth(Base): pass\nclass First")

    assert _names(module.Base) == ["Zeroth", "First", "Second", "Third"]


def test_a_class_that_gets_its_base_back_is_last(live: LiveModule) -> None:
    module = live.start(PLUGINS)
    live.change("First(Base)", "First(Mixin)")
    live.change("First(Mixin)", "First(Base)")

    assert _names(module.Base) == ["Second", "Third", "First"]


def _with_mixin_first(source: str) -> str:
    return source.replace("    class Mixin: pass\n", "").replace(
        "    class Base", "    class Mixin: pass\n    class Base"
    )
