"""Faults that modules found which a stranger wrote: odd definitions, held oddly, edited oddly."""

from __future__ import annotations

import copy

import pytest

from livepatch.testing import assert_like_fresh
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

MAKERS = {
    "metaclass": """\
class Meta(type):
    def __new__(mcs, name, bases, namespace, tag=None):
        cls = super().__new__(mcs, name, bases, namespace)
        cls.tag = tag
        return cls
    def __init__(cls, name, bases, namespace, tag=None):
        super().__init__(name, bases, namespace)
class Root(metaclass=Meta): pass
""",
    "__init_subclass__": """\
class Root:
    def __init_subclass__(cls, tag=None):
        cls.tag = tag
""",
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_what_inherited_code_makes_of_a_class_follows_that_code(
    live: LiveModule, maker: str
) -> None:
    source = maker + "class A(Root, tag='a'): pass\nclass B(A, tag='b'): pass\n"
    module = live.start(source)
    held = module.B()
    live.edit(source.replace("cls.tag = tag", "cls.tag = [tag]"))

    assert (module.A.tag, module.B.tag, held.tag) == (["a"], ["b"], ["b"])


def test_what_copyreg_remembers_of_a_class_is_no_difference(live: LiveModule) -> None:
    module = live.start("class Player:\n    def hit(self): return 1\n")
    copy.copy(module.Player())
    live.change("return 1", "return 2")
    copy.copy(module.Player())

    assert_like_fresh(module)
