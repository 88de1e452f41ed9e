"""What upgrades of packages that had not been tried before found, made small."""

from __future__ import annotations

import ast

import pytest

import livepatch
from livepatch.testing import assert_current
from tests.live import LiveModule, Rerun

pytestmark = pytest.mark.parametrize("rerun", ["all", "changed"])

SLOTTED = """
    class Meta(type):
        def __new__(cls, name, bases, attrs): return super().__new__(cls, name, bases, attrs)
    class Gen(metaclass=Meta):
        __slots__ = ("a",)
        def __init__(self): self.a = 1
"""


def test_a_subclass_elsewhere_is_copied_where_the_metaclass_ran_again(live: LiveModule) -> None:
    module = live.start(SLOTTED)
    other = live.other(
        "from LIVE import Gen, Meta\n"
        "class Own(Gen): pass\n"
        "class Sub(Meta): pass\n"
        "class Far(Gen, metaclass=Sub): pass\n"
    )
    held = [module.Gen(), other.Own(), other.Far()]
    report = live.edit(SLOTTED.replace('("a",)', '("a", "b")'))

    assert [type(each) for each in held] == [module.Gen, other.Own, other.Far]
    assert all(isinstance(each, module.Gen) for each in held)
    assert [type(each) for each in (module.Gen, other.Own, other.Far)] == [
        module.Meta,
        module.Meta,
        other.Sub,
    ]
    assert other.Sub.__bases__ == (module.Meta,)
    assert_current(module)

    report.undo()

    assert [type(each) for each in held] == [module.Gen, other.Own, other.Far]
    assert [type(each) for each in (module.Gen, other.Own)] == [module.Meta, module.Meta]


DIAMOND = """
    class Meta(type):
        def __new__(cls, name, bases, attrs): return super().__new__(cls, name, bases, attrs)
    class Node(metaclass=Meta):
        __slots__ = ("a",)
        def __init__(self): self.a = 1
        def size(self): return 1
    class Unit(Node): kinds = {"a": 1}
    class Func(Node): kinds = {"a": 1}
    class Op(Unit): kinds = {"a": 1}
    class Add(Func, Op): kinds = {"a": 1}
    class Sub(Func, Op): kinds = {"a": 1}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"a": 1', '"b": 1'),
        ("name, bases, attrs", "name, bases, said"),
        ("return 1", "return super().__hash__()"),
        ("class Meta(type):", "class Top(type): pass\n    class Meta(Top):"),
        ("class Sub(Func, Op)", "class Sub(Op, Func)"),
        ("class Sub(Func, Op)", "class Sub(Op)"),
    ],
)
def test_two_ways_lead_to_a_class_with_slots_and_a_metaclass(
    live: LiveModule, before: str, after: str
) -> None:
    module = live.start(DIAMOND)
    other = live.other(
        "from LIVE import Add, Func, Op\n"
        "class Own(Add): pass\n"
        "class Both(Func, Op): pass\n"
    )
    held = [module.Add(), module.Sub(), other.Own(), other.Both()]
    orders = [[each.__name__ for each in cls.__mro__] for cls in map(type, held)]
    report = live.edit(DIAMOND.replace(before, after))

    classes = [module.Add, module.Sub, other.Own, other.Both]
    assert [type(each) for each in held] == classes
    assert all(isinstance(each, module.Node) for each in held)
    assert all(type(cls) is module.Meta for cls in classes)
    assert other.Both.__bases__ == module.Add.__bases__ == (module.Func, module.Op)
    assert_current(module)

    report.undo()

    classes = [module.Add, module.Sub, other.Own, other.Both]
    assert [type(each) for each in held] == classes
    assert [[each.__name__ for each in cls.__mro__] for cls in classes] == orders
    assert all(isinstance(each, module.Node) for each in held)


TREE = """
    import ast, random
    class Node:
        def __init__(self, name): self.name = name
    class Leaf(Node):
        def text(self): return self.name
"""


def test_a_class_comes_to_derive_from_a_type_that_c_code_made_like_a_class(
    live: LiveModule,
) -> None:
    module = live.start(TREE)
    other = live.other("from LIVE import Leaf\nclass Own(Leaf): pass\n")
    held = [module.Leaf("x"), other.Own("y")]
    report = live.edit(TREE.replace("class Node:", "class Node(ast.AST):"))

    assert [type(each) for each in held] == [module.Leaf, other.Own]
    assert [each.text() for each in held] == ["x", "y"]
    assert all(isinstance(each, ast.AST) for each in held)

    report.undo()

    assert [type(each) for each in held] == [module.Leaf, other.Own]
    assert [each.text() for each in held] == ["x", "y"]
    assert not any(isinstance(each, ast.AST) for each in held)


def test_one_that_keeps_something_of_its_own_is_refused_and_withdrawn(
    live: LiveModule, caplog: pytest.LogCaptureFixture
) -> None:
    module = live.start(TREE)
    other = live.other("from LIVE import Leaf\nclass Own(Leaf): pass\n")
    held = [module.Leaf("x"), other.Own("y")]
    with pytest.raises(livepatch.ReloadRefused, match="1 live instances cannot take"):
        live.edit(TREE.replace("class Node:", "class Node(random.Random):"))

    assert [type(each) for each in held] == [module.Leaf, other.Own]
    assert [each.text() for each in held] == ["x", "y"]
    assert "could not be withdrawn" not in caplog.text
