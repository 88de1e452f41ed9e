"""What a stranger who knew only the README broke, as small as it still went wrong."""

from __future__ import annotations

import gc
from unittest import mock

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(10)

CONNECTION = """
    class Connection:
        __slots__ = ("socket",)
        def __init__(self, socket): self.socket = socket
        def __del__(self): self.socket.append("closed")
"""
WITH_TIMEOUT = CONNECTION.replace('"socket",', '"socket", "timeout"')


def test_instance_that_is_made_anew_calls_its_destructor_once(live: LiveModule) -> None:
    module = live.start(CONNECTION)
    held = [module.Connection([])]
    socket = held[0].socket
    report = live.edit(WITH_TIMEOUT)
    gc.collect()

    assert socket == []

    report.undo()
    gc.collect()

    assert socket == []

    live.edit(WITH_TIMEOUT)
    held.clear()

    assert socket == ["closed"]


def test_inherited_destructor_is_called_once(live: LiveModule) -> None:
    other = live.other("class Closing:\n    def __del__(self): self.socket.append('closed')\n")
    source = "import OTHER\nclass Connection(OTHER.Closing):\n    __slots__ = ('socket',)\n"
    module = live.start(source)
    held = [module.Connection()]
    held[0].socket = socket = list[str]()
    report = live.change("'socket',", "'socket', 'timeout'")

    assert socket == []

    report.undo()

    assert socket == []
    assert "__del__" not in vars(module.Connection)
    assert type(held[0]) is module.Connection

    held.clear()

    assert socket == ["closed"]
    assert "__del__" in vars(other.Closing)


@pytest.mark.parametrize("how", ["dry run", "refused", "hook raises"])
def test_copies_that_are_not_needed_call_no_destructor(live: LiveModule, how: str) -> None:
    module = live.start(CONNECTION)
    held = [module.Connection([])]
    socket = held[0].socket
    if how == "dry run":
        live.edit(WITH_TIMEOUT, dry_run=True)
    elif how == "refused":
        text = "from dataclasses import dataclass\n@dataclass(slots=True)\nclass Connection:\n"
        with pytest.raises(livepatch.ReloadRefused, match="LP126"):
            live.edit(text + "    socket: list\n    timeout: int\n    __del__ = print\n")
    else:
        with pytest.raises(ZeroDivisionError):
            live.edit(WITH_TIMEOUT + "        def __livepatch_migrate__(self, change): 1 / 0\n")
    gc.collect()

    assert socket == []
    assert held[0].socket is socket

    held.clear()

    assert socket == ["closed"]


def test_instances_that_a_dry_run_made_call_their_destructor(live: LiveModule) -> None:
    other = live.other("ends = []\n")
    module = live.start(CONNECTION)
    held = [module.Connection([])]
    live.edit(WITH_TIMEOUT + "    import OTHER\n    made = Connection(OTHER.ends)\n", dry_run=True)
    gc.collect()

    assert other.ends == ["closed"]
    assert held[0].socket == []


ALIASES = {
    "generic": "list[Player]",
    "nested": "dict[str, list[Player]]",
    "union": "Player | None",
    "union of three": "int | Player | list[Player]",
    "callable": "collections.abc.Callable[[Player], int]",
    "typing": "typing.Union[Player, int]",
    "typing generic": "typing.List[Player]",
}
SLOW_ALIASES = ("nested", "union of three", "callable", "generic", "typing")
WITH_ALIAS = """
    import collections.abc
    import typing
    class Base: pass
    class Player: pass
    ALIAS = {}
"""


@pytest.mark.parametrize(
    "expression",
    [
        # Eight searches of the heap each; the rest is left to the longer run.
        pytest.param(text, id=name, marks=pytest.mark.slow if name in SLOW_ALIASES else ())
        for name, text in ALIASES.items()
    ],
)
def test_alias_is_the_one_of_its_class_there_and_back(live: LiveModule, expression: str) -> None:
    source = WITH_ALIAS.replace("{}", expression)
    based = source.replace("class Player:", "class Player(Base):")
    module = live.start(source)
    held = {module.ALIAS: 1}

    def observe() -> object:
        fresh = eval(expression, vars(module))
        (alias,) = held
        kinds = type(alias) is type(fresh), type(module.ALIAS) is type(fresh)
        return (held.get(fresh), fresh == module.ALIAS, *kinds)

    for _ in range(2):
        report = live.edit(based)
        assert observe() == (1, True, True, True)
        report.undo()
        assert observe() == (1, True, True, True)
        live.reload()
        live.edit(source)
        assert observe() == (1, True, True, True)


