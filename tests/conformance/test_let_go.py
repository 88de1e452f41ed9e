"""``Base.__subclasses__()`` names no class that has gone, where it can have another base."""

from __future__ import annotations

import pytest

from livepatch import ReloadRefused
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(6)

BASES = {
    "plain": "class Base: pass",
    "abstract": """
    import abc
    class Base(abc.ABC): pass""",
    "generic": """
    import typing
    class Base(typing.Generic[typing.TypeVar('T')]): pass""",
    "a metaclass": """
    class Meta(type):
        def mro(cls): return type.mro(cls)
    class Base(metaclass=Meta): pass""",
}
BELOW = """
    def plain(cls): return cls
    class C(Base):
        def hit(self): return 1
    class D(C): pass
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_a_class_that_has_gone_is_named_by_no_base(live: LiveModule, base: str, rerun: str) -> None:
    first = "\n    " + base.lstrip()
    module = live.start(first + BELOW)
    report = live.edit(first + BELOW.replace("class D(C): pass", ""), rerun=rerun)
    assert module.C.__subclasses__() == [], report
    report = live.edit(first, rerun=rerun)
    assert report.ok, report
    assert module.Base.__subclasses__() == [], report

    report.undo()
    assert module.Base.__subclasses__() == [module.C]
    assert module.C.__mro__ == (module.C, *module.Base.__mro__)
    assert module.C().hit() == 1


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_a_class_that_is_replaced_is_named_once(live: LiveModule, base: str, rerun: str) -> None:
    first = "\n    " + base.lstrip()
    module = live.start(first + BELOW)
    held = module.D()
    for edit in (
        "@plain\n    class C(Base)",
        "class Aside: pass\n    class C(Base, Aside)",
    ):
        text = BELOW.replace("class C(Base)", edit).replace("return 1", "return 2")
        report = live.edit(first + text, rerun=rerun)
        assert report.ok, report
        assert module.Base.__subclasses__() == [module.C]
        assert module.C.__subclasses__() == [module.D] == [type(held)]
        assert held.hit() == 2
        report.undo()
        assert module.Base.__subclasses__() == [module.C]
        assert module.C.__subclasses__() == [module.D] == [type(held)]
        assert held.hit() == 1


OWN_ORDER = """
    class Meta(type):
        def mro(cls):
            first, *others, last = type.mro(cls)
            return [first, *sorted(others, key=lambda each: each.__name__), last]
    class Root:
        __slots__ = ("a",)
    class Zed(Root, metaclass=Meta):
        __slots__ = ("x",)
    class AAA(Zed):
        __slots__ = ("y",)
"""


def test_a_class_with_slots_whose_metaclass_orders_its_bases_is_refused(live: LiveModule) -> None:
    module = live.start(OWN_ORDER)
    held, order = module.AAA(), module.AAA.__mro__
    edited = OWN_ORDER.replace("class AAA", "def plain(cls): return cls\n    @plain\n    class AAA")
    with pytest.raises(ReloadRefused) as refused:
        live.edit(edited, rerun="all")
    assert {each.code for each in refused.value.refusals} == {"LP124"}
    assert type(held) is module.AAA
    assert module.AAA.__mro__ == order


def test_a_class_that_has_gone_and_uses_super_is_named_by_no_base(live: LiveModule) -> None:
    source = """
    class Base:
        def f(self): return 1
    class C(Base):
        def f(self): return super().f()
        @property
        def g(self): return super().f()
    """
    module = live.start(source)
    for rerun in ("all", "changed"):
        report = live.edit(source.partition("    class C")[0], rerun=rerun)
        assert not report.notices, report
        assert module.Base.__subclasses__() == []
        report.undo()
        assert module.Base.__subclasses__() == [module.C]
        assert module.C().f() == module.C().g == 1
