"""Edits of several kinds at once, generation after generation, as people make them."""

from __future__ import annotations

from collections import deque

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(8)

GENERATIONS = [
    """
    class Player:
        def __init__(self): self.hits = 0
        def hit(self):
            self.hits += 1
            return ("g0", self.hits)
    def play(player): return player.hit()
    """,
    """
    class Player:
        def __init__(self): self.hits = 0
        def hit(self):
            self.hits += 1
            return ("g1", self.hits)
    def play(player): return player.hit()
    """,
    """
    class Base:
        def hit(self):
            self.hits += 1
            return self.hits
    class Player(Base):
        def __init__(self): self.hits = 0
        def hit(self): return ("g2", super().hit())
    def play(player): return player.hit()
    """,
    """
    import functools
    class Base:
        def hit(self):
            self.hits += 1
            return self.hits
    def mark(generation):
        def decorate(method):
            @functools.wraps(method)
            def wrapper(self): return (generation, method(self))
            return wrapper
        return decorate
    class Player(Base):
        def __init__(self): self.hits = 0
        @mark("g3")
        def hit(self): return super().hit()
    def play(player): return player.hit()
    """,
    """
    import abc
    class Base(metaclass=abc.ABCMeta):
        @abc.abstractmethod
        def hit(self):
            self.hits += 1
            return self.hits
    class Player(Base):
        def __init__(self): self.hits = 0
        def hit(self): return ("g4", super().hit())
    def play(player, *, twice=False): return player.hit()
    """,
    """
    class Meta(type):
        pass
    class Player(metaclass=Meta):
        def __init__(self): self.hits = 0
        def hit(self):
            self.hits += 1
            return ("g5", self.hits)
    def play(player): return player.hit()
    """,
    """
    class Player:
        def __init__(self): self.hits = 0
        @classmethod
        def name(cls): return cls.__name__
        def hit(self):
            self.hits += 1
            return ("g6", self.hits)
    play = lambda player: player.hit()
    """,
]


@pytest.mark.parametrize("order", ["forwards", "backwards", "there_and_back"])
def test_generations(live: LiveModule, order: str) -> None:
    numbers = list(range(len(GENERATIONS)))
    if order == "backwards":
        numbers.reverse()
    if order == "there_and_back":
        numbers += numbers[-2::-1]
    module = live.start(GENERATIONS[numbers[0]])
    player = module.Player()
    held = [module.Player, module.play, module.Player.hit, player.hit]
    seen = [held[1](player)]
    for number in numbers[1:]:
        live.edit(GENERATIONS[number])
        seen.append(held[1](player))
        assert type(player) is module.Player is held[0], number
        assert held[1] is module.play, number
        assert held[2] is module.Player.hit, number
        assert held[3].__func__ is module.Player.hit, number

    assert seen == [(f"g{number}", turn) for turn, number in enumerate(numbers, 1)]


@pytest.mark.sampled(13)
@pytest.mark.parametrize("first", range(len(GENERATIONS)))
@pytest.mark.parametrize("second", range(len(GENERATIONS)))
def test_each_generation_to_each(live: LiveModule, first: int, second: int) -> None:
    module = live.start(GENERATIONS[first])
    player = module.Player()
    held = [module.Player, module.play, player.hit]
    player.hit()
    live.edit(GENERATIONS[second])

    assert held[0] is module.Player is type(player)
    assert held[1](player) == (f"g{second}", 2)
    assert held[2]() == (f"g{second}", 3)


