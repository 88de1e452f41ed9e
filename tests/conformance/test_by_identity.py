"""Tables that go by `id`: an instance that is made anew is found in them by its new one."""

from __future__ import annotations

import collections
import gc
import types
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(15)

PLAYER = """
    class Player:
        __slots__ = ("name", "__weakref__")
"""
GAINED = ('("name",', '("name", "mana",')
TUPLE = "from typing import NamedTuple\nclass Player(NamedTuple):\n    name: str\n"


def players_of(module: Any, count: int) -> list[Any]:
    players = [module.Player.__new__(module.Player) for _ in range(count)]
    for number, player in enumerate(players):
        player.name = number
    return players


class Seen(NamedTuple):
    """A key of the program's."""

    kind: Any
    number: Any


# Each makes a table of some objects; it is to equal what it makes of their successors.
TABLES: dict[str, Callable[[list[Any]], Any]] = {
    "deep": lambda players: {id(each): {"self": each} for each in players},
    "number": lambda players: {id(each): number for number, each in enumerate(players)},
    "ordered": lambda players: collections.OrderedDict((id(each), "x") for each in players),
    "counter": lambda players: collections.Counter(id(each) for each in players),
    "default dict": lambda players: collections.defaultdict(
        list, {id(each): [1] for each in players}
    ),
    "tuple": lambda players: {(id(each), "x"): "seen" for each in players},
    "pairs": lambda players: {("near", (id(players[0]), id(each))): 1 for each in players},
    "named tuple": lambda players: {Seen("x", id(each)): "seen" for each in players},
    "named tuples in a set": lambda players: {Seen(each, (id(each), 1)) for each in players},
    "object and its id": lambda players: {(each, id(each)): 1 for each in players},
    "unordered pairs": lambda players: {
        frozenset((id(players[0]), id(each))): 1 for each in players
    },
    "set": lambda players: {7, "x", *map(id, players)},
    "set of pairs": lambda players: {(id(each), "x") for each in players},
    "frozenset": lambda players: frozenset(map(id, players)),
    "frozenset in a set": lambda players: {frozenset(map(id, players))},
}


@pytest.mark.parametrize("source", [PLAYER, TUPLE], ids=["slots", "tuple"])
@pytest.mark.parametrize("count", [1, 3, 200])
def test_tables_of_ids_have_the_new_ones(live: LiveModule, count: int, source: str) -> None:
    module = live.start(source)
    players = (
        players_of(module, count)
        if source is PLAYER
        else [module.Player(number) for number in range(count)]
    )
    # Apart from one another, as attributes: the collector knows few of them up to 3.13.
    holders = {name: types.SimpleNamespace(table=make(players)) for name, make in TABLES.items()}
    gc.collect()
    edit = GAINED if source is PLAYER else ("name: str\n", "name: str\n    mana: int = 0\n")
    report = live.change(*edit)

    def wrong() -> list[str]:
        return [name for name, make in TABLES.items() if holders[name].table != make(players)]

    assert report.ok, report
    assert wrong() == []
    assert report.references["id"] >= len(TABLES) - 1
    assert "mana" in dir(players[0])
    report.undo()
    assert wrong() == []
    assert "mana" not in dir(players[0])


def test_order_of_a_table_of_ids_stays(live: LiveModule) -> None:
    module = live.start(PLAYER)
    first, second = players_of(module, 2)
    holder = [{"a": 1, id(second): 2, 5: 3, id(first): 4, "b": 5}]
    live.change(*GAINED)

    assert list(holder[0].items()) == [
        ("a", 1),
        (id(second), 2),
        (5, 3),
        (id(first), 4),
        ("b", 5),
    ]


def test_numbers_elsewhere_stay(live: LiveModule) -> None:
    module = live.start(PLAYER)
    (player,) = players_of(module, 1)
    old = id(player)
    numbers = [old, (old, "x"), {"id": old}, {"a": {old + 16, old - 16, float(old)}}]
    live.change(*GAINED)

    assert id(player) != old
    assert numbers == [old, (old, "x"), {"id": old}, {"a": {old + 16, old - 16, float(old)}}]


def test_id_of_what_is_gone_gives_way_to_that_of_what_is_made_there(live: LiveModule) -> None:
    # Whatever number is in the table, some instances are made where the gone ones were.
    module = live.start(PLAYER)
    gone = players_of(module, 400)
    tables: list[Any] = [{id(each): "gone" for each in gone}, set(map(id, gone))]
    players = players_of(module, 400)
    tables[0] |= {id(each): each.name for each in players}
    tables[1] |= set(map(id, players))
    gone.clear()
    live.change(*GAINED)

    assert [tables[0][id(each)] for each in players] == list(range(400))
    assert tables[1] >= set(map(id, players))


