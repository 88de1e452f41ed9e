"""Instances that are held by what C code keeps to itself: iterators, calls under way, futures."""

from __future__ import annotations

import asyncio
import collections
import contextvars
import gc
import itertools
import operator
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(14)

PLAYER = """
    class Player:
        __slots__ = ("name",)
"""
FEED = """
    class Feed:
        __slots__ = ("name", "count", "closed", "other")
        def __init__(self): self.count = 0
        def __iter__(self): return self
        def __next__(self):
            if self.count == 4: raise StopIteration
            self.count += 1
            return self.count
        def __aiter__(self): return self
        async def __anext__(self):
            try: return next(self)
            except StopIteration: raise StopAsyncIteration
        def __getitem__(self, index): return (self, 2, 3, 4)[index]
        def __len__(self): return 4
        def __call__(self, value=0): return self
        def __lt__(self, other): return False
        def __enter__(self): return self
        def __exit__(self, *error): self.closed = True
        async def __aenter__(self): return self
        async def __aexit__(self, *error): self.closed = True
"""
GAINED = ('("name",', '("name", "mana",')

Make = Callable[[Any], Any]


def enumerated(make: Make) -> Any:
    return (each for _, each in enumerate((make(0), make(1), make(2))))


def of_items(make: Make) -> Any:
    return (each for _, each in {"a": make(0), "b": make(1), "c": make(2)}.items())


def zipped(make: Make) -> Any:
    return (each for _, each in zip("abc", (make(0), make(1), make(2))))


def in_pairs(make: Make) -> Any:
    return (each for each, _ in ((make(0), 1), (make(1), 2), (make(2), 3)))


def multiplied(make: Make) -> Any:
    return (each for pair in itertools.product([make(0), make(1)], repeat=2) for each in pair)


def combined(make: Make) -> Any:
    return (
        each for pair in itertools.combinations([make(0), make(1), make(2)], 2) for each in pair
    )


def chained(make: Make) -> Any:
    return itertools.chain((make(0),), (make(1), make(2)))


def backwards(make: Make) -> Any:
    return reversed((make(0), make(1), make(2)))


def repeated(make: Make) -> Any:
    return itertools.repeat(make(0), 4)


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    "loop",
    [
        enumerated,
        of_items,
        zipped,
        in_pairs,
        multiplied,
        combined,
        chained,
        backwards,
        repeated,
    ],
)
def test_loop_goes_on_with_the_new_instances(live: LiveModule, loop: Callable[[Make], Any]) -> None:
    module = live.start(PLAYER)

    def make(name: int) -> Any:
        player = module.Player()
        player.name = name
        return player

    wanted = [each.name for each in loop(make)]
    players = loop(make)
    names = [next(players).name]
    report = live.change(*GAINED)
    assert report.ok, report
    second = next(players)
    assert type(second) is module.Player
    assert hasattr(type(second), "mana")
    names.append(second.name)
    report.undo()
    rest = list(players)
    names += [each.name for each in rest]

    assert names == wanted
    assert all(type(each) is module.Player for each in rest)


def suspended(*players: Any) -> Any:
    yield
    yield players[0]


def begun(iterator: Any) -> Any:
    next(iterator)
    return iterator


def given_its_default(player: Any) -> Any:
    variable = contextvars.ContextVar("player", default=player)
    variable.set(player)
    return variable


def token_of(player: Any) -> Any:
    variable = contextvars.ContextVar[Any]("player", default=None)
    variable.set(player)
    return variable.set(None)


def second_of_tee(player: Any) -> Any:
    first, second = itertools.tee(iter([player]))
    next(first)
    return second


def key_of_group(groups: Any) -> Any:
    return gc.get_referents(groups)[-1]


HELD: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "slice": (lambda player: slice(0, player, player), lambda held: held.stop),
    "repeat": (itertools.repeat, next),
    "itemgetter": (operator.itemgetter, lambda held: held.__reduce__()[1][0]),
    "methodcaller": (
        lambda player: operator.methodcaller("hit", player),
        lambda held: held.__reduce__()[1][1],
    ),
    "what ends an iterator": (
        lambda player: iter(player.__class__, player),
        lambda held: held.__reduce__()[1][1],
    ),
    "arguments": (lambda player: suspended(player, player), next),
    "default of a context variable": (
        lambda player: contextvars.ContextVar("player", default=player),
        lambda held: held.get(),
    ),
    "default and value of a context variable": (
        given_its_default,
        lambda held: held.get(),
    ),
    "token": (token_of, lambda held: held.old_value),
    "second of a tee": (second_of_tee, next),
    "fill value": (
        lambda player: itertools.zip_longest([], [1], fillvalue=player),
        lambda held: next(held)[0],
    ),
    "initial value": (
        lambda player: itertools.accumulate([1], max, initial=player),
        next,
    ),
    "last of pairs": (
        lambda player: begun(itertools.pairwise([1, player, 3])),
        lambda h: next(h)[0],
    ),
    "key of a group": (lambda player: begun(itertools.groupby([player, player])), key_of_group),
}