COLOURS = """
    import enum
    class Colour(enum.Enum):
        RED = 1
        BLUE = 2
    class Permission(enum.Flag):
        READ = 1
        WRITE = 2
"""


def test_undo_of_an_enum_keeps_the_keys_of_tables(live: LiveModule) -> None:
    module = live.start(COLOURS)
    table = {module.Colour.RED: 1, module.Permission.READ: 2}
    both = [frozenset(table), set(table)]
    added = COLOURS.replace("BLUE = 2", "GREEN = 3\n        BLUE = 2")
    added = added.replace("WRITE = 2", "WRITE = 2\n        EXECUTE = 4")
    report = live.edit(added)

    assert (table[module.Colour.RED], table[module.Permission.READ]) == (1, 2)
    assert all(module.Colour.RED in each for each in both)

    report.undo()

    assert (table[module.Colour.RED], table[module.Permission.READ]) == (1, 2)
    assert all(module.Colour.RED in each and module.Permission.READ in each for each in both)


GAME = """
    import functools
    def log(function):
        @functools.wraps(function)
        def logged(*arguments): return function(*arguments)
        return logged
    class Player:
        class Item:
            def weigh(self): return 1
        def hit(self): return 1
        def heal(self): return 1
    class Mage(Player): pass
    def spawn(): return 1
    @log
    def count(): return 1
"""


@pytest.mark.parametrize("half", ["", "import functools\n", "class Player:\n    pass\n"])
def test_file_that_was_read_half_written_does_no_harm(live: LiveModule, half: str) -> None:
    module = live.start(GAME)
    held = live.hold("Player", "Mage", "spawn", "Player.hit", "Player.Item", "count")
    player, item, bound = module.Player(), module.Player.Item(), module.Mage().hit
    live.edit(half)
    live.edit(GAME.replace("return 1", "return 2"))

    assert type(player) is module.Player
    assert type(item) is module.Player.Item
    assert isinstance(bound.__self__, module.Mage)
    assert issubclass(module.Mage, module.Player)
    current = (module.Player, module.Mage, module.spawn, module.Player.hit, module.Player.Item)
    assert held[:-1] == list(current)
    assert (player.hit(), item.weigh(), bound(), held[2](), held[3](player)) == (2, 2, 2, 2, 2)


def test_method_that_is_wanted_after_all_is_the_one_there_was(live: LiveModule) -> None:
    module = live.start(GAME)
    player = module.Player()
    heal, unbound = player.heal, module.Player.heal
    live.edit(GAME.replace("    def heal(self): return 1\n", ""))
    report = live.edit(GAME.replace("def heal(self): return 1", "def heal(self): return 2"))

    assert (heal(), unbound(player), player.heal()) == (2, 2, 2)

    report.undo()

    assert not hasattr(module.Player, "heal")
    assert heal() == 1


def test_return_can_be_taken_back_and_come_again(live: LiveModule) -> None:
    module = live.start(GAME)
    held = live.hold("Player", "spawn")
    player = module.Player()
    first = live.edit("x = 1\n")
    for result in (2, 3):
        report = live.edit(GAME.replace("return 1", f"return {result}"))
        assert held == [module.Player, module.spawn]
        assert (player.hit(), held[1]()) == (result, result)
        report.undo()
        assert not hasattr(module, "Player")
        assert (player.hit(), held[1]()) == (1, 1)
    first.undo()

    assert held == [module.Player, module.spawn]
    assert type(player) is module.Player
    assert (player.hit(), held[1]()) == (1, 1)


def test_what_came_and_was_taken_back_is_the_same_when_it_comes_again(live: LiveModule) -> None:
    module = live.start("x = 1\n")
    report = live.edit(GAME)
    player, spawn = module.Player(), [module.spawn]
    report.undo()
    live.edit(GAME.replace("return 1", "return 2"))

    assert type(player) is module.Player
    assert spawn == [module.spawn]
    assert (player.hit(), spawn[0]()) == (2, 2)


def test_return_that_fails_leaves_nothing_and_comes_later(live: LiveModule) -> None:
    other = live.other("table = []\n")
    module = live.start(GAME)
    player, spawn = module.Player(), [module.spawn]
    live.edit("x = 1\n")
    entering = GAME.replace("return 1", "return 2") + "    import OTHER\n    OTHER.table += "
    with pytest.raises(ZeroDivisionError):
        live.edit(entering + "[Player, spawn]\n    1 / 0\n")

    assert other.table == []
    assert (player.hit(), spawn[0]()) == (1, 1)
    assert not hasattr(module, "spawn")

    live.edit(GAME.replace("return 1", "return 3"))

    assert type(player) is module.Player
    assert (player.hit(), spawn[0]()) == (3, 3)
    assert spawn == [module.spawn]