def test_dict_of_weak_references_by_id_forgets_what_dies(live: LiveModule) -> None:
    module = live.start(PLAYER)
    players = players_of(module, 3)
    table = weakref.WeakValueDictionary({id(each): each for each in players})
    live.change(*GAINED)

    assert sorted(table) == sorted(map(id, players))
    players.pop()
    gc.collect()
    assert sorted(table) == sorted(map(id, players))
    assert len(table) == len(table.data)


def test_hook_that_raises_leaves_the_tables_as_they_were(live: LiveModule) -> None:
    module = live.start(PLAYER)
    players = players_of(module, 3)
    tables = [{id(each): 1 for each in players}, set(map(id, players)), {frozenset([id(players)])}]
    before = repr(tables)
    with pytest.raises(ZeroDivisionError):
        live.edit("""
            class Player:
                __slots__ = ("name", "mana", "__weakref__")
                def __livepatch_migrate__(self, change): 1 / 0
        """)

    assert repr(tables) == before
    assert set(tables[0]) == set(map(id, players))


def test_keys_beside_an_id_are_asked_for_no_hash_while_planning(live: LiveModule) -> None:
    module = live.start(PLAYER)
    asked: list[str] = []

    class Key:
        def __hash__(self) -> int:
            asked.append("hash")
            return 1

    players = players_of(module, 3)
    table = {Key(): 1, (Key(), id(players[0])): 2, id(players[1]): 3}
    asked.clear()
    live.change(*GAINED, dry_run=True)

    assert asked == []
    assert table[id(players[1])] == 3


class Session:
    """What has nothing to do with players."""


def test_weak_values_of_others_leave_by_the_new_id(live: LiveModule) -> None:
    module = live.start(PLAYER)
    players = players_of(module, 3)
    sessions = [Session() for _ in players]
    table = weakref.WeakValueDictionary(
        {id(each): session for each, session in zip(players, sessions)}
    )
    live.change(*GAINED)
    live.change('"mana",', '"mana", "luck",').undo()

    assert [table[id(each)] for each in players] == sessions
    sessions.clear()
    gc.collect()
    assert not table.data


def by_default(player: Any, gone: list[int]) -> Any:
    return weakref.ref(player, lambda _, key=id(player): gone.append(key))  # noqa: B008


def by_cell(player: Any, gone: list[int]) -> Any:
    key = id(player)
    return weakref.ref(player, lambda _: gone.append(key))


def by_keyword(player: Any, gone: list[int]) -> Any:
    def forget(_: object, *, key: int = id(player)) -> None:
        gone.append(key)

    return weakref.ref(player, forget)


def by_finalizer(player: Any, gone: list[int]) -> Any:
    return weakref.finalize(player, gone.append, id(player))


@pytest.mark.sampled(6)
@pytest.mark.parametrize("way", [by_default, by_cell, by_keyword, by_finalizer])
@pytest.mark.parametrize("count", [1, 200])
@pytest.mark.parametrize("back", [False, True])
def test_what_an_instance_calls_when_it_dies_knows_its_new_id(
    live: LiveModule, way: Callable[[Any, list[int]], Any], count: int, back: bool
) -> None:
    module = live.start(PLAYER)
    players = players_of(module, count)
    gone: list[int] = []
    kept = [way(each, gone) for each in players]
    report = live.change(*GAINED)
    if back:
        report.undo()
    new = list(map(id, players))
    players.clear()

    assert sorted(gone) == sorted(new)
    assert len(kept) == count


class Evil:
    """What a table says of itself is not asked."""

    def __iter__(self) -> Any:
        raise RuntimeError

    __len__ = __bool__ = keys = items = values = __iter__


class EvilDict(Evil, dict[Any, Any]):
    pass


class EvilSet(Evil, set[Any]):
    pass


class EvilFrozenset(Evil, frozenset[Any]):
    def __hash__(self) -> int:
        return 7


@pytest.mark.parametrize("count", [1, 200])
def test_tables_are_not_asked_for_what_they_have(live: LiveModule, count: int) -> None:
    module = live.start(PLAYER)
    players = players_of(module, count)
    keys = [id(players[0]), "x"]
    tables: list[Any] = [EvilDict.fromkeys(keys), EvilSet(keys), EvilFrozenset(keys)]
    held = [EvilFrozenset([players[0]]), EvilSet([players[0]])]
    report = live.change(*GAINED)

    assert report.ok, report
    assert dict.__contains__(tables[0], id(players[0]))
    assert set.__contains__(tables[1], id(players[0]))
    assert frozenset.__contains__(tables[2], id(players[0]))
    assert type(tables[2]) is EvilFrozenset
    assert frozenset.__contains__(held[0], players[0])
    assert set.__contains__(held[1], players[0])
