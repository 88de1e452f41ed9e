"""Descriptors of a class: properties, static and class methods, caches, dispatchers, own ones."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pytest

from tests.live import LiveModule, warm

pytestmark = pytest.mark.sampled(8)

PROPERTY = """
    class Player:
        def __init__(self): self._power = 1
        @property
        def power(self):
            "The old power."
            return self._power
        @power.setter
        def power(self, value): self._power = value
        @power.deleter
        def power(self): self._power = 0
"""
PLAIN = """
    class Player:
        def hit(self): return 1
"""


def test_property_getter_changes(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    player = module.Player()
    live.change("return self._power", "return self._power + 10")

    assert player.power == 11


def test_property_setter_changes(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    player = module.Player()
    live.change("self._power = value", "self._power = value * 2")
    player.power = 3

    assert player.power == 6


def test_property_deleter_changes(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    player = module.Player()
    live.change("self._power = 0", "self._power = 9")
    del player.power

    assert player.power == 9


def test_property_docstring_changes(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    held = [module.Player]
    live.change("The old power.", "The new power.")

    assert held[0].power.__doc__ == "The new power."


def test_property_setter_is_added(live: LiveModule) -> None:
    module = live.start("class Player:\n    @property\n    def power(self): return 1\n")
    player = module.Player()
    live.edit("""
        class Player:
            @property
            def power(self): return 1
            @power.setter
            def power(self, value): self.seen = value
    """)
    player.power = 5

    assert player.seen == 5


def test_property_setter_is_removed(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    player = module.Player()
    live.edit("class Player:\n    @property\n    def power(self): return 1\n")

    with pytest.raises(AttributeError):
        player.power = 5


def test_property_at_a_warm_call_site(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    player = module.Player()

    def read() -> Any:
        return player.power

    warm(read)
    live.change("return self._power", "return self._power + 10")

    assert read() == 11


def test_method_at_a_warm_call_site(live: LiveModule) -> None:
    module = live.start(PLAIN)
    player = module.Player()

    def hit() -> Any:
        return player.hit()

    warm(hit)
    live.change("return 1", "return 2")

    assert hit() == 2


def test_module_function_at_a_warm_call_site(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")

    def hit() -> Any:
        return module.hit()

    warm(hit)
    live.change("return 1", "return 2")

    assert hit() == 2


def test_class_attribute_at_a_warm_call_site(live: LiveModule) -> None:
    module = live.start("class Player:\n    limit = 1\n")
    player = module.Player()

    def limit() -> Any:
        return player.limit

    warm(limit)
    live.change("limit = 1", "limit = 2")

    assert limit() == 2


def test_held_property_object(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    held = [module.Player.power]
    live.change("return self._power", "return self._power + 10")

    assert held[0] is module.Player.power
    assert held[0].fget(module.Player()) == 11


def test_held_getter_of_a_property(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    held = [module.Player.power.fget, module.Player.power.fset, module.Player.power.fdel]
    live.change("return self._power", "return self._power + 10")
    own = module.Player.power

    assert held[0] is own.fget
    assert held[1] is own.fset
    assert held[2] is own.fdel


def test_property_reused_by_a_class_elsewhere(live: LiveModule) -> None:
    module = live.start(PROPERTY)
    other = live.other("""
        from LIVE import Player
        class Archer:
            _power = 5
            power = Player.power
    """)
    live.change("return self._power", "return self._power + 10")

    assert other.Archer().power == 15
    assert vars(other.Archer)["power"] is module.Player.power


def test_property_made_by_a_call(live: LiveModule) -> None:
    module = live.start("""
        class Player:
            def get_power(self): return 1
            power = property(get_power)
    """)
    player = module.Player()
    live.change("return 1", "return 2")

    assert player.power == player.get_power() == 2


def test_property_getter_starts_to_use_super(live: LiveModule) -> None:
    source = """
        class Base:
            @property
            def power(self): return 1
        class Player(Base):
            @property
            def power(self): return 5
    """
    module = live.start(source)
    player = module.Player()
    held = [module.Player.power]
    live.edit(source.replace("return 5", "return super().power + 1"))

    assert player.power == 2
    assert held[0] is module.Player.power


def test_held_static_method(live: LiveModule) -> None:
    module = live.start("class Player:\n    @staticmethod\n    def hit(): return 1\n")
    held = [module.Player.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.Player.hit
    assert held[0]() == 2


def test_held_static_method_object(live: LiveModule) -> None:
    module = live.start("class Player:\n    @staticmethod\n    def hit(): return 1\n")
    held = [vars(module.Player)["hit"]]
    live.change("return 1", "return 2")

    assert held[0].__func__ is module.Player.hit
    assert held[0] is vars(module.Player)["hit"]


def test_held_class_method(live: LiveModule) -> None:
    module = live.start("class Player:\n    @classmethod\n    def make(cls): return (cls, 1)\n")
    held = [module.Player.make]
    live.change("(cls, 1)", "(cls, 2)")

    assert held[0]() == (module.Player, 2)
    assert held[0] == module.Player.make


def test_held_class_method_of_a_replaced_class(live: LiveModule) -> None:
    source = """
        class Base: pass
        class Player:
            @classmethod
            def make(cls): return cls()
    """
    module = live.start(source)
    held = [module.Player.make]
    live.edit(source.replace("class Player", "class Player(Base)"))

    assert held[0].__self__ is module.Player
    assert type(held[0]()) is module.Player


@pytest.mark.parametrize(
    ("decorator", "call"),
    [
        ("@staticmethod\n    def hit(*rest)", lambda player: player.hit()),
        ("@classmethod\n    def hit(cls)", lambda player: player.hit()),
        ("@property\n    def hit(self)", lambda player: player.hit),
        ("@functools.cached_property\n    def hit(self)", lambda player: player.hit),
        ("async def hit(self)", lambda player: player.hit().close() or 2),
        ("hit = functools.partialmethod(lambda self, n: n, 2)\n    def _(self)", lambda p: p.hit()),
    ],
    ids=["static", "class", "property", "cached", "async", "partialmethod"],
)
def test_method_turns_into(live: LiveModule, decorator: str, call: Any) -> None:
    module = live.start("import functools\nclass Player:\n    def hit(self): return 1\n")
    player = module.Player()
    player.hit()
    live.edit(f"import functools\nclass Player:\n    {decorator}: return 2\n")

    assert type(player) is module.Player
    assert call(player) == 2


@pytest.mark.parametrize(
    ("decorator", "call"),
    [
        ("@staticmethod\n    def hit()", lambda player: player.hit()),
        ("@classmethod\n    def hit(cls)", lambda player: player.hit()),
        ("@property\n    def hit(self)", lambda player: player.hit),
    ],
    ids=["static", "class", "property"],
)
def test_turns_back_into_a_method(live: LiveModule, decorator: str, call: Any) -> None:
    module = live.start(f"class Player:\n    {decorator}: return 1\n")
    player = module.Player()
    call(player)
    live.edit("class Player:\n    def hit(self): return (type(self), 2)\n")

    assert player.hit() == (module.Player, 2)


def test_held_function_of_a_method_that_turned_static(live: LiveModule) -> None:
    module = live.start("class Player:\n    def hit(self): return 1\n")
    held = [module.Player.hit]
    live.edit("class Player:\n    @staticmethod\n    def hit(_=None): return 2\n")

    assert held[0] is module.Player.hit
    assert held[0]() == 2


def test_class_attribute_turns_into_a_property(live: LiveModule) -> None:
    module = live.start("class Player:\n    power = 1\n")
    player = module.Player()
    live.edit("class Player:\n    @property\n    def power(self): return 2\n")

    assert player.power == 2


def test_property_turns_into_a_class_attribute(live: LiveModule) -> None:
    module = live.start("class Player:\n    @property\n    def power(self): return 1\n")
    player = module.Player()
    live.edit("class Player:\n    power = 2\n")
    seen = player.power
    player.power = 3

    assert (seen, player.power) == (2, 3)


def test_cached_property_keeps_the_value_it_cached(live: LiveModule) -> None:
    module = live.start("""
        import functools
        class Player:
            @functools.cached_property
            def power(self): return 1
            def hit(self): return 1
    """)
    player = module.Player()
    seen = [player.power]
    live.edit("""
        import functools
        class Player:
            @functools.cached_property
            def power(self): return 1
            def hit(self): return 2
    """)

    assert seen == [player.power] == [1]
    assert vars(player) == {"power": 1}
    assert player.hit() == 2


def test_cached_property_computes_with_the_new_code(live: LiveModule) -> None:
    module = live.start("""
        import functools
        class Player:
            @functools.cached_property
            def power(self): return 1
    """)
    player = module.Player()
    held = [vars(module.Player)["power"]]
    live.change("return 1", "return 2")

    assert player.power == 2
    assert held[0] is vars(module.Player)["power"]
    assert isinstance(held[0], cached_property)


def test_partialmethod(live: LiveModule) -> None:
    module = live.start("""
        import functools
        class Player:
            def scale(self, by, n): return by * n
            double = functools.partialmethod(scale, 2)
    """)
    player = module.Player()
    held = [player.double]
    live.change("by * n", "by + n")

    assert player.double(5) == 7
    assert held[0](5) == 7


def test_partialmethod_argument_changes(live: LiveModule) -> None:
    module = live.start("""
        import functools
        class Player:
            def scale(self, by, n): return by * n
            double = functools.partialmethod(scale, 2)
    """)
    player = module.Player()
    live.change("(scale, 2)", "(scale, 3)")

    assert player.double(5) == 15


def test_singledispatchmethod(live: LiveModule) -> None:
    source = """
        import functools
        class Player:
            @functools.singledispatchmethod
            def show(self, value): return "any"
            @show.register
            def _(self, value: int): return "old"
    """
    module = live.start(source)
    player = module.Player()
    seen = [player.show(1)]
    live.edit(source.replace('"old"', '"new"'))

    assert [*seen, player.show(1), player.show("")] == ["old", "new", "any"]


def test_singledispatchmethod_gains_a_registration_of_the_same_name(live: LiveModule) -> None:
    source = """
        import functools
        class T: pass
        class Player:
            @functools.singledispatchmethod
            def show(self, value): return "any"
            @show.register
            def _(self, value: T): return "T"
    """
    module = live.start(source)
    player, on_t = module.Player(), vars(module.Player)["show"].dispatcher.dispatch(module.T)
    live.edit(
        source.replace('"T"', '"new T"')
        + """
            @show.register
            def _(self, value: bytes): return "bytes"
    """
    )

    shown = [player.show(value) for value in (module.T(), b"", 1)]
    assert shown == ["new T", "bytes", "any"]
    assert on_t is vars(module.Player)["show"].dispatcher.dispatch(module.T)
    assert on_t(player, None) == "new T"


def test_singledispatchmethod_keeps_registrations_made_elsewhere(live: LiveModule) -> None:
    module = live.start("""
        import functools
        class Player:
            @functools.singledispatchmethod
            def show(self, value): return "old"
    """)
    live.other("""
        from LIVE import Player
        @Player.show.register(int)
        def show_int(self, value): return "int"
    """)
    player = module.Player()
    live.change('"old"', '"new"')

    assert (player.show(1), player.show("")) == ("int", "new")


def test_wraps_decorated_method(live: LiveModule) -> None:
    module = live.start("""
        import functools
        def loud(function):
            @functools.wraps(function)
            def wrapper(self): return ("loud", function(self))
            return wrapper
        class Player:
            @loud
            def hit(self): return 1
    """)
    player = module.Player()
    held = [player.hit, module.Player.hit]
    live.change("return 1", "return 2")

    assert player.hit() == held[0]() == ("loud", 2)
    assert held[1] is module.Player.hit


def test_decorator_of_a_method_changes(live: LiveModule) -> None:
    module = live.start("""
        def loud(function):
            def wrapper(self): return ("loud", function(self))
            return wrapper
        class Player:
            @loud
            def hit(self): return 1
    """)
    player = module.Player()
    held = [player.hit]
    live.change('("loud"', '("LOUD"')

    assert player.hit() == held[0]() == ("LOUD", 1)


def test_decorator_of_a_method_is_added(live: LiveModule) -> None:
    source = """
        def loud(function):
            def wrapper(self): return ("loud", function(self))
            return wrapper
        class Player:
            def hit(self): return 1
    """
    module = live.start(source)
    player = module.Player()
    held = [player.hit, module.Player.hit]
    live.edit(source.replace("def hit", "@loud\n            def hit"))

    assert player.hit() == held[0]() == ("loud", 1)
    assert held[1] is module.Player.hit


def test_lru_cache_on_a_method_is_emptied(live: LiveModule) -> None:
    module = live.start("""
        import functools
        class Player:
            @functools.lru_cache
            def square(self, n): return n * n
    """)
    player = module.Player()
    held = [module.Player.square]
    player.square(3)
    live.change("n * n", "n + n")

    assert player.square(3) == 6
    assert held[0] is module.Player.square


def test_context_manager_method(live: LiveModule) -> None:
    module = live.start("""
        import contextlib
        class Player:
            @contextlib.contextmanager
            def opened(self, log):
                log.append(1)
                yield
    """)
    player = module.Player()
    live.change("append(1)", "append(2)")
    log: list[int] = []
    with player.opened(log):
        pass

    assert log == [2]


def test_wrapt_decorated_method(live: LiveModule) -> None:
    module = live.start("""
        import wrapt
        @wrapt.decorator
        def loud(wrapped, instance, args, kwargs):
            return (instance, wrapped(*args, **kwargs))
        class Player:
            @loud
            def hit(self): return 1
    """)
    player = module.Player()
    held = [player.hit]
    live.change("return 1", "return 2")

    assert player.hit() == held[0]() == (player, 2)


def test_abstract_property(live: LiveModule) -> None:
    module = live.start("""
        import abc
        class Shape(abc.ABC):
            @property
            @abc.abstractmethod
            def area(self): return 1
        class Square(Shape):
            @property
            def area(self): return super().area + 1
    """)
    square = module.Square()
    live.change("return 1", "return 5")

    assert square.area == 6


OWN = """
    class Field:
        def __set_name__(self, owner, name): self.name = name
        def __get__(self, instance, owner):
            return self if instance is None else ("old", self.name)
    class Player:
        power = Field()
