"""Classes of every kind: their instances, references and attributes after an edit."""

from __future__ import annotations

import builtins
import copy
import gc
import inspect
import pickle
import weakref
from typing import Any

import pytest

import livepatch
from tests.codes import named
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(12)

PLAYER = """
    class Player:
        def __init__(self, name="ada"):
            self.name = name
        def hit(self):
            return 1
"""
BASED = PLAYER.replace("class Player:", "class Base:\n        pass\n    class Player(Base):")


def test_instance_runs_the_new_method(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    live.change("return 1", "return 2")

    assert type(player) is module.Player
    assert player.hit() == 2
    assert vars(player) == {"name": "ada"}


def test_held_class_is_the_class_of_the_module(live: LiveModule) -> None:
    module = live.start(PLAYER)
    held = [module.Player]
    live.change("return 1", "return 2")

    assert held[0] is module.Player
    assert held[0]().hit() == 2


def test_instances_stay_instances_through_many_generations(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    held = [module.Player]
    for generation in range(2, 8):
        live.change(f"return {generation - 1}", f"return {generation}")

    assert type(player) is module.Player is held[0]
    assert player.hit() == 7


def test_an_unchanged_reload_keeps_isinstance_true(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    held = [module.Player]
    live.reload()

    assert isinstance(player, module.Player)
    assert held[0] is module.Player


def test_nested_class(live: LiveModule) -> None:
    module = live.start("""
        class Game:
            class Player:
                def hit(self): return 1
    """)
    held = [module.Game.Player, module.Game.Player()]
    live.change("return 1", "return 2")

    assert held[0] is module.Game.Player is type(held[1])
    assert held[1].hit() == 2


def test_nested_class_three_levels_deep(live: LiveModule) -> None:
    module = live.start("""
        class A:
            class B:
                class C:
                    @staticmethod
                    def hit(): return 1
    """)
    held = [module.A.B.C, module.A.B.C.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.A.B.C
    assert held[1] is module.A.B.C.hit
    assert held[1]() == 2


def test_nested_class_gains_a_base(live: LiveModule) -> None:
    source = """
        class Base: pass
        class Game:
            class Player:
                def hit(self): return 1
    """
    module = live.start(source)
    held = [module.Game.Player, module.Game.Player()]
    live.edit(source.replace("class Player", "class Player(Base)"))

    assert held[0] is module.Game.Player is type(held[1])
    assert isinstance(held[1], module.Base)


def test_class_local_to_a_function(live: LiveModule) -> None:
    module = live.start("""
        def make():
            class Player:
                def hit(self): return 1
            return Player()
    """)
    player = module.make()
    live.change("return 1", "return 2")

    assert player.hit() == 2


def test_class_defined_in_a_block(live: LiveModule) -> None:
    module = live.start("if True:\n    class Player:\n        def hit(self): return 1\n")
    player = module.Player()
    live.change("return 1", "return 2")

    assert type(player) is module.Player
    assert player.hit() == 2


def test_class_made_by_a_call_of_type(live: LiveModule) -> None:
    module = live.start("""
        def hit(self): return 1
        Player = type("Player", (), {"hit": hit})
    """)
    held = [module.Player, module.Player()]
    live.change("return 1", "return 2")

    assert held[0] is module.Player is type(held[1])
    assert held[1].hit() == 2


def test_method_is_added(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    live.edit(PLAYER + "        def heal(self): return self.name\n")

    assert player.heal() == "ada"


def test_method_is_removed(live: LiveModule) -> None:
    module = live.start(PLAYER + "        def heal(self): return self.name\n")
    player = module.Player()
    held = [player.heal]
    live.edit(PLAYER)

    assert not hasattr(player, "heal")
    assert held[0]() == "ada"


def test_method_of_a_subclass_uncovers_the_one_of_its_base(live: LiveModule) -> None:
    source = """
        class Base:
            def hit(self): return "base"
        class Player(Base):
            def hit(self): return "player"
    """
    module = live.start(source)
    player = module.Player()
    player.hit()
    live.edit(source.replace('def hit(self): return "player"', "pass"))

    assert player.hit() == "base"


def test_held_unbound_method(live: LiveModule) -> None:
    module = live.start(PLAYER)
    held = [module.Player.hit]
    live.change("return 1", "return 2")

    assert held[0] is module.Player.hit
    assert held[0](module.Player()) == 2


def test_held_bound_method(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    held = [player.hit]
    live.change("return 1", "return 2")

    assert held[0]() == 2
    assert held[0].__func__ is module.Player.hit
    assert held[0].__self__ is player
    assert held[0] == player.hit


def test_alias_of_a_method_in_the_class(live: LiveModule) -> None:
    module = live.start(PLAYER + "        strike = hit\n")
    held = [module.Player.strike]
    live.change("return 1", "return 2")

    assert module.Player.strike is module.Player.hit is held[0]


def test_methods_that_only_moved_have_the_new_lines(live: LiveModule) -> None:
    module = live.start(PLAYER)
    held = [module.Player.hit]
    line = held[0].__code__.co_firstlineno
    live.edit("\n\n\n" + PLAYER)

    assert held[0] is module.Player.hit
    assert held[0].__code__.co_firstlineno == line + 3


def test_inspect_getsource_of_a_held_class(live: LiveModule) -> None:
    module = live.start("class Player:\n    limit = 1\n")
    held = [module.Player]
    inspect.getsource(held[0])
    live.edit("\n\nclass Player:\n    limit = 2\n")

    assert inspect.getsource(held[0]) == "class Player:\n    limit = 2\n"


def test_new_init_serves_new_instances_and_old_ones_keep_their_state(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player("bob")
    live.change("self.name = name", "self.name, self.power = name, 9")

    assert vars(player) == {"name": "bob"}
    assert vars(module.Player()) == {"name": "ada", "power": 9}


def test_method_starts_to_use_super_for_old_instances(live: LiveModule) -> None:
    source = """
        class Base:
            def hit(self): return 1
        class Player(Base):
            def hit(self): return 5
    """
    module = live.start(source)
    player = module.Player()
    live.edit(source.replace("return 5", "return super().hit() + 1"))

    assert player.hit() == 2
    assert module.Player().hit() == 2


def test_method_starts_to_use_super_for_a_held_bound_method(live: LiveModule) -> None:
    source = """
        class Base:
            def hit(self): return 1
        class Player(Base):
            def hit(self): return 5
    """
    module = live.start(source)
    held = [module.Player().hit]
    live.edit(source.replace("return 5", "return super().hit() + 1"))

    assert held[0]() == 2
    assert held[0].__func__ is module.Player.hit


def test_method_starts_to_use_super_for_a_held_function(live: LiveModule) -> None:
    source = """
        class Base:
            def hit(self): return 1
        class Player(Base):
            def hit(self): return 5
    """
    module = live.start(source)
    held = [module.Player.hit]
    live.edit(source.replace("return 5", "return super().hit() + 1"))

    assert held[0] is module.Player.hit
    assert held[0](module.Player()) == 2


def test_method_ceases_to_use_super(live: LiveModule) -> None:
    source = """
        class Base:
            def hit(self): return 1
        class Player(Base):
            def hit(self): return super().hit() + 1
    """
    module = live.start(source)
    player = module.Player()
    held = [player.hit]
    live.edit(source.replace("super().hit() + 1", "7"))

    assert player.hit() == held[0]() == 7


def test_unchanged_method_with_super_works_after_the_class_was_replaced(live: LiveModule) -> None:
    source = """
        class Base:
            def hit(self): return 1
        class Extra: pass
        class Player(Base):
            def hit(self): return super().hit() + 1
    """
    module = live.start(source)
    player = module.Player()
    held = [player.hit, module.Player.hit]
    live.edit(source.replace("Player(Base)", "Player(Base, Extra)"))

    assert player.hit() == held[0]() == held[1](player) == 2


def test_super_in_a_class_method_and_in_a_subclass_elsewhere(live: LiveModule) -> None:
    source = """
        class Root:
            @classmethod
            def make(cls): return cls.__name__
        class Player(Root):
            @classmethod
            def make(cls): return super().make() + "!"
    """
    module = live.start(source)
    other = live.other("""
        from LIVE import Player
        class Archer(Player):
            @classmethod
            def make(cls): return super().make() + "?"
    """)
    held = [other.Archer.make]
    live.edit(source.replace("class Root:", "class Top: pass\n        class Root(Top):"))

    assert other.Archer.make() == held[0]() == "Archer!?"
    assert issubclass(other.Archer, module.Player)


def test_dunder_class_in_a_method_is_the_live_class(live: LiveModule) -> None:
    source = PLAYER + "        def own(self): return __class__\n"
    module = live.start(source)
    held = [module.Player().own]
    live.edit(source.replace("class Player", "class Base: pass\n    class Player(Base)"))

    assert held[0]() is module.Player


def test_class_gains_a_base(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    held = [module.Player]
    live.edit(BASED)

    assert type(player) is held[0] is module.Player
    assert module.Player.__bases__ == (module.Base,)
    assert isinstance(player, module.Base)
    assert player.name == "ada"


def test_class_loses_its_base(live: LiveModule) -> None:
    module = live.start(BASED)
    player = module.Player()
    held = [module.Player]
    live.edit(PLAYER)

    assert type(player) is held[0] is module.Player
    assert module.Player.__bases__ == (object,)
    assert not hasattr(module, "Base")


def test_class_changes_its_base(live: LiveModule) -> None:
    source = """
        class Warm:
            def feel(self): return "warm"
        class Cold:
            def feel(self): return "cold"
        class Player(Warm): pass
    """
    module = live.start(source)
    player = module.Player()
    player.feel()
    live.edit(source.replace("Player(Warm)", "Player(Cold)"))

    assert type(player) is module.Player
    assert player.feel() == "cold"
    assert module.Warm.__subclasses__() == []
    assert module.Cold.__subclasses__() == [module.Player]


def test_class_gains_a_mixin_of_another_module(live: LiveModule) -> None:
    live.other("class Mixin:\n    def fly(self): return 'fly'\n")
    module = live.start("from OTHER import Mixin\nclass Player: pass\n")
    player = module.Player()
    live.change("class Player", "class Player(Mixin)")

    assert type(player) is module.Player
    assert player.fly() == "fly"


def test_bases_swap_their_order(live: LiveModule) -> None:
    source = """
        class A:
            def hit(self): return "a"
        class B:
            def hit(self): return "b"
        class Player(A, B): pass
    """
    module = live.start(source)
    player = module.Player()
    player.hit()
    live.edit(source.replace("(A, B)", "(B, A)"))

    assert type(player) is module.Player
    assert player.hit() == "b"


def test_subclass_in_another_module_follows_a_changed_body(live: LiveModule) -> None:
    module = live.start(PLAYER)
    other = live.other("from LIVE import Player\nclass Archer(Player): pass\n")
    archer = other.Archer()
    live.change("return 1", "return 2")

    assert other.Archer.__bases__ == (module.Player,)
    assert isinstance(archer, module.Player)
    assert archer.hit() == 2


def test_subclass_in_another_module_follows_a_replaced_base(live: LiveModule) -> None:
    module = live.start(PLAYER)
    other = live.other("""
        from LIVE import Player
        class Archer(Player):
            def hit(self): return super().hit() + 10
    """)
    archer = other.Archer()
    live.edit(BASED)

    assert other.Archer.__mro__ == (other.Archer, module.Player, module.Base, object)
    assert isinstance(archer, module.Player)
    assert archer.hit() == 11


def test_subclasses_names_each_class_once(live: LiveModule) -> None:
    live.other("class Base: pass\n")
    source = "from OTHER import Base\nclass Player(Base):\n    def hit(self): return 1\n"
    module = live.start(source)
    live.change("return 1", "return 2")

    assert module.Base.__subclasses__() == [module.Player]


def test_subclasses_names_each_class_once_after_a_replacement(live: LiveModule) -> None:
    other = live.other("class Base: pass\nclass Mixin: pass\n")
    module = live.start("from OTHER import *\nclass Player(Base): pass\n")
    player = module.Player()
    live.change("Player(Base)", "Player(Base, Mixin)")

    assert type(player) is module.Player
    assert other.Base.__subclasses__() == [module.Player]
    assert other.Mixin.__subclasses__() == [module.Player]


def test_diamond_across_two_modules(live: LiveModule) -> None:
    source = """
        class Root:
            def path(self): return ["root"]
        class Left(Root):
            def path(self): return ["left", *super().path()]
        class Right(Root):
            def path(self): return ["right", *super().path()]
    """
    module = live.start(source)
    other = live.other("""
        from LIVE import Left, Right
        class Bottom(Left, Right):
            def path(self): return ["bottom", *super().path()]
    """)
    bottom = other.Bottom()
    bottom.path()
    live.edit(source.replace("class Root:", "class Top: pass\n        class Root(Top):"))

    assert bottom.path() == ["bottom", "left", "right", "root"]
    assert isinstance(bottom, module.Top)
    assert isinstance(bottom, module.Right)


def test_class_attribute_takes_the_new_value(live: LiveModule) -> None:
    module = live.start("class Player:\n    limit = 1\n")
    player = module.Player()
    held = [module.Player]
    live.change("limit = 1", "limit = 2")

    assert type(player) is held[0] is module.Player
    assert player.limit == 2


def test_class_attribute_of_unchanged_source_keeps_its_run_time_value(live: LiveModule) -> None:
    module = live.start(PLAYER + "        count = 0\n")
    module.Player.count = 7
    live.change("return 1", "return 2")

    assert module.Player.count == 7
    assert module.Player().hit() == 2


def test_class_attribute_keeps_its_run_time_value_when_the_class_is_replaced(
    live: LiveModule,
) -> None:
    module = live.start(PLAYER + "        count = 0\n")
    module.Player.count = 7
    player = module.Player()
    live.edit(BASED + "        count = 0\n")

    assert player.count == module.Player.count == 7
    assert isinstance(player, module.Base)


def test_class_attribute_of_changed_source_takes_the_new_value(live: LiveModule) -> None:
    module = live.start(PLAYER + "        count = 0\n")
    module.Player.count = 7
    live.change("count = 0", "count = 1")

    assert module.Player.count == 1


def test_mutable_class_attribute_stays_the_same_object(live: LiveModule) -> None:
    module = live.start(PLAYER + "        all = []\n")
    module.Player.all.append("x")
    held = [module.Player.all]
    live.change("return 1", "return 2")

    assert module.Player.all is held[0]
    assert held[0] == ["x"]


def test_class_attribute_added(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    live.edit(PLAYER + "        power = 3\n")

    assert player.power == 3


def test_class_attribute_removed(live: LiveModule) -> None:
    module = live.start(PLAYER + "        power = 3\n")
    player = module.Player()
    live.edit(PLAYER)

    assert not hasattr(player, "power")


def test_class_attribute_set_only_at_run_time_stays(live: LiveModule) -> None:
    module = live.start(PLAYER)
    module.Player.registry_key = "p"
    live.change("return 1", "return 2")

    assert module.Player.registry_key == "p"


@pytest.mark.parametrize(
    ("old", "new"),
    [("limit = 1", "limit = 2"), ("class Player:", "class Player(Mixin):")],
    ids=["another attribute", "the bases"],
)
def test_what_was_set_on_a_class_stays_when_its_source_changes(
    live: LiveModule, old: str, new: str
) -> None:
    source = "class Mixin: pass\ndef helper(self): return self\nclass Player:\n    limit = 1\n"
    module = live.start(source)
    module.Player.added = 5
    module.Player.shout = lambda self: (self, "hey")
    module.Player.help = module.helper
    module.Player.__len__ = lambda self: id(self) * 0 + 7
    report = live.change(old, new)

    player = module.Player()
    assert module.Player.added == 5
    assert player.shout() == (player, "hey")
    assert module.Player.help is module.helper
    assert len(player) == 7
    noticed = {line.path for line in report.notices if line.code == "LP303"}
    assert noticed == {
        f"{live.name}.Player.{name}" for name in ("added", "shout", "help", "__len__")
    }


@pytest.mark.parametrize(
    "made",
    [
        "def mark(cls):\n    cls.marked = 1\n    return cls\n@mark\nclass Player:\n    pass\n",
        (
            "class Base:\n    def __init_subclass__(cls): cls.marked = 1\n"
            "class Player(Base):\n    pass\n"
        ),
        (
            "class Meta(type):\n    def __init__(cls, *_): setattr(cls, 'marked', 1)\n"
            "class Player(metaclass=Meta):\n    pass\n"
        ),
        "class Player:\n    pass\nPlayer.marked = 1\n",
        "from typing import NamedTuple\nclass Player(NamedTuple):\n    marked: int = 1\n",
        "import enum\nclass Player(enum.Enum):\n    marked = 1\n",
        (
            "def mark(cls):\n    def marked(self): return 1\n    cls.marked = marked\n"
            "    return cls\n@mark\nclass Player:\n    pass\n"
        ),
    ],
    ids=[
        "decorator",
        "base",
        "metaclass",
        "statement",
        "named tuple",
        "enum",
        "function of a decorator",
    ],
)
def test_what_the_old_source_put_into_a_class_goes_with_it(live: LiveModule, made: str) -> None:
    module = live.start(made)
    assert module.Player.marked
    report = live.edit("class Player:\n    limit = 2\n")

    assert not hasattr(module.Player, "marked")
    assert not report.notices


def test_class_attribute_whose_comparison_raises(live: LiveModule) -> None:
    source = """
        class Ambiguous:
            def __eq__(self, other): raise ValueError("ambiguous truth value")
            __hash__ = object.__hash__
        class Player:
            grid = Ambiguous()
            def hit(self): return 1
    """
    module = live.start(source)
    player = module.Player()
    live.edit(source.replace("return 1", "return 2"))

    assert player.hit() == 2
    assert type(player.grid) is module.Ambiguous


def test_class_attribute_that_holds_an_own_class(live: LiveModule) -> None:
    source = """
        class Sword:
            pass
        class Player:
            weapon = Sword
    """
    module = live.start(source)
    player = module.Player()
    live.edit(source.replace("class Sword", "class Tool: pass\n        class Sword(Tool)"))

    assert player.weapon is module.Sword


def test_class_attribute_that_refers_to_its_own_class(live: LiveModule) -> None:
    source = PLAYER + "    Player.best = Player()\n"
    module = live.start(source)
    held = [module.Player.best]
    live.edit(BASED + "    Player.best = Player()\n")

    assert type(held[0]) is module.Player
    assert type(module.Player.best) is module.Player


def test_class_docstring_changes(live: LiveModule) -> None:
    module = live.start('class Player:\n    "old"\n')
    held = [module.Player]
    live.change("old", "new")

    assert held[0] is module.Player
    assert held[0].__doc__ == "new"


def test_class_annotations_change(live: LiveModule) -> None:
    module = live.start("class Player:\n    power: int\n")
    held = [module.Player]
    live.change("power: int", "power: str")

    assert held[0] is module.Player
    assert held[0].__annotations__ == {"power": str}


def test_private_names_stay_with_their_class(live: LiveModule) -> None:
    module = live.start("""
        class Player:
            def __init__(self): self.__power = 3
            def __secret(self): return self.__power
            def hit(self): return self.__secret()
    """)
    player = module.Player()
    live.change("return self.__power", "return self.__power * 2")

    assert player.hit() == 6


def test_default_taken_from_the_class_scope(live: LiveModule) -> None:
    module = live.start("""
        class Player:
            LIMIT = 1
            def hit(self, power=LIMIT): return power
    """)
    player = module.Player()
    held = [player.hit]
    live.change("LIMIT = 1", "LIMIT = 2")

    assert player.hit() == held[0]() == 2


@pytest.mark.parametrize(
    ("name", "use", "expected"),
    [
        ("__repr__", repr, "new"),
        ("__str__", str, "new"),
        ("__len__", len, 3),
        ("__call__", lambda player: player(), "new"),
        ("__hash__", hash, 5),
        ("__bool__", bool, False),
        ("__iter__", list, ["n"]),
        ("__index__", lambda player: [0, 1, 2][player], 2),
    ],
)
def test_special_method_is_added(
    live: LiveModule,
    name: str,
    use: Any,
    expected: object,
) -> None:
    values = {"__len__": 3, "__hash__": 5, "__bool__": False, "__index__": 2}
    value = "iter('n')" if name == "__iter__" else repr(values.get(name, "new"))
    module = live.start(PLAYER)
    player = module.Player()
    live.edit(PLAYER + f"        def {name}(self): return {value}\n")

    assert use(player) == expected


def test_special_method_is_removed(live: LiveModule) -> None:
    module = live.start(PLAYER + "        def __len__(self): return 3\n")
    player = module.Player()
    len(player)
    live.edit(PLAYER)

    with pytest.raises(TypeError):
        len(player)


def test_equality_between_an_old_and_a_new_instance(live: LiveModule) -> None:
    source = (
        PLAYER
        + """
        def __eq__(self, other): return type(self) is type(other) and self.name == other.name
        def __hash__(self): return hash(self.name)
    """
    )
    module = live.start(source)
    scores = {module.Player("ada"): 3}
    live.edit(source.replace("class Player", "class Base: pass\n    class Player(Base)"))

    assert scores[module.Player("ada")] == 3


def test_slots_class_with_a_changed_body(live: LiveModule) -> None:
    module = live.start("""
        class Player:
            __slots__ = ("name",)
            def hit(self): return (self.name, 1)
    """)
    player = module.Player()
    player.name = "ada"
    live.change("(self.name, 1)", "(self.name, 2)")

    assert type(player) is module.Player
    assert player.hit() == ("ada", 2)


def test_slots_class_that_can_be_weakly_referenced(live: LiveModule) -> None:
    source = """
        class Special:
            __slots__ = ("name", "__weakref__")
            def hit(self): return 1
    """
    module = live.start(source)
    special = module.Special()
    reference = weakref.ref(special)
    live.change("return 1", "return 2")

    assert type(special) is module.Special
    assert special.hit() == 2
    assert reference() is special


def test_slots_hierarchy_whose_root_is_replaced(live: LiveModule) -> None:
    source = """
        def mark(cls): return cls
        class Root:
            __slots__ = ("a",)
        class Leaf(Root):
            __slots__ = ("b",)
    """
    module = live.start(source)
    leaf = module.Leaf()
    leaf.a, leaf.b = 1, 2
    held = [module.Root]
    live.edit(source.replace("class Root", "@mark\n        class Root"))

    assert type(leaf) is module.Leaf
    assert module.Leaf.__bases__ == (module.Root,) == (held[0],)
    assert isinstance(leaf, module.Root)
    assert (leaf.a, leaf.b) == (1, 2)


def test_abstract_class_with_a_changed_body(live: LiveModule) -> None:
    module = live.start("""
        import abc
        class Shape(abc.ABC):
            @abc.abstractmethod
            def area(self): ...
            def name(self): return "old"
        class Square(Shape):
            def area(self): return 4
    """)
    square = module.Square()
    live.change('"old"', '"new"')

    assert square.name() == "new"
    assert isinstance(square, module.Shape)


def test_abstract_method_is_added(live: LiveModule) -> None:
    source = """
        import abc
        class Shape(abc.ABC):
            @abc.abstractmethod
            def area(self): ...
    """
    module = live.start(source)
    held = [module.Shape]
    other = live.other("from LIVE import Shape\nclass Dot(Shape):\n    def area(self): return 0\n")
    live.edit(source + "        @abc.abstractmethod\n            def edge(self): ...\n")

    assert held[0] is module.Shape
    assert module.Shape.__abstractmethods__ == {"area", "edge"}
    assert issubclass(other.Dot, module.Shape)


def test_abstract_method_becomes_concrete(live: LiveModule) -> None:
    source = """
        import abc
        class Shape(abc.ABC):
            @abc.abstractmethod
            def area(self): return 0
    """
    module = live.start(source)
    held = [module.Shape]
    live.edit(source.replace("@abc.abstractmethod", ""))

    assert held[0] is module.Shape
    assert held[0]().area() == 0


def test_abc_registration_made_elsewhere_stays(live: LiveModule) -> None:
    source = "import abc\nclass Shape(abc.ABC):\n    def hit(self): return 1\n"
    module = live.start(source)
    other = live.other("from LIVE import Shape\n@Shape.register\nclass Dot: pass\n")
    live.edit(source.replace("class Shape(", "class Mark: pass\nclass Shape(Mark, "))

    assert issubclass(other.Dot, module.Shape)
    assert isinstance(other.Dot(), module.Shape)


def test_own_class_registered_with_a_foreign_abc(live: LiveModule) -> None:
    other = live.other("import abc\nclass Shape(abc.ABC): pass\n")
    source = PLAYER + "    from OTHER import Shape\n    Shape.register(Player)\n"
    module = live.start(source)
    player = module.Player()
    live.edit(source.replace("class Player", "class Base: pass\n    class Player(Base)"))

    assert isinstance(player, other.Shape)
    assert issubclass(module.Player, other.Shape)


def test_class_registered_elsewhere_with_a_foreign_abc(live: LiveModule) -> None:
    module = live.start(PLAYER)
    other = live.other("""
        import abc
        from LIVE import Player
        class Shape(abc.ABC): pass
        Shape.register(Player)
    """)
    player = module.Player()
    live.edit(BASED)

    assert isinstance(player, other.Shape)
    assert issubclass(module.Player, other.Shape)


def test_metaclass_body_changes(live: LiveModule) -> None:
    module = live.start("""
        class Meta(type):
            def describe(cls): return "old"
        class Player(metaclass=Meta): pass
    """)
    held = [module.Player, module.Meta]
    live.change('"old"', '"new"')

    assert held[0] is module.Player
    assert type(held[0]) is module.Meta is held[1]
    assert held[0].describe() == "new"


def test_metaclass_is_exchanged(live: LiveModule) -> None:
    source = """
        class One(type):
            def which(cls): return 1
        class Two(type):
            def which(cls): return 2
        class Player(metaclass=One): pass
    """
    module = live.start(source)
    held = [module.Player, module.Player()]
    live.edit(source.replace("metaclass=One", "metaclass=Two"))

    assert held[0] is module.Player is type(held[1])
    assert type(held[0]) is module.Two
    assert held[0].which() == 2


def test_metaclass_is_added(live: LiveModule) -> None:
    source = "class Meta(type): pass\nclass Player: pass\n"
    module = live.start(source)
    held = [module.Player, module.Player()]
    live.edit(source.replace("class Player", "class Player(metaclass=Meta)"))

    assert held[0] is module.Player is type(held[1])
    assert type(held[0]) is module.Meta


def test_metaclass_elsewhere_with_a_refusing_setattr(live: LiveModule) -> None:
    live.other("""
        class Closed(type):
            def __setattr__(cls, name, value): raise AttributeError(name)
    """)
    module = live.start("""
        from OTHER import Closed
        class Player(metaclass=Closed):
            def hit(self): return 1
    """)
    player = module.Player()
    live.change("return 1", "return 2")

    assert type(player) is module.Player
    assert player.hit() == 2


def test_class_keyword_changes(live: LiveModule) -> None:
    live.other("""
        class Base:
            def __init_subclass__(cls, *, power=0, **rest):
                super().__init_subclass__(**rest)
                cls.power = power
    """)
    module = live.start("from OTHER import Base\nclass Player(Base, power=1): pass\n")
    player = module.Player()
    held = [module.Player]
    live.change("power=1", "power=2")

    assert type(player) is module.Player is held[0]
    assert player.power == 2


def test_init_subclass_body_changes(live: LiveModule) -> None:
    source = """
        class Base:
            def __init_subclass__(cls, **rest): cls.mark = "old"
        class Player(Base): pass
    """
    module = live.start(source)
    player = module.Player()
    live.edit(source.replace('"old"', '"new"'))

    assert type(player) is module.Player
    assert player.mark == "new"


def test_class_getitem_changes(live: LiveModule) -> None:
    module = live.start("""
        class Box:
            def __class_getitem__(cls, item): return ("old", item)
    """)
    held = [module.Box]
    live.change('"old"', '"new"')

    assert held[0] is module.Box
    assert held[0][int] == ("new", int)


def test_generic_class_and_its_held_alias(live: LiveModule) -> None:
    source = """
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Box(Generic[T]):
            def get(self): return 1
    """
    module = live.start(source)
    held = [module.Box[int], module.Box[int]()]
    live.edit(source.replace("return 1", "return 2"))

    assert held[0].__origin__ is module.Box is type(held[1])
    assert held[0]().get() == held[1].get() == 2


def test_generic_class_gains_a_base(live: LiveModule) -> None:
    source = """
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Base: pass
        class Box(Generic[T]): pass
    """
    module = live.start(source)
    held = [module.Box[int], module.Box[int]()]
    live.edit(source.replace("Box(Generic[T])", "Box(Generic[T], Base)"))

    assert held[0].__origin__ is module.Box is type(held[1])
    assert isinstance(held[0](), module.Base)


def test_protocol_that_can_be_checked_at_run_time(live: LiveModule) -> None:
    source = """
        from typing import Protocol, runtime_checkable
        @runtime_checkable
        class Hits(Protocol):
            def hit(self): ...
    """
    module = live.start(source)
    held = [module.Hits]
    other = live.other("class Player:\n    def hit(self): return 1\n    def heal(self): ...\n")
    seen = [isinstance(other.Player(), module.Hits)]
    live.edit(source + "        def heal(self): ...\n")
    seen.append(isinstance(other.Player(), module.Hits))
    live.edit(source + "        def fly(self): ...\n")

    assert held[0] is module.Hits
    assert seen == [True, True]
    assert not isinstance(other.Player(), held[0])


def test_typed_dict_gains_a_key(live: LiveModule) -> None:
    module = live.start("from typing import TypedDict\nclass Row(TypedDict):\n    a: int\n")
    held = [module.Row]
    live.edit("from typing import TypedDict\nclass Row(TypedDict):\n    a: int\n    b: str\n")

    assert held[0] is module.Row
    assert held[0].__required_keys__ == {"a", "b"}
    assert held[0](a=1, b="") == {"a": 1, "b": ""}


def test_except_of_an_imported_exception_still_catches(live: LiveModule) -> None:
    source = """
        class GameError(Exception): pass
        def fail(): raise GameError("old")
    """
    live.start(source)
    other = live.other("""
        from LIVE import GameError, fail
        def attempt():
            try: fail()
            except GameError as error: return error.args
    """)
    live.edit(source.replace("GameError(Exception)", "GameError(ValueError)").replace("old", "new"))

    assert other.attempt() == ("new",)


def test_held_exception_instance_keeps_its_arguments(live: LiveModule) -> None:
    source = "class GameError(Exception):\n    def code(self): return 1\n"
    module = live.start(source)
    held = [module.GameError("a", 2)]
    live.change("return 1", "return 2")

    assert type(held[0]) is module.GameError
    assert held[0].args == ("a", 2)
    assert held[0].code() == 2


NATIVES = ["int", "str", "bytes", "tuple", "list", "dict", "set", "float"]


@pytest.mark.parametrize("native", NATIVES)
def test_instance_of_a_subclass_of_a_builtin(live: LiveModule, native: str) -> None:
    module = live.start(f"class Special({native}):\n    def hit(self): return 1\n")
    held = [module.Special(), module.Special]
    live.change("return 1", "return 2")

    assert type(held[0]) is module.Special is held[1]
    assert held[0].hit() == 2
    assert held[0] == getattr(builtins, native)()


@pytest.mark.parametrize("native", [*NATIVES, "Exception"])
def test_subclass_of_a_builtin_gains_a_mixin(live: LiveModule, native: str) -> None:
    source = f"class Mixin: pass\nclass Special({native}): pass\n"
    new = f"Special(Mixin, {native})"
    module = live.start(source)
    held = [module.Special(), module.Special]
    live.change(f"Special({native})", new)

    assert type(held[0]) is module.Special is held[1]
    assert isinstance(held[0], module.Mixin)


def test_pickle_of_an_old_instance(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player("bob")
    live.edit(BASED)
    again = pickle.loads(pickle.dumps(player))

    assert type(again) is module.Player
    assert again.name == "bob"


def test_pickle_of_a_held_function_and_class(live: LiveModule) -> None:
    module = live.start(BASED + "    def heal(): return 1\n")
    held = [module.Player, module.heal]
    live.edit(PLAYER + "    def heal(): return 2\n")

    assert pickle.loads(pickle.dumps(held)) == [module.Player, module.heal]


def test_deep_copy_of_an_old_instance(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player("bob")
    live.edit(BASED)
    again = copy.deepcopy(player)

    assert type(again) is module.Player
    assert again.name == "bob"


def test_weak_reference_to_an_instance_stays_alive(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    reference = weakref.ref(player)
    live.edit(BASED)

    assert reference() is player


def test_instance_in_a_reference_cycle(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    player.me = player
    player.hit_me = player.hit
    live.edit(BASED.replace("return 1", "return 2"))

    assert type(player.me) is module.Player
    assert player.hit_me() == 2


def test_instance_with_an_attribute_that_hides_a_method(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    player.hit = lambda: "mine"
    live.change("return 1", "return 2")

    assert player.hit() == "mine"
    del player.hit
    assert player.hit() == 2


def test_instance_global_of_the_module_held_elsewhere(live: LiveModule) -> None:
    module = live.start(PLAYER + "    boss = Player('boss')\n")
    held = [module.boss]
    live.edit(BASED + "    boss = Player('boss')\n")

    assert type(held[0]) is module.Player is type(module.boss)
    assert held[0].name == "boss"


def test_many_instances_all_move(live: LiveModule) -> None:
    module = live.start(PLAYER)
    players = [module.Player(str(number)) for number in range(2000)]
    live.edit(BASED.replace("return 1", "return 2"))

    assert {type(player) for player in players} == {module.Player}
    assert [player.name for player in players] == [str(number) for number in range(2000)]
    assert {player.hit() for player in players} == {2}


def test_class_decorator_is_added(live: LiveModule) -> None:
    source = "def mark(cls):\n    cls.marked = 1\n    return cls\nclass Player: pass\n"
    module = live.start(source)
    player = module.Player()
    held = [module.Player]
    live.edit(source.replace("class Player", "@mark\nclass Player"))

    assert type(player) is module.Player is held[0]
    assert player.marked == 1


def test_class_decorator_is_removed(live: LiveModule) -> None:
    source = "def mark(cls):\n    cls.marked = 1\n    return cls\n@mark\nclass Player: pass\n"
    module = live.start(source)
    player = module.Player()
    live.edit(source.replace("@mark\n", ""))

    assert type(player) is module.Player
    assert not hasattr(player, "marked")


def test_class_decorator_changes(live: LiveModule) -> None:
    source = "def mark(cls):\n    cls.marked = 1\n    return cls\n@mark\nclass Player: pass\n"
    module = live.start(source)
    player = module.Player()
    live.change("marked = 1", "marked = 2")

    assert type(player) is module.Player
    assert player.marked == 2


def test_class_decorator_that_makes_another_class(live: LiveModule) -> None:
    module = live.start("""
        def wrap(cls):
            return type(cls.__name__, (cls,), {"wrapped": True})
        @wrap
        class Player:
            def hit(self): return 1
    """)
    held = [module.Player, module.Player()]
    live.change("return 1", "return 2")

    assert held[0] is module.Player is type(held[1])
    assert held[1].hit() == 2
    assert module.Player.__bases__[0].__subclasses__() == [module.Player]


def test_total_ordering_class(live: LiveModule) -> None:
    module = live.start("""
        import functools
        @functools.total_ordering
        class Rank:
            def __init__(self, n): self.n = n
            def __eq__(self, other): return self.n == other.n
            def __lt__(self, other): return self.n < other.n
    """)
    low, high = module.Rank(1), module.Rank(2)
    live.change("self.n < other.n", "self.n > other.n")

    assert type(low) is module.Rank
    assert low >= high
    assert module.Rank(9) < low


def test_removed_class_keeps_serving_its_instances(live: LiveModule) -> None:
    module = live.start(PLAYER + "    def heal(): return 1\n")
    player = module.Player()
    live.edit("def heal(): return 1\n")

    assert not hasattr(module, "Player")
    assert player.hit() == 1


def test_monkeypatch_on_a_class_is_reported(live: LiveModule) -> None:
    module = live.start(PLAYER)
    module.Player.hit = lambda self: (self.name, "patched")
    report = live.change("return 1", "return 2")

    assert named(report.notices, "monkeypatch", "hit")


def test_monkeypatch_of_a_method_whose_source_is_unchanged_stays(live: LiveModule) -> None:
    module = live.start(PLAYER + "        def heal(self): return 5\n")
    player = module.Player()
    module.Player.heal = lambda self: (self.name, "patched")
    report = live.change("return 1", "return 2")

    assert player.hit() == 2
    assert player.heal() == ("ada", "patched")
    assert report.ok


def test_del_does_not_run_for_live_instances(live: LiveModule) -> None:
    source = PLAYER + "        def __del__(self): LOG.append(self.name)\n    LOG = []\n"
    module = live.start(source)
    player = module.Player()
    log = module.LOG
    live.edit(source.replace("return 1", "return 2"), keep=("LOG",))
    gc.collect()

    assert log == []
    assert player.hit() == 2


def test_old_class_does_not_pile_up(live: LiveModule) -> None:
    module = live.start(BASED)
    players = [module.Player()]
    losers = [weakref.ref(module.Player)]
    for extra in range(5):
        live.edit(f"class Extra{extra}: pass\nclass Player(Extra{extra}): pass\n")
        losers.append(weakref.ref(module.Player))
    gc.collect()
    alive = {id(reference()) for reference in losers if reference() is not None}

    assert type(players[0]) is module.Player
    assert alive == {id(module.Player)}


@pytest.mark.parametrize("body", ["raise KeyError", "raise KeyError(1)"])
def test_default_stays_the_class_attribute_that_it_is(live: LiveModule, body: str) -> None:
    source = """
        class Sorted(dict):
            class _NotGiven:
                pass

            __not_given = _NotGiven()

            def pop(self, key, default=__not_given):
                if default is self.__not_given:
                    raise KeyError
                return default
        """
    cls = live.start(source).Sorted
    before = cls._Sorted__not_given
    live.change("raise KeyError", body)

    assert live.module.Sorted.pop.__defaults__ == (live.module.Sorted._Sorted__not_given,)
    assert live.module.Sorted._Sorted__not_given is before
    assert type(before) is live.module.Sorted._NotGiven
    with pytest.raises(KeyError):
        live.module.Sorted().pop("a")


@pytest.mark.one_mode(
    "a class of which nothing has changed is kept, and named, where a call in its metaclass has"
)
def test_object_that_a_metaclass_made_is_made_anew_by_its_new_class(live: LiveModule) -> None:
    source = """
        class Options:
            def __init__(self, meta):
                self.ordered = meta

        class Meta(type):
            def __new__(mcs, name, bases, namespace):
                cls = super().__new__(mcs, name, bases, namespace)
                cls.options = Options(False)
                cls.seen = []
                return cls

        class Schema(metaclass=Meta):
            options = None
        """
    cls = live.start(source).Schema
    cls.seen.append("state")
    live.change("self.ordered = meta", "self.ordered = self.many = meta")

    assert live.module.Schema.options.many is False
    assert type(live.module.Schema.options) is live.module.Options
    assert live.module.Schema.seen == ["state"]


def test_type_variable_that_is_bound_to_classes_of_the_module(live: LiveModule) -> None:
    source = """
        from typing import TypeVar
        class Macro:
            def size(self): return 1
        class Call:
            pass
        Either = TypeVar("Either", Macro, Call)
        Later = TypeVar("Later", bound="Macro")
        """
    module = live.start(source)
    either, later = module.Either, module.Later
    report = live.change("return 1", "return 2")

    assert report.ok
    assert live.module.Either.__constraints__ == (live.module.Macro, live.module.Call)
    assert either.__constraints__ == (live.module.Macro, live.module.Call)
    if live.strategy == "auto":
        assert live.module.Either is either
        assert live.module.Later is later


def test_slotted_class_gains_a_base_while_its_own_base_changes(live: LiveModule) -> None:
    module = live.start(
        """
        class A:
            __slots__ = ("x",)
            def size(self): return 1
        class B(A):
            __slots__ = ("y",)
        """
    )
    b = module.B()
    report = live.edit(
        """
        class A:
            __slots__ = ("x",)
            def size(self): return 2
        class M:
            __slots__ = ()
        class B(M, A):
            __slots__ = ("y",)
        """
    )

    assert report.ok
    assert live.module.B.__bases__ == (live.module.M, live.module.A)
    assert isinstance(b, live.module.M)
    assert b.size() == 2


def test_subclass_elsewhere_whose_bases_would_have_no_order(live: LiveModule) -> None:
    live.start("class A: pass\nclass B: pass\nclass K(A): pass\n")
    other = live.other("from LIVE import B, K\nclass Sub(B, K): pass\n")
    live.write("class A: pass\nclass B: pass\nclass K(B, A): pass\n")
    planned = live.reload(dry_run=True)
    with pytest.raises(livepatch.ReloadRefused) as caught:
        live.reload()

    assert [each.code for each in planned.refusals] == ["LP124"]
    assert [each.code for each in caught.value.refusals] == ["LP124"]
    assert f"{live.other_name}.Sub" in str(caught.value)
    assert other.Sub.__bases__ == (live.module.B, live.module.K)


def test_class_with_instances_becomes_a_function(live: LiveModule) -> None:
    instance = live.start("class make:\n    def size(self): return 1\n").make()
    held = [live.module.make]
    report = live.edit("def make(): return 2\n")

    assert held == [live.module.make]
    assert held[0]() == 2
    assert instance.size() == 1
    assert "LP306" in {notice.code for notice in report.notices}


@pytest.mark.one_mode("data is kept, and named")
def test_attribute_computed_by_a_function_whose_body_changed(live: LiveModule) -> None:
    source = """
        def limit(): return 1
        class A:
            limit = limit()
        TOP = limit()
    """
    module = live.start(source)
    live.edit(source.replace("return 1", "return 2"))

    assert (module.A.limit, module.TOP) == (2, 2)


@pytest.mark.one_mode("the unchanged class is not made again")
def test_attribute_whose_unchanged_source_gives_another_value_is_kept_and_named(
    live: LiveModule,
) -> None:
    source = """
        import itertools, OTHER
        class A:
            number = OTHER.count()
    """
    live.other("import itertools\ncount = itertools.count(1).__next__\n")
    module = live.start(source)
    report = live.edit(source + "\n        x = 1\n")

    assert module.A.number == 1
    assert ("LP303", f"{live.name}.A.number") in {(n.code, n.path) for n in report.notices}


SHARED = """
    from typing import Generic, TypeVar
    T = TypeVar("T")
    class Base: pass
    class Below(Base): pass
    class Plain: pass
    class Boxed(Generic[T]): pass
"""


def test_one_base_is_added_to_a_plain_and_to_a_generic_class(live: LiveModule) -> None:
    module = live.start(SHARED)
    other = live.other("""
        import LIVE
        class Plainer(LIVE.Plain): pass
        class Boxer(LIVE.Boxed[int]): pass
        class Lower(LIVE.Below): pass
    """)
    kinds = [module.Plain, module.Boxed, other.Plainer, other.Boxer, module.Below, other.Lower]
    held = [cls() for cls in kinds]
    plain = SHARED.replace("class Plain:", "class Plain(Base):")
    report = live.edit(plain.replace("class Boxed(", "class Boxed(Base, "))
    after = [isinstance(each, module.Base) for each in held]
    report.undo()

    assert after == [True] * 6
    assert [isinstance(each, module.Base) for each in held] == [False] * 4 + [True] * 2
    assert [type(each) for each in held] == kinds


def test_class_that_is_an_attribute_gives_way_to_another(live: LiveModule) -> None:
    source = "class Player:\n    def hit(self): return 1\nclass Team:\n    kind = Player\n"
    module = live.start(source)
    old, team = module.Player, module.Team()
    report = live.edit(source.replace("Player", "Bot").replace("return 1", "return 2"))
    outcomes = {each.path.partition(".")[2]: each.outcome.value for each in report.definitions}

    assert team.kind is module.Bot is not old
    assert outcomes["Player"] == "removed"
    assert outcomes["Bot"] == "added"


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize(
    "base", ["collections.UserDict", "collections.UserList", "dict", "Exception", "Own"]
)
def test_class_gains_a_first_base_and_loses_it_again(live: LiveModule, base: str) -> None:
    before = f"""
        import collections
        class Mix:
            def mix(self): return 3
        class Own: pass
        class Held({base}): pass
        class Below(Held): pass
    """
    after = before.replace("Held(", "Held(Mix, ", 1)
    module = live.start(before)
    held, below = module.Held(), module.Below()
    for source in (after, before) * 2:
        live.write(source)
        report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

        assert (type(held), type(below)) == (module.Held, module.Below)
        assert hasattr(held, "mix") is hasattr(below, "mix") is (source is after)
    report.undo()
    assert below.mix() == held.mix() == module.Below().mix() == 3


ABOVE = """
    import abc, typing
    T = typing.TypeVar("T")
    class Tagged:
        def __init_subclass__(cls): cls.tag = cls.__name__
    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self): return 1
    class Square(Shape):
        def name(self): return "square"
    class Box(typing.Generic[T], Tagged): pass
    class Small(Box[int]): pass
    class Least(Small): pass
"""
FEWER = [("(abc.ABC)", ""), ("(typing.Generic[T], Tagged)", ""), ("(Box[int])", "(Box)")]


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_a_base_of_a_base_that_goes_had_given_a_class_goes(live: LiveModule) -> None:
    module = live.start(ABOVE)
    edited = ABOVE
    for old, new in FEWER:
        edited = edited.replace(old, new)
    with pytest.raises(TypeError, match="abstract"):
        module.Square()
    report = live.edit(edited)
    assert not report.notices, report
    assert module.Square().area() == 1
    given = ("__abstractmethods__", "__parameters__", "tag")
    assert not [name for name in given for each in vars(module).values() if name in _own(each)]
    report.undo()
    with pytest.raises(TypeError, match="abstract"):
        module.Square()
    assert (module.Least.tag, module.Small.__parameters__) == ("Least", ())


def _own(value: object) -> object:
    return vars(value) if isinstance(value, type) else ()


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_what_a_program_has_set_stays_as_a_base_of_a_base_goes(live: LiveModule) -> None:
    module = live.start(ABOVE)
    module.Least.mine = 1
    report = live.edit(ABOVE.replace(", Tagged)", ")"))
    assert [notice.path for notice in report.notices] == [f"{module.__name__}.Least.mine"]
    assert module.Least.mine == 1