@pytest.mark.sampled(18)
@pytest.mark.parametrize("case", HELD)
def test_what_has_no_way_to_be_changed_has_the_new_instance(live: LiveModule, case: str) -> None:
    make, look = HELD[case]
    module = live.start(PLAYER)
    held = make(module.Player())
    if case == "arguments":
        next(held)
    report = live.change(*GAINED)

    assert report.ok, report
    assert type(look(held)) is module.Player


def test_hook_that_raises_leaves_the_insides_as_they_were(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player = module.Player()
    held = [iter((player, 1)), slice(player), itertools.repeat(player, 3)]
    with pytest.raises(ZeroDivisionError):
        live.edit("""
            class Player:
                __slots__ = ("name", "mana")
                def __livepatch_migrate__(self, change): 1 / 0
        """)

    assert next(held[0]) is held[1].stop is next(held[2]) is player
    assert operator.length_hint(held[2]) == 2


def test_finished_futures_and_tasks_have_the_new_instance(live: LiveModule) -> None:
    module = live.start(PLAYER)
    told: list[Any] = []

    async def make() -> Any:
        return module.Player()

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_result(module.Player())
        task = asyncio.create_task(make())
        task.add_done_callback(lambda _: told.append("task"))
        await asyncio.wait([task])
        await asyncio.sleep(0)
        report = live.change(*GAINED)
        assert report.ok, report
        for each in (future, task):
            assert each.done()
            assert type(each.result()) is module.Player
            assert type(await each) is module.Player
        report.undo()
        assert type(task.result()) is type(future.result()) is module.Player
        assert not hasattr(task.result(), "mana")

    asyncio.run(main())

    assert told == ["task"]


def test_number_of_references_stays(live: LiveModule) -> None:
    module = live.start(PLAYER)
    player, other = module.Player(), object()
    before = sys.getrefcount(other)
    loop = iter((player, other))
    for _ in range(5):
        live.change(*GAINED)
        live.change('"mana",', "")
    assert type(next(loop)) is module.Player
    assert next(loop) is other
    del loop
    live.reload()

    assert sys.getrefcount(other) <= before + 1


def test_done_callback_of_a_task_that_runs(live: LiveModule) -> None:
    module = live.start("told = []\ndef tell(task): told.append('old')\n")

    async def main() -> None:
        begin = asyncio.Event()
        task = asyncio.create_task(begin.wait())
        await asyncio.sleep(0)
        task.add_done_callback(module.tell)
        report = live.change("'old'", "'new'")
        assert report.ok, report
        begin.set()
        await task
        await asyncio.sleep(0)

    asyncio.run(main())

    assert module.told == ["new"]


def test_instance_in_a_frame_that_a_traceback_has(live: LiveModule) -> None:
    module = live.start(PLAYER)

    def fail(player: Any) -> None:
        raise ValueError(player.__class__)

    def failure() -> ValueError:
        try:
            fail(module.Player())
        except ValueError as error:
            return error
        return ValueError()

    error = failure()
    report = live.change(*GAINED)

    assert report.ok, report
    assert error.__traceback__ is not None
    assert error.__traceback__.tb_next is not None
    player = error.__traceback__.tb_next.tb_frame.f_locals["player"]
    assert type(player) is module.Player


WRAPPED: dict[str, Callable[[Any], Any]] = {
    "enumerate": enumerate,
    "filter": lambda feed: filter(None, feed),
    "chain": itertools.chain,
    "islice": lambda feed: itertools.islice(feed, 9),
    "takewhile": lambda feed: itertools.takewhile(bool, feed),
    "dropwhile": lambda feed: itertools.dropwhile(lambda _: False, feed),
    "filterfalse": lambda feed: itertools.filterfalse(lambda _: False, feed),
    "accumulate": itertools.accumulate,
    "compress": lambda feed: itertools.compress(feed, itertools.repeat(1)),
    "groupby": itertools.groupby,
    "tee": lambda feed: itertools.tee(feed)[1],
    "zip_longest": lambda feed: itertools.zip_longest(feed, [0]),
    "map": lambda feed: map(str, feed),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("wrap", WRAPPED)
def test_iterator_that_another_one_asks(live: LiveModule, wrap: str) -> None:
    module = live.start(FEED)
    feed = module.Feed()
    iterator = WRAPPED[wrap](feed)
    first = [next(iterator)]
    report = live.change(*GAINED)
    second = [next(iterator)]
    assert report.ok, report
    assert feed.count == 2
    report.undo()
    rest = list(iterator)

    assert len(first + second + rest) == feed.count == 4


def delegating(feed: Any) -> Any:
    yield from feed


LOOPS: dict[str, Callable[[Any], Any]] = {
    "for": lambda feed: (each for each in feed),
    "yield from": delegating,
    "backwards": lambda feed: (each for each in reversed(feed)),
    "call": lambda feed: map(feed, range(3)),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_loop_over_an_instance_that_waits(live: LiveModule, loop: str) -> None:
    module = live.start(FEED)
    feed = module.Feed()
    iterator = LOOPS[loop](feed)
    values = [next(iterator)]
    report = live.change(*GAINED)
    values += iterator

    assert report.ok, report
    if loop == "backwards":
        assert values == [4, 3, 2, feed]
    elif loop == "call":
        assert values[1:] == [feed, feed]
    else:
        assert values == [1, 2, 3, 4]
        assert feed.count == 4


def test_with_statement_that_waits(live: LiveModule) -> None:
    module = live.start(FEED)

    def wait() -> Any:
        with module.Feed() as feed:
            yield feed

    waiting = wait()
    first = next(waiting)
    report = live.change(*GAINED)
    assert report.ok, report
    assert next(waiting, None) is None

    assert type(first) is module.Feed
    assert first.closed


def test_asynchronous_statements_that_wait(live: LiveModule) -> None:
    module = live.start(FEED)

    async def main() -> tuple[Any, Any]:
        go = asyncio.Event()
        feeds = [module.Feed(), module.Feed()]

        async def visit() -> None:
            async with feeds[0]:
                async for _ in feeds[1]:
                    await go.wait()

        task = asyncio.create_task(visit())
        await asyncio.sleep(0)
        report = live.change(*GAINED)
        assert report.ok, report
        report.undo()
        go.set()
        await task
        return feeds[0], feeds[1]

    first, second = asyncio.run(main())

    assert first.closed
    assert second.count == 4


def test_with_statement_that_goes_on(live: LiveModule) -> None:
    module = live.start(FEED)
    with module.Feed() as feed:
        report = live.change(*GAINED)

    assert type(feed) is module.Feed
    if sys.version_info < (3, 14):
        assert report.ok, report
        assert feed.closed
    else:  # the instance itself lies in the frame, and not its bound method
        assert "LP209" in {notice.code for notice in report.notices}


def test_local_variables_that_refer_to_each_other(live: LiveModule) -> None:
    module = live.start(FEED)
    one, other = module.Feed(), module.Feed()
    one.other, other.other = other, one
    report = live.change(*GAINED)

    assert report.ok, report
    assert one.other.other is one


def held_many_ways(feed: Any) -> list[Any]:
    return [
        begun(delegating(feed)),
        begun(each for each in feed),
        enumerate(feed),
        contextvars.ContextVar("feed", default=feed),
        (feed.__len__, feed.__str__),
    ]


def test_number_of_references_from_frames_and_iterators_stays(live: LiveModule) -> None:
    module = live.start(FEED)
    feeds = [module.Feed()]
    mark = object()
    before = sys.getrefcount(mark)
    feeds[0].name = mark
    wanted = sys.getrefcount(feeds[0])
    held = held_many_ways(feeds[0])
    for _ in range(5):
        live.change(*GAINED)
        live.change('"mana",', "")
    assert [next(held[0]), next(held[1])] == [3, 4]
    held.clear()
    gc.collect()
    references = sys.getrefcount(feeds[0])
    feeds.clear()
    live.reload()
    gc.collect()

    assert references == wanted
    assert sys.getrefcount(mark) <= before + 1


def in_a_with_statement(feed: Any) -> Any:
    with feed, feed as entered:
        yield from entered


@pytest.mark.slow
def test_many_iterators_and_generators_over_many_reloads(live: LiveModule) -> None:
    wrapped = [make for name, make in WRAPPED.items() if name != "islice"]  # which ends early
    kinds = [*wrapped, LOOPS["for"], delegating, in_a_with_statement]
    sources = [
        FEED.replace("self.count == 4", "self.count == 40"),
        FEED.replace("self.count == 4", "self.count == 40").replace(*GAINED),
        FEED.replace("self.count == 4", "self.count == 40").replace("__slots__ =", "order ="),
    ]
    module = live.start(sources[0])
    feeds = [module.Feed() for _ in range(3 * len(kinds))]
    iterators = [kinds[index % len(kinds)](feed) for index, feed in enumerate(feeds)]
    for step in range(8):
        for iterator in iterators[step % 3 :: 3]:
            next(iterator)
        report = live.edit(sources[(step + 1) % 3])
        assert report.ok, report
        if step % 4 == 3:
            report.undo()
        gc.collect()
        assert all(type(feed) is module.Feed for feed in feeds)
    for iterator in iterators:
        collections.deque(iterator, maxlen=0)

    assert all(feed.count == 40 for feed in feeds)
