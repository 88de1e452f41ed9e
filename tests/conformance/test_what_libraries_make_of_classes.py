"""What libraries make of classes, keep aside, and remember of them: as a fresh import has it."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(3)

ANNOTATED = """
    class Said:
        def __init__(self, type_): self.type = type_
    class Field:
        def __init__(self, function):
            self.base, self.said = function, Said(function.__annotations__["return"])
    def made(cls):
        for name, value in list(vars(cls).items()):
            if isinstance(value, Field):
                cls.__annotations__[name] = value.said
        cls.fields = {k: v for k, v in vars(cls).items() if isinstance(v, Field)}
        return cls
"""


def test_annotations_that_a_decorator_writes_are_those_of_the_new_functions(
    live: LiveModule,
) -> None:
    home = live.other(ANNOTATED)
    source = (
        f"from {home.__name__} import Field, made\n@made\nclass User:\n    name: str = 'ada'\n"
        "    @Field\n    def age(self) -> int: return 1\n"
    )
    module = live.start(source)
    held = module.User
    report = live.change("-> int: return 1", "-> str: return 'one'")

    assert module.User.fields["age"].said.type is str
    assert module.User.__annotations__["age"] is module.User.fields["age"].said
    assert held is module.User

    report.undo()

    assert held.fields["age"].said.type is int
    assert held.__annotations__["age"].type is int


PARAMETERS = """
    class Parameter: pass
    class Private:
        def __init__(self): self.known = {}
    class Names:
        def __init__(self): self.private = Private()
    class Meta(type):
        def __new__(mcs, name, bases, attributes):
            cls = super().__new__(mcs, name, bases, attributes)
            cls._names = Names()
            return cls
        def names(cls):
            known = vars(cls)["_names"].private.known
            if not known:
                for base in cls.__mro__[::-1]:
                    known |= {k: v for k, v in vars(base).items() if isinstance(v, Parameter)}
            return sorted(known)
    class Parameterized(metaclass=Meta): pass
"""


def test_what_a_class_has_put_aside_of_its_bases_is_asked_for_again(live: LiveModule) -> None:
    home = live.other(PARAMETERS)
    source = (
        f"from {home.__name__} import Parameterized, Parameter\nclass P(Parameterized):\n"
        "    a = Parameter()\nclass Q(P):\n    c = Parameter()\n"
    )
    module = live.start(source)
    assert module.Q.names() == ["a", "c"]
    report = live.change("a = Parameter()", "a = Parameter()\n    b = Parameter()")

    assert module.Q.names() == ["a", "b", "c"]

    report.undo()

    assert module.Q.names() == ["a", "c"]


def test_a_store_of_an_object_that_a_metaclass_gives_stays(live: LiveModule) -> None:
    home = live.other(PARAMETERS)
    source = (
        f"from {home.__name__} import Parameterized, Parameter\nclass P(Parameterized):\n"
        "    x = 1\nclass Q(P):\n    def run(self): return 1\n"
    )
    module = live.start(source)
    module.Q._names.private.known["user"] = "ada"
    store = module.Q._names
    live.change("x = 1", "x = 2")

    assert module.Q._names is store
    assert store.private.known == {"user": "ada"}


REMEMBERED = """
    import functools
    @functools.lru_cache(maxsize={size})
    def fields_of(cls): return sorted(cls.__annotations__)
    @functools.lru_cache(maxsize={size})
    def only(cls): return [cls()]
    @functools.lru_cache(maxsize={size})
    def size(n): return [n]
"""


@pytest.mark.parametrize("size", ["None", "8"])
def test_what_a_cache_elsewhere_remembers_of_a_class_that_changed(
    live: LiveModule, size: str
) -> None:
    home = live.other(REMEMBERED.replace("{size}", size))
    source = """
        from dataclasses import dataclass
        @dataclass
        class Card:
            x: int = 0
            def run(self): return 1
    """
    module = live.start(source)
    one, kept = home.only(module.Card), home.size(1)
    assert home.fields_of(module.Card) == ["x"]
    live.change("return 1", "return 2")
    live.change("x: int = 0", "x: int = 0\n    y: int = 1")

    assert home.fields_of(module.Card) == ["x", "y"]
    # A key in C memory cannot be exchanged for the class that replaces it.
    assert (home.only(module.Card) is one) is (live.strategy == "auto" or size == "None")
    assert home.size(1) is kept
    assert one[0].run() == 2


def test_instances_of_a_class_that_says_a_slot_twice_are_made_anew(live: LiveModule) -> None:
    module = live.start('class P:\n    __slots__ = ["x", "y", "x"]\n')
    point = module.P()
    point.x, point.y = 1, 2
    report = live.edit('class P:\n    __slots__ = ["x", "y", "x", "z"]\n')

    assert report.ok
    assert (point.x, point.y) == (1, 2)
    assert type(point) is module.P