def test_edit_and_its_reverse_return_to_the_first_behaviour(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    held = [module.hit]
    seen = []
    for value in (2, 1, 2, 1):
        live.edit(f"def hit(): return {value}\n")
        seen.append(held[0]())

    assert seen == [2, 1, 2, 1]
    assert held[0] is module.hit


def test_same_size_edit_within_the_same_second(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    seen = []
    for value in range(2, 9):
        live.edit(f"def hit(): return {value}\n")
        seen.append(module.hit())

    assert seen == [2, 3, 4, 5, 6, 7, 8]


def test_bytecode_written_by_a_reload_is_not_stale(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\n")
    live.change("return 1", "return 2")
    live.write("def hit(): return 3\n")
    live.reload()

    assert module.hit() == 3


def test_comment_only_edit(live: LiveModule) -> None:
    module = live.start("class Player:\n    def hit(self): return 1\n")
    held = [module.Player, module.Player.hit, module.Player()]
    live.edit("# new\nclass Player:\n    # new\n    def hit(self): return 1  # new\n")

    assert held[0] is module.Player is type(held[2])
    assert held[1] is module.Player.hit


def test_class_renamed_with_its_old_name_as_an_alias(live: LiveModule) -> None:
    module = live.start("class Player:\n    def hit(self): return 1\n")
    held = [module.Player, module.Player()]
    live.edit("class Hero:\n    def hit(self): return 2\nPlayer = Hero\n")

    assert held[0] is module.Player is module.Hero
    assert type(held[1]) is module.Hero
    assert held[1].hit() == 2


def test_two_functions_swap_their_names(live: LiveModule) -> None:
    module = live.start("def a(): return 'a'\ndef b(): return 'b'\n")
    held = [module.a, module.b]
    live.edit("def b(): return 'a'\ndef a(): return 'b'\n")

    assert held == [module.a, module.b]
    assert [held[0](), held[1]()] == ["b", "a"]


def test_method_moves_from_the_class_to_its_base(live: LiveModule) -> None:
    source = """
        class Base: pass
        class Player(Base):
            def hit(self): return 1
    """
    module = live.start(source)
    player = module.Player()
    player.hit()
    live.edit("""
        class Base:
            def hit(self): return 2
        class Player(Base): pass
    """)

    assert player.hit() == 2
    assert "hit" not in vars(module.Player)


def test_module_function_becomes_a_method_and_keeps_its_holder_running(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\nclass Player: pass\n")
    held = [module.hit, module.Player()]
    live.edit("class Player:\n    def hit(self): return 2\n")

    assert held[1].hit() == 2
    assert held[0]() == 1


def test_base_class_and_its_subclass_change_together(live: LiveModule) -> None:
    source = """
        class Root: pass
        class Base:
            def hit(self): return 1
        class Player(Base):
            def hit(self): return super().hit() + 1
        class Archer(Player):
            def hit(self): return super().hit() + 1
    """
    module = live.start(source)
    archer = module.Archer()
    held = [archer.hit, module.Base, module.Player, module.Archer]
    live.edit(source.replace("class Base", "class Base(Root)").replace("return 1", "return 10"))

    assert archer.hit() == held[0]() == 12
    assert held[1:] == [module.Base, module.Player, module.Archer]
    assert module.Archer.__mro__ == (module.Archer, module.Player, module.Base, module.Root, object)


def test_base_becomes_a_subclass_of_its_former_sibling(live: LiveModule) -> None:
    source = "class A: pass\nclass B: pass\nclass C(A, B): pass\n"
    module = live.start(source)
    instance = module.C()
    live.edit("class B: pass\nclass A(B): pass\nclass C(A): pass\n")

    assert module.C.__mro__ == (module.C, module.A, module.B, object)
    assert isinstance(instance, module.B)


def test_hierarchy_turns_upside_down(live: LiveModule) -> None:
    module = live.start("class A: pass\nclass B(A): pass\n")
    held = [module.A(), module.B()]
    live.edit("class B: pass\nclass A(B): pass\n")

    assert type(held[0]) is module.A
    assert type(held[1]) is module.B
    assert issubclass(module.A, module.B)
    assert not issubclass(module.B, module.A)


def test_instance_of_a_subclass_made_at_run_time(live: LiveModule) -> None:
    source = "class Base: pass\nclass Player:\n    def hit(self): return 1\n"
    module = live.start(source)
    made = type("Made", (module.Player,), {})()
    live.edit(source.replace("class Player", "class Player(Base)").replace("return 1", "return 2"))

    assert isinstance(made, module.Player)
    assert isinstance(made, module.Base)
    assert made.hit() == 2


def test_definitions_of_a_loop_keep_apart(live: LiveModule) -> None:
    module = live.start("""
        def make(number):
            def hit(): return (number, 1)
            return hit
        a, b = make(1), make(2)
    """)
    held = [module.a, module.b]
    live.change("(number, 1)", "(number, 9)")

    assert [item() for item in held] == [(1, 9), (2, 9)]


@pytest.mark.one_mode("nothing has changed in any source")
def test_conditional_definition_by_a_flag_elsewhere(live: LiveModule) -> None:
    other = live.other("FAST = False\n")
    module = live.start("""
        import OTHER
        if OTHER.FAST:
            def hit(): return "fast"
        else:
            def hit(): return "slow"
    """)
    held = [module.hit]
    vars(other)["FAST"] = True
    live.reload()

    assert held[0] is module.hit
    assert held[0]() == "fast"


def test_import_guard_of_type_checking(live: LiveModule) -> None:
    module = live.start("""
        from __future__ import annotations
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from nowhere import Nothing
        def hit(a: Nothing) -> Nothing: return 1
    """)
    held = [module.hit]
    live.change("return 1", "return 2")

    assert held[0](0) == 2
    assert held[0].__annotations__ == {"a": "Nothing", "return": "Nothing"}


def test_optimised_constant_and_line_table_follow(live: LiveModule) -> None:
    module = live.start("def hit():\n    return 2 * 3\n")
    held = [module.hit]
    live.edit("def hit():\n    x = 5\n    y = 6\n    return x * y\n")

    assert held[0]() == 30
    assert held[0].__code__.co_varnames == ("x", "y")


def test_class_whose_place_a_builtin_of_another_layout_takes(live: LiveModule) -> None:
    module = live.start("class Table(list):\n    def size(self): return 1\n")
    table, held = module.Table([1]), [module.Table]
    report = live.edit("from collections import deque as Table\n")

    assert live.module.Table is deque
    assert type(table) is held[0]
    assert (table, table.size()) == ([1], 1)
    assert "LP306" in {notice.code for notice in report.notices}