def test_field_is_renamed_where_the_mark_came_first(live: LiveModule) -> None:
    source = "import livepatch\nclass Player:\n    __slots__ = ('name', 'hp')\n"
    module = live.start(source)
    held = [module.Player()]
    held[0].hp = 7
    mark = '@livepatch.hotswap(renamed={"hp": "health"})\nclass'
    live.change("class", mark)
    report = live.change("'hp')", "'health')")

    assert held[0].health == 7

    held[0].health = 8
    report.undo()

    assert held[0].hp == 8

    live.reload()
    held[0].health = 9
    live.change("'name'", "'name', 'level'")

    assert held[0].health == 9


COUNTER = """
    served = 0
    seen = []
    greeting = "hello"
    limit = 10
    def serve():
        global served
        served += 1
        seen.append(served)
        return greeting
"""


def test_undo_keeps_what_was_assigned_since(live: LiveModule) -> None:
    module = live.start(COUNTER)
    module.serve()
    before = module.served
    report = live.edit(
        COUNTER.replace("return greeting", "return greeting.upper()").replace("10", "20")
    )
    for _ in range(3):
        module.serve()
    module.greeting = "hi"
    served, seen = module.served, list(module.seen)
    report.undo()

    assert (module.served, module.seen) == (served, seen)
    assert module.served > before
    assert module.serve() == "hi"
    assert module.limit == 10


def test_undo_leaves_a_patch_that_has_ended_alone(live: LiveModule) -> None:
    module = live.start("def hit(): return 1\ndef heal(): return 1\n")
    with mock.patch.object(module, "hit", str):
        report = live.edit("def hit(): return 1\ndef heal(): return 2\n")
    report.undo()

    assert (module.hit(), module.heal()) == (1, 1)


@pytest.mark.parametrize("read_before", [False, True])
@pytest.mark.parametrize(
    ("source", "later"),
    [
        ("class Move(typing.TypedDict):\n    x: int\n", "    y: str\n"),
        ("class Move:\n    x: int\n", "    y: str\n"),
        ("class Move:\n    x: int\n", None),
        ("class Base: pass\nclass Move:\n    x: int\n", "    y: str\n"),
    ],
    ids=["typed dict", "body", "gone", "statement"],
)
def test_undo_gives_a_class_the_annotations_it_had(
    live: LiveModule, source: str, later: str | None, *, read_before: bool
) -> None:
    module = live.start("import typing\n" + source)
    if read_before:
        assert module.Move.__annotations__ == {"x": int}
    edited = live.source + later if later else live.source.replace("x: int", "pass")
    report = live.edit(edited.replace("Move:", "Move(Base):") if "Base" in edited else edited)
    assert module.Move.__annotations__ == ({"x": int, "y": str} if later else {})
    report.undo()

    assert module.Move.__annotations__ == {"x": int}


SURVIVING = """
    try:
        REGISTRY
    except NameError:
        REGISTRY = {"made": []}
        class Player:
            known = set()
    CACHE = globals().get("CACHE", {})
    def hit(): return 1
"""
MORE = (
    SURVIVING
    + """
    REGISTRY["more"] = REGISTRY["made"].append(1)
    Player.known.add(1)
    CACHE[1] = hit
"""
)


@pytest.mark.parametrize("how", ["fails", "dry run"])
def test_registry_that_outlives_reloads_is_as_it_was_before_one_for_nothing(
    live: LiveModule, how: str
) -> None:
    module = live.start(SURVIVING)
    registry, cache, player = module.REGISTRY, module.CACHE, module.Player
    if how == "fails":
        with pytest.raises(ZeroDivisionError):
            live.edit(MORE + "    1 / 0\n")
    else:
        live.edit(MORE, dry_run=True)

    assert (registry, cache, player.known) == ({"made": []}, {}, set())
    assert module.REGISTRY is registry

    live.edit(MORE)

    assert registry == {"made": [1], "more": None}
    assert (module.Player.known, list(module.CACHE)) == ({1}, [1])


LAMBDAS = """
    def pick(items, key=lambda item: item): return sorted(items, key=key)
    class Player:
        def best(self, *, key=lambda item: item): return max([1, -2], key=key)
"""


