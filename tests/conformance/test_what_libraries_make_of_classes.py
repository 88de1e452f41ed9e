"""What libraries make of classes, keep aside, and remember of them: as a fresh import has it."""

from __future__ import annotations

import sys

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
    assert held is module.User
    if sys.version_info < (3, 14):  # there they are computed again, without what was written
        assert module.User.__annotations__["age"] is module.User.fields["age"].said

    report.undo()

    assert held.fields["age"].said.type is int
    if sys.version_info < (3, 14):
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
    def fields_of(cls): return tuple(cls.__annotations__)
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
    assert home.fields_of(module.Card) == ("x",)
    live.change("return 1", "return 2")
    live.change("x: int = 0", "x: int = 0\n    y: int = 1")

    assert home.fields_of(module.Card) == ("x", "y")
    if live.strategy == "auto" or size == "None":  # a key in C memory cannot be exchanged (LP201)
        assert home.only(module.Card) is one
    assert home.size(1) is kept
    assert one[0].run() == 2


@pytest.mark.parametrize("size", ["None", "8"])
def test_a_cache_elsewhere_that_may_hold_state_of_a_class_stays_and_is_named(
    live: LiveModule, size: str
) -> None:
    home = live.other(f"""
        import functools
        @functools.lru_cache(maxsize={size})
        def store(cls): return {{"count": 0}}
        @functools.lru_cache(maxsize={size})
        def made(cls): return Part()
    """)
    source = f"""
        import {home.__name__}
        class Card:
            limit = 1
        class Part(Card): pass
        {home.__name__}.Part = Part
    """
    module = live.start(source)
    home.store(module.Card)["count"] = 7
    part = home.made(module.Card)
    report = live.change("limit = 1", "limit = 2")

    if live.strategy == "auto" or size == "None":
        assert home.store(module.Card) == {"count": 7}
        assert home.made(module.Card) is part
        path = f"{home.__name__}.store"
        assert [each.code for each in report.notices if each.path == path] == ["LP313"]


def test_a_cache_elsewhere_of_a_closure_with_state_stays(live: LiveModule) -> None:
    home = live.other("""
        import functools
        @functools.cache
        def counter(cls):
            count = 0
            def more():
                nonlocal count
                count += 1
                return count
            return more
    """)
    module = live.start("class Card:\n    limit = 1\n")
    home.counter(module.Card)()
    report = live.change("limit = 1", "limit = 2")

    assert home.counter(module.Card)() == 2
    assert [each.code for each in report.notices if each.path.endswith("counter")] == ["LP313"]


@pytest.mark.parametrize("decorator", ["lru_cache", "lru_cache(maxsize=None)"])
def test_a_cache_that_does_not_say_what_it_is_around(live: LiveModule, decorator: str) -> None:
    source = (
        f"import functools\n@functools.{decorator}\ndef f(x): return x\ndel f.__wrapped__\n"
        "class P:\n    a = 1\n"
    )
    module = live.start(source)
    held, cls = module.f, module.f(module.P)
    report = live.change("a = 1", "a = 2")

    assert held is module.f or live.rerun == "all"
    assert held(module.P) is module.f(module.P) is module.P
    assert cls.a == 2 or "LP201" in {each.code for each in report.notices}


def test_a_lock_that_an_object_shares_with_its_class_is_no_table_of_fields(
    live: LiveModule,
) -> None:
    home = live.other("""
        import threading
        class Repo:
            def __init__(self, cls): self.lock, self.log, self.rows = cls.lock, cls.log, []
        class Base:
            lock, log = threading.Lock(), threading.Event()
            def __init_subclass__(cls): cls.repo = Repo(cls)
    """)
    source = (
        f"from {home.__name__} import Base\nclass Shop(Base):\n    limit = 1\n"
        "class Model(Shop):\n    on = property(lambda self: 1)\n"
    )
    module = live.start(source)
    module.Model.repo.rows.append("row")
    live.change("limit = 1", "limit = 2")

    assert module.Model.repo.rows == ["row"]


def test_a_store_whose_keys_the_class_still_says_stays(live: LiveModule) -> None:
    home = live.other("class Base:\n    def __init_subclass__(cls): cls.store = {}\n")
    module = live.start(
        f"from {home.__name__} import Base\nclass Model(Base):\n    fields = ['name']\n"
    )
    module.Model.store["name"] = "ada"
    live.change("['name']", "['name', 'age']")

    assert module.Model.store == {"name": "ada"}


def test_a_made_object_stays_where_another_is_given_a_function(live: LiveModule) -> None:
    home = live.other("""
        class Repo:
            def __init__(self): self.rows = []
        class Handler:
            def __init__(self, function): self.function = function
        class Base:
            def __init_subclass__(cls): cls.repo = Repo()
    """)
    module = live.start(
        f"from {home.__name__} import Base, Handler\nclass Model(Base):\n"
        "    on = Handler(lambda n: n + 1)\n"
    )
    module.Model.repo.rows.append("row")
    live.change("n + 1", "n + 2")

    assert module.Model.repo.rows == ["row"]
    assert module.Model.on.function(1) == 3


COUNTED = """
    class Lives:
        def __init__(self, n): self.n = n
    class Field:
        count = 0
        def __init__(self): Field.count += 1; self.count = Field.count
        def __hash__(self): return self.count
        def __eq__(self, other): return self.count == other.count
"""


@pytest.mark.parametrize("change", ["    c = Field()\n", ""])
def test_numbers_of_a_class_that_the_program_uses_stay(live: LiveModule, change: str) -> None:
    home = live.other(COUNTED)
    source = (
        f"from {home.__name__} import Field, Lives\nclass Game:\n    lives = Lives(3)\n"
        "    a = Field()\n    b = Field()\n"
    )
    module = live.start(source)
    module.Game.lives.n = 1
    names = {module.Game.a: "a", module.Game.b: "b"}
    live.edit(source + change + "    shield = Lives(9)\n")

    assert module.Game.lives.n == 1
    assert names[module.Game.a] == "a"


def test_a_method_whose_other_name_was_replaced_is_not_taken_for_that(live: LiveModule) -> None:
    source = "class P:\n    def parse(self): return 1\nP.plain = P.parse\n"
    module = live.start(source)
    module.P.plain = lambda self: 0
    report = live.edit(source + "X = 1\n")

    assert module.P().parse() == 1

    report.undo()

    assert module.P().parse() == 1


def test_instances_of_a_class_that_says_a_slot_twice_are_made_anew(live: LiveModule) -> None:
    module = live.start('class P:\n    __slots__ = ["x", "y", "x"]\n')
    point = module.P()
    point.x, point.y = 1, 2
    report = live.edit('class P:\n    __slots__ = ["x", "y", "x", "z"]\n')

    assert report.ok
    assert (point.x, point.y) == (1, 2)
    assert type(point) is module.P


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_computed_field_of_a_model_becomes_a_method(live: LiveModule, rerun: str) -> None:
    """Its table of them was taken for one that the program had filled, and `repr` had no end."""
    head = "from pydantic import BaseModel, computed_field\nclass A(BaseModel):\n    x: int\n"
    method = "    def area(self) -> int: return self.x * 2\n"
    module = live.start(f"{head}    @computed_field\n    @property\n{method}")
    model = module.A(x=1)
    assert repr(model) == "A(x=1, area=2)"
    report = live.edit(head + method, rerun=rerun)

    assert [repr(model), repr(module.A(x=2))] == ["A(x=1)", "A(x=2)"]
    assert model.area() == 2
    report.undo()
    assert repr(model) == "A(x=1, area=2)"
