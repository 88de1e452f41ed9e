"""Threads and tasks call, make and hold at full speed while a module is reloaded again and again.

Each generation answers with its own number. Whoever asks must never get an error and never an older
answer than the last one: a reload is seen whole, or not at all.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import livepatch
from livepatch.testing import LiveModule, assert_current

THREADS = 8
SOURCE = """
    import functools
    class Base:
        def base(self): return 0
    class Mixin: pass
    class Player(Base):
        def hit(self): return 0
        @property
        def level(self): return 0
        @staticmethod
        def made(): return 0
    def hit(): return 0
    def outer():
        def inner(): return 0
        return inner
    def numbers():
        while True:
            yield 0
    async def wait(): return 0
"""
COUNTS = [4, pytest.param(1000, marks=pytest.mark.slow)]


# Before 3.11 a thread may be stopped between loading a class and calling it, or looking it up. It
# then goes on with the class as it was, once: such a class is on the thread's stack, where nobody
# can see it. The report names it if the thread has it still when the report is made.
STOPS_BEFORE_CALLS = sys.version_info < (3, 11)


def reload_to(live: LiveModule, number: int) -> set[str]:
    """Reload to a generation; return the paths of what has another object now."""
    report = live.edit(generation(number), strategy="repoint" if number % 2 else "auto")
    return {each.path for each in report.definitions if each.outcome is livepatch.Outcome.REPLACED}


def generation(number: int) -> str:
    """Every body says another number; every third time a base comes or goes."""
    source = SOURCE.replace("return 0", f"return {number}").replace("yield 0", f"yield {number}")
    return source.replace("Player(Base)", "Player(Mixin, Base)") if number // 3 % 2 else source


class Watcher:
    """Asks, makes and holds, and notes what must not be."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.player = module.Player()
        self.held = module.hit
        self.bound = self.player.hit
        self.inner = module.outer()
        self.table = {module.Player: "player", module.hit: "hit"}
        self.pair = (module.Player, module.hit)
        self.made: list[Any] = []
        self.last = 0
        self.asked = 0
        self.late = 0
        self.wrong: list[str] = []

    def ways(self) -> Iterator[Callable[[], int]]:
        yield self.held
        yield self.module.hit
        yield self.bound
        yield self.inner
        yield lambda: self.module.Player().hit()
        yield lambda: self.player.level
        yield self.player.made
        yield self.pair[1]
        yield self.make

    def make(self) -> int:
        """Make an instance, and find its class in a dict that is keyed by it."""
        player = self.module.Player()
        try:
            assert self.table[type(player)] == "player"
        except KeyError:
            if not STOPS_BEFORE_CALLS:
                raise
            self.late += 1
        else:
            self.made = [player, *self.made[:20]]
        answer: int = player.hit()
        return answer

    def look(self, way: Callable[[], int]) -> None:
        try:
            answer = way()
        except Exception as error:  # noqa: BLE001 - it is the finding
            self.wrong.append(f"{type(error).__name__}: {error}")
            return
        if answer < self.last:
            self.wrong.append(f"{answer} after {self.last}")
        self.last = answer
        self.asked += 1


@contextmanager
def switching_all_the_time() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("count", COUNTS)
def test_threads_at_full_speed_see_each_reload_whole(live: LiveModule, count: int) -> None:
    module = live.start(generation(0))
    watchers = [Watcher(module) for _ in range(THREADS)]
    stop = threading.Event()

    def work(watcher: Watcher) -> None:
        while not stop.is_set():
            # Made anew each time: a list of them in a local would be a holder of its own.
            for way in watcher.ways():
                watcher.look(way)

    threads = [threading.Thread(target=work, args=(each,)) for each in watchers]
    replaced: list[set[str]] = []
    with switching_all_the_time():
        for thread in threads:
            thread.start()
        try:
            replaced += (reload_to(live, number) for number in range(1, count + 1))
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    assert [each.wrong for each in watchers] == [[] for _ in watchers]
    assert all(each.asked for each in watchers)
    # A thread is in one place at a time.
    times = sum(f"{live.name}.Player" in paths for paths in replaced)
    assert all(each.late <= times for each in watchers)
    assert {each.held() for each in watchers} == {count}
    assert {type(made) for each in watchers for made in each.made} == {module.Player}
    assert_current(module)


@pytest.mark.parametrize("count", COUNTS)
def test_tasks_at_full_speed_see_each_reload_whole(live: LiveModule, count: int) -> None:
    module = live.start(generation(0))
    watchers = [Watcher(module) for _ in range(THREADS)]
    suspended = module.numbers()
    next(suspended)

    async def work(watcher: Watcher) -> None:
        while True:
            for way in watcher.ways():
                watcher.look(way)
                await asyncio.sleep(0)
            answer = await module.wait()
            watcher.look(lambda answer=answer: answer)

    async def edit() -> None:
        tasks = [asyncio.ensure_future(work(each)) for each in watchers]
        for number in range(1, count + 1):
            await asyncio.sleep(0)
            reload_to(live, number)
        for _ in range(20):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with switching_all_the_time():
        asyncio.run(edit())

    assert [each.wrong for each in watchers] == [[] for _ in watchers]
    assert {each.held() for each in watchers} == {count}
    assert next(suspended) == 0  # a call that began before runs its own code to the end
    assert_current(module)