def test_lambda_in_a_default_follows(live: LiveModule) -> None:
    module = live.start(LAMBDAS)
    pick, best = module.pick, module.Player().best
    key = [module.pick.__defaults__[0]]
    report = live.edit(LAMBDAS.replace("lambda item: item", "lambda item: -item"))

    assert (pick([1, 2]), best()) == ([2, 1], -2)
    assert key[0](1) == -1
    assert key[0] is module.pick.__defaults__[0]
    if live.rerun == "all":  # XXX: in the other mode it is counted among the closures only
        assert "updated" in str(report) or "replaced" in str(report)

    report.undo()

    assert (pick([1, 2]), best()) == ([1, 2], 1)
    assert key[0](1) == 1


BEHIND = """
    class Player:
        pass
    class Mage:
        pass
    Player.limit = 10
    Player.names = ["ada"]
    Mage.limit = 10
    Player.count = 0
    def hit(): Player.count += 1
"""


def test_attribute_that_is_assigned_behind_the_class_follows(live: LiveModule) -> None:
    module = live.start(BEHIND)
    module.hit()
    changed = BEHIND.replace("Player.limit = 10", "Player.limit = 20").replace("ada", "bob")
    report = live.edit(changed)

    assert (module.Player.limit, module.Player.names, module.Mage.limit) == (20, ["bob"], 10)
    if live.rerun == "all":
        assert module.Player.count == 1
        assert {each.path.partition(".")[2] for each in report.definitions} >= {"Player"}
        report.undo()
        assert (module.Player.limit, module.Player.names, module.Player.count) == (10, ["ada"], 1)


DECORATORS = """
    def loud(function):
        def wrapper(*arguments): return "loud", function(*arguments)
        return wrapper
    def calm(function):
        def wrapper(*arguments): return "calm", function(*arguments)
        return wrapper
    @loud
    def hit(): return 1
    @loud
    def heal(): return 1
    class Player:
        @loud
        def run(self): return 1
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_other_decorator_of_one_definition_is_none_of_the_others(
    live: LiveModule, rerun: str
) -> None:
    module = live.start(DECORATORS)
    held = [module.hit, module.heal, module.Player().run, module.loud(len)]
    edited = DECORATORS.replace("@loud\n    def hit", "@calm\n    def hit")
    report = live.edit(edited, rerun=rerun)
    results = [each() for each in held[:3]]

    assert results == [("calm", 1), ("loud", 1), ("loud", 1)]
    assert held[3]([]) == ("loud", 0)
    assert (module.hit(), module.heal()) == (("calm", 1), ("loud", 1))

    report.undo()

    assert [each() for each in held[:3]] == [("loud", 1)] * 3
    assert held[3]([]) == ("loud", 0)

    live.edit(edited.replace('"loud"', '"LOUD"').replace('"calm"', '"CALM"'), rerun=rerun)

    assert [each() for each in held[:3]] == [("CALM", 1), ("LOUD", 1), ("LOUD", 1)]
    assert held[3]([]) == ("LOUD", 0)


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_decorators_that_are_exchanged_wrap_in_the_new_order(live: LiveModule, rerun: str) -> None:
    source = DECORATORS.replace("@loud\n    def hit", "@loud\n    @calm\n    def hit")
    module = live.start(source)
    held = [module.hit]
    live.edit(source.replace("@loud\n    @calm", "@calm\n    @loud"), rerun=rerun)

    assert held[0]() == ("calm", ("loud", 1))
    assert module.heal() == ("loud", 1)


ATTRIBUTES = """
    def view(): return 1
    view.methods = ["GET"]
    view.calls = 0
"""


@pytest.mark.parametrize("rerun", ["all", "changed"])
@pytest.mark.parametrize("how", ["fails", "dry run"])
def test_attributes_of_functions_are_as_they_were(live: LiveModule, rerun: str, how: str) -> None:
    module = live.start(ATTRIBUTES)
    view = module.view
    view.calls = 7
    edited = ATTRIBUTES.replace('"GET"', '"GET", "POST"') + "    view.later = 1\n"
    if how == "fails":
        with pytest.raises(ZeroDivisionError):
            live.edit(edited + "    1 / 0\n", rerun=rerun)
    else:
        live.edit(edited, rerun=rerun, dry_run=True)

    assert vars(view) == {"methods": ["GET"], "calls": 7}

    live.edit(edited, rerun=rerun)

    assert (module.view.methods, module.view.later) == (["GET", "POST"], 1)


def test_undo_gives_a_pattern_back(live: LiveModule) -> None:
    module = live.start("import re\nWORD = re.compile('a')\n")
    report = live.change("'a'", "'b'")
    assert module.WORD.pattern == "b"
    report.undo()

    assert module.WORD.pattern == "a"
