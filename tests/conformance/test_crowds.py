"""Very many holders of one class: seen to by columns, and by whatever else they hold."""

from __future__ import annotations

import sys
import weakref
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(15)

MANY = 200
SLOTS = """
    class Player:
        __slots__ = ("level", "__weakref__")
    def new(level):
        player = Player()
        player.level = level
        return player
"""
GAINED = ('("level",', '("level", "mana",')


class Box:
    """An ordinary holder."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class SlottedBox:
    __slots__ = ("other", "player")


class AskedBox(Box):
    """One whose own code answers, and must not be asked."""

    def __getattribute__(self, name: str) -> Any:
        if name == "player":
            raise ZeroDivisionError
        return object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        raise ZeroDivisionError


class KindBox(Box):
    player = None


def slotted(player: Any) -> SlottedBox:
    box = SlottedBox()
    box.player = player
    return box


class Plain:
    """One that nobody has asked for its dict, and whose attributes no code of its own assigns."""

    number: int
    player: Any


def plain_ones(module: Any, count: int) -> list[Plain]:
    boxes = [filled(Plain()) for _ in range(count)]
    for level, box in enumerate(boxes):
        box.player = module.new(level)
    return boxes


def filled(box: Plain) -> Plain:
    box.number, box.player = 1, None  # at once: else CPython gives up to keep them in the box
    return box


def plain(player: Any) -> Box:
    box = Box()
    box.number = 1
    box.player = player
    return box


def under_a_number(player: Any) -> Box:
    box = Box()
    vars(box)[player.level] = player
    return box


MAKERS = {
    "plain": plain,
    "slotted": slotted,
    "by dict": lambda player: Box(player=player),
    "asked": lambda player: AskedBox(player=player),
    "hidden class attribute": lambda player: KindBox(player=player),
    "own names": lambda player: Box(**{f"player_{player.level % 50}": player}),
    "no name": under_a_number,
    "twice": lambda player: Box(first=player, second=player),
    "dicts": lambda player: {"player": player, "number": 1},
    "dict keys": lambda player: {player: player},
    "dicts of a class": lambda player: {"__module__": "m", "__doc__": "", "player": player},
    "lists": lambda player: [player, 1],
    "tuples": lambda player: (player, 1),
    "sets": lambda player: {player, 1},
}


def players_in(holder: Any) -> list[Any]:
    if isinstance(holder, dict):
        return [each for item in holder.items() for each in item if hasattr(each, "level")]
    if isinstance(holder, (list, tuple, set)):
        return [each for each in holder if hasattr(each, "level")]
    if isinstance(holder, SlottedBox):
        return [holder.player]
    return [each for each in object.__getattribute__(holder, "__dict__").values() if each != 1]


@pytest.mark.sampled(5)
@pytest.mark.parametrize("case", MAKERS)
def test_many_holders_have_the_new_instances(live: LiveModule, case: str) -> None:
    module = live.start(SLOTS)
    holders = [MAKERS[case](module.new(level)) for level in range(MANY)]
    report = live.change(*GAINED)
    found = [players_in(each) for each in holders]

    assert report.ok, report
    assert report.instances == {f"{live.name}.Player": MANY}
    assert all(type(each) is module.Player for players in found for each in players)
    assert [players[0].level for players in found] == list(range(MANY))
    assert report.undo().ok
    found = [players_in(each) for each in holders]
    assert all(type(each) is module.Player for players in found for each in players)
    assert [players[-1].level for players in found] == list(range(MANY))


@pytest.mark.sampled(6)
@pytest.mark.parametrize("case", MAKERS)
def test_many_holders_keep_the_old_instances_when_a_hook_raises(
    live: LiveModule, case: str
) -> None:
    module = live.start(SLOTS)
    holders = [MAKERS[case](module.new(level)) for level in range(MANY)]
    before = [players_in(each) for each in holders]
    hook = "def __livepatch_migrate__(self, change): 1 / 0\n"
    source = live.source.replace(*GAINED).replace("def new", f"    {hook}\ndef new")
    with pytest.raises(ZeroDivisionError):
        live.edit(source)

    assert [players_in(each) for each in holders] == before
    assert type(before[0][0]) is module.Player


def test_many_holders_of_a_class_that_is_replaced(live: LiveModule) -> None:
    module = live.start("class Kind: pass\n")
    boxes = [plain(module.Kind) for _ in range(MANY)]
    slots = [slotted(module.Kind) for _ in range(MANY)]
    dicts = [{"kind": module.Kind} for _ in range(MANY)]
    report = live.edit("class Base: pass\nclass Kind(Base): pass\n")
    report.undo()
    live.reload()

    assert all(each.player is module.Kind for each in (*boxes, *slots))
    assert all(each["kind"] is module.Kind for each in dicts)


def test_many_holders_that_hold_it_in_different_ways(live: LiveModule) -> None:
    module = live.start(SLOTS)
    boxes = [plain(module.new(level)) for level in range(MANY)]
    for box in boxes[::7]:
        box.extra = box.player
    for box in boxes[::11]:
        vars(box)["seen"] = [box.player]
    report = live.change(*GAINED)

    assert report.ok
    assert all(type(each.player) is module.Player for each in boxes)
    assert all(each.extra is each.player for each in boxes[::7])
    assert all(each.seen[0] is each.player for each in boxes[::11])


def test_holders_are_not_asked_for_their_dicts(live: LiveModule) -> None:
    """What is asked for its dict keeps it, and is slower and larger from then on."""
    module = live.start(SLOTS)
    boxes = plain_ones(module, MANY)
    before = [sys.getsizeof(each) + _size_inside(each) for each in boxes]
    report = live.change(*GAINED)
    report.undo()
    live.reload()
    after = [sys.getsizeof(each) + _size_inside(each) for each in boxes]

    assert sum(one != other for one, other in zip(before, after)) <= 3  # one each time


def test_holders_beside_some_that_were_asked_for_their_dicts_are_not(live: LiveModule) -> None:
    module = live.start(SLOTS)
    boxes = plain_ones(module, 20 * MANY)  # so many that not each is looked at
    for box in boxes[5::97]:
        vars(box)
    before = sum(map(_size_inside, boxes))
    report = live.change(*GAINED)

    assert report.ok
    assert all(type(each.player) is module.Player for each in boxes)
    assert sum(map(_size_inside, boxes)) <= before + 21


def _size_inside(box: Any) -> int:
    import gc

    return sum(type(part) is dict for part in gc.get_referents(box))


def test_instances_that_hold_one_another_in_slots_and_lists(live: LiveModule) -> None:
    module = live.start('class Node:\n    __slots__ = ("after", "others")\n')
    nodes = [module.Node() for _ in range(MANY)]
    for index, node in enumerate(nodes):
        node.after = nodes[index - 1]
        node.others = nodes[index : index + 2]
    del node  # 3.14 keeps what is overwritten in a local variable, and that holds others
    report = live.change('"others")', '"others", "name")')

    assert report.ok
    assert all(node.after is nodes[index - 1] for index, node in enumerate(nodes))
    assert all(node.others[0] is node for node in nodes)


@pytest.mark.parametrize("asked", [False, True], ids=["not asked for their dicts", "asked"])
def test_many_keys_whose_hash_goes_through_an_instance_made_anew(
    live: LiveModule, asked: bool
) -> None:
    module = live.start(SLOTS)
    other = live.other("""
        class Route:
            def __init__(self, player): self.player = player
            def __hash__(self): return hash(self.player)
            def __eq__(self, other): return self.player is other.player
    """)
    routes = [other.Route(module.new(level)) for level in range(MANY)]
    if asked:
        assert all(vars(each) for each in routes)
    table = {route: route.player.level for route in routes}
    sets = [{route, 1} for route in routes]
    report = live.change(*GAINED)

    assert report.ok, report
    assert all(type(each.player) is module.Player for each in routes)
    assert [table[each] for each in routes] == list(range(MANY))
    assert all(each in found for each, found in zip(routes, sets))


def test_many_instances_some_of_which_weak_tables_have(live: LiveModule) -> None:
    module = live.start(SLOTS)
    players = [module.new(level) for level in range(MANY)]
    table = weakref.WeakKeyDictionary({each: each.level for each in players[::3]})
    references = [weakref.ref(each) for each in players]
    held = {"references": references, "finalizers": [(weakref.ref(each),) for each in players]}
    report = live.change(*GAINED)

    assert report.ok, report
    assert all(reference() is each for reference, each in zip(held["references"], players))
    assert all(holder[0]() is each for holder, each in zip(held["finalizers"], players))
    assert [table[each] for each in players[::3]] == list(range(MANY))[::3]
    assert type(players[0]) is module.Player


def test_many_instances_of_several_classes_that_hold_one_another(live: LiveModule) -> None:
    module = live.start(SLOTS + "    class Item:\n        __slots__ = ('owner',)\n")
    players = [module.new(level) for level in range(MANY)]
    items = [module.Item() for _ in range(MANY)]
    for item, player in zip(items, players):
        item.owner = player
    boxes = [plain(item) for item in items]
    live.edit(live.source.replace(*GAINED).replace("('owner',)", "('owner', 'price')"))

    assert all(type(box.player) is module.Item for box in boxes)
    assert all(box.player.owner is player for box, player in zip(boxes, players))
    assert all(type(player) is module.Player for player in players)


def test_the_class_of_what_a_list_holds_is_not_asked_for_a_hash(live: LiveModule) -> None:
    module = live.start(SLOTS)

    class Meta(type):
        def __hash__(cls) -> int:
            raise ZeroDivisionError

        def __eq__(cls, other: object) -> bool:
            raise ZeroDivisionError

    odd = Meta("Odd", (), {})()
    held = [odd, module.new(1)]
    live.change(*GAINED)

    assert type(held[1]) is module.Player
    assert held[0] is odd