"""


def test_own_descriptor_takes_the_new_code(live: LiveModule) -> None:
    module = live.start(OWN)
    player = module.Player()
    held = [module.Player.power]
    live.change('"old"', '"new"')

    assert player.power == ("new", "power")
    assert type(held[0]) is module.Field is type(module.Player.power)


def test_own_descriptor_is_added_and_named(live: LiveModule) -> None:
    module = live.start(OWN)
    player = module.Player()
    live.edit(OWN + "        speed = Field()\n")

    assert player.speed == ("old", "speed")


def test_own_descriptor_turns_into_a_data_descriptor(live: LiveModule) -> None:
    module = live.start(OWN)
    player = module.Player()
    vars(player)["power"] = "shadow"
    seen = [player.power]
    setter = "    def __set__(self, instance, value): pass\n"
    live.edit(OWN.replace("class Player", f"{setter}    class Player"))

    assert [*seen, player.power] == ["shadow", ("old", "power")]


def test_descriptor_of_another_module_that_holds_the_function(live: LiveModule) -> None:
    other = live.other("""
        class Lazy:
            def __init__(self, function): self.function = function
            def __get__(self, instance, owner): return self.function(instance)
    """)
    module = live.start("""
        from OTHER import Lazy
        class Player:
            @Lazy
            def power(self): return 1
    """)
    player = module.Player()
    live.change("return 1", "return 2")

    assert player.power == 2
    assert type(vars(module.Player)["power"]) is other.Lazy


def test_static_method_held_through_an_instance_and_a_subclass_elsewhere(live: LiveModule) -> None:
    module = live.start("class Player:\n    @staticmethod\n    def hit(): return 1\n")
    other = live.other("from LIVE import Player\nclass Archer(Player): strike = Player.hit\n")
    live.change("return 1", "return 2")

    assert other.Archer.strike is module.Player.hit is other.Archer.hit
    assert other.Archer.hit() == 2


def test_held_getter_that_begins_to_use_super_while_the_property_gains_a_setter(
    live: LiveModule,
) -> None:
    module = live.start(
        """
        class Base:
            limit = 7
        class Request(Base):
            @property
            def limit(self): return 1
        """
    )
    request, held = module.Request(), [module.Request.limit.fget]
    live.edit(
        """
        class Base:
            limit = 7
        class Request(Base):
            own = None
            @property
            def limit(self): return self.own or super().limit
            @limit.setter
            def limit(self, value): self.own = value
        """
    )

    assert request.limit == 7
    request.limit = 3
    assert request.limit == 3
    assert held == [live.module.Request.limit.fget]


def test_held_function_of_a_partial_that_gets_other_arguments(live: LiveModule) -> None:
    source = """
        from functools import partial
        def scaled(factor, value): return factor * value
        double = partial(scaled, 2)
        """
    module = live.start(source)
    held, double = [module.scaled], module.double
    live.edit(
        """
        from functools import partial
        factor = 3
        def scaled(factor, value, more=lambda: factor): return factor * value + more()
        double = partial(scaled, 4)
        """
    )

    assert held == [live.module.scaled]
    assert double(1) == live.module.double(1) == 7


@pytest.mark.parametrize(
    ("becomes", "is_named"),
    [
        ("", True),
        ("@staticmethod", True),
        ("@property", False),
        ("@functools.cached_property", True),
    ],
)
def test_cached_property_that_becomes_something_that_its_values_hide(
    live: LiveModule, becomes: str, is_named: bool
) -> None:
    source = (
        "import functools\nclass Player:\n    @functools.cached_property\n"
        "    def level(self=None): return 1\n"
    )
    player = live.start(source).Player()
    assert player.level == 1
    after = source.replace("@functools.cached_property", becomes).replace("return 1", "return 2")
    report = live.edit(after)

    assert bool([each for each in report.notices if each.code == "LP319"]) is is_named
    assert (player.level == 1) is (becomes != "@property")
    report.undo()

    assert player.level == 1
