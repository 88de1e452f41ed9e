"""Methods that a library makes from text for a class (attrs, collections.namedtuple), held."""

from __future__ import annotations

import functools
import gc
from typing import Any

import pytest

import livepatch
from tests.codes import named
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

POINT = """
    import attrs
    @attrs.define
    class Point:
        x: int = 0
        def double(self): return self.x * 2
"""


def made_methods(cls: type) -> dict[str, Any]:
    names = ("__init__", "__repr__", "__eq__")
    return {name: cls.__dict__[name] for name in names}


@pytest.mark.parametrize("mark", ["attrs.define", "attrs.define(slots=False)"])
def test_held_attrs_methods_follow_a_field_that_is_added(live: LiveModule, mark: str) -> None:
    module = live.start(POINT.replace("attrs.define", mark))
    held = made_methods(module.Point)
    keyed = {held["__init__"]: "init"}
    live.change("x: int = 0\n", "x: int = 0\n    y: int = 7\n")

    assert held == made_methods(module.Point)
    assert list(keyed) == [module.Point.__init__]
    assert module.Point(1, 2).y == 2


def test_held_attrs_methods_stay_when_a_body_changes(live: LiveModule) -> None:
    module = live.start(POINT)
    held = made_methods(module.Point)
    live.change("self.x * 2", "self.x * 3")

    assert held == made_methods(module.Point)
    assert repr(module.Point(4)) == "Point(x=4)"
    assert module.Point(4) == module.Point(4)


def test_held_attrs_methods_come_back_with_undo(live: LiveModule) -> None:
    module = live.start(POINT)
    held = made_methods(module.Point)
    report = live.change("x: int = 0\n", "x: int = 0\n    y: int = 7\n")
    report.undo()

    assert held == made_methods(module.Point)
    assert repr(module.Point(4)) == "Point(x=4)"


def test_an_attrs_default_that_changes_reaches_who_holds_the_init(live: LiveModule) -> None:
    module = live.start(POINT)
    point = module.Point(5)
    make = point.__init__
    live.change("x: int = 0", "x: int = 9")
    make()

    assert point.x == 9


def test_an_attrs_init_that_is_written_by_hand_now(live: LiveModule) -> None:
    module = live.start(POINT)
    held = [module.Point.__init__]
    live.change("x: int = 0\n", "x: int = 0\n    def __init__(self): self.x = 8\n")

    assert held[0] is module.Point.__init__
    assert module.Point().x == 8


def test_an_init_written_by_hand_that_attrs_makes_now(live: LiveModule) -> None:
    written = POINT.replace("x: int = 0\n", "x: int = 0\n        def __init__(self): self.x = 8\n")
    module = live.start(written)
    held = [module.Point.__init__]
    live.edit(POINT)

    assert held[0] is module.Point.__init__
    assert module.Point().x == 0


def test_an_attrs_method_that_is_made_no_more_is_reported(live: LiveModule) -> None:
    module = live.start(POINT)
    held = [module.Point.__init__]
    report = live.change("attrs.define", "attrs.define(init=False)")

    assert f"{live.name}.Point.__init__" in [each.path for each in report.notices]
    assert "__init__" not in vars(module.Point)
    assert held[0].__name__ == "__init__"


def test_the_constructor_of_a_named_tuple_follows_its_fields(live: LiveModule) -> None:
    module = live.start('import collections\nPair = collections.namedtuple("Pair", "a b")\n')
    held = [module.Pair.__new__]
    live.change('"a b"', '"a b c"')

    assert held[0] is module.Pair.__new__
    assert module.Pair(1, 2, 3).c == 3


def test_a_class_whose_attributes_were_copied_elsewhere_is_let_go(live: LiveModule) -> None:
    # functools.wraps copies the descriptors of its dict and weak references, which refer to it.
    module = live.start(
        """
        import functools
        class Missing: pass
        registry = functools.singledispatch(Missing)
        """
    )
    wrapper = functools.wraps(module.Missing)(lambda: None)
    live.change("class Missing: pass", "class Missing:\n    found = False")
    livepatch.keep_history(0)  # which holds it for livepatch.undo()
    livepatch.keep_history(10)
    gc.collect()
    alive = [each for each in gc.get_objects() if type(each) is type and each.__name__ == "Missing"]

    assert [each for each in alive if each.__module__ == live.name] == [module.Missing]
    assert wrapper.__wrapped__ is module.Missing


def test_a_data_class_that_becomes_a_named_tuple_keeps_who_holds_its_repr(
    live: LiveModule,
) -> None:
    head = "import dataclasses, typing\n"
    module = live.start(head + "@dataclasses.dataclass\nclass Pair:\n    a: int\n")
    held = [module.Pair.__repr__]
    pair = module.Pair(3)
    report = live.edit(head + "class Pair(typing.NamedTuple):\n    a: int\n")

    assert held[0] is module.Pair.__repr__
    assert repr(pair) == "Pair(a=3)"
    assert not named(report.notices, "monkeypatch", "__repr__")


def test_a_repr_that_dataclasses_make_no_more_is_reported(live: LiveModule) -> None:
    module = live.start("import dataclasses\n@dataclasses.dataclass\nclass Pair:\n    a: int = 0\n")
    held = [module.Pair.__repr__]
    report = live.edit("class Pair: pass\n")

    assert f"{live.name}.Pair.__repr__" in [each.path for each in report.notices]
    assert held[0] is not module.Pair.__repr__


SERIALISED = """
    TEXT = "def to_dict(self): return {'text': 1}"
    def with_to_dict(cls):
        namespace = {"__name__": "elsewhere"}
        exec(TEXT, namespace)
        cls.to_dict = namespace["to_dict"]
        return cls
    @with_to_dict
    class Point:
        def text(self): return 1
"""


@pytest.mark.one_mode("what a decorator has read is kept, and named")
@pytest.mark.parametrize("bases", ["", "(Exception)"])
def test_held_methods_from_text_that_names_no_class_follow(live: LiveModule, bases: str) -> None:
    source = SERIALISED.replace("class Point", f"class Point{bases}")
    module = live.start(source)
    method, function = module.Point().to_dict, module.Point.to_dict
    report = live.edit(source.replace("'text': 1", "'text': 2").replace("return 1", "return 2"))

    assert method.__func__ is function is module.Point.to_dict
    assert method() == {"text": 2}
    assert named(report.notices, "monkeypatch", "to_dict") == []

    report.undo()

    assert method.__func__ is function is module.Point.to_dict
    assert method() == {"text": 1}
