"""A definition that has another name, and says something else by that name: it is another one."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

pytestmark = [
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.one_mode("all of it runs in the other"),
    pytest.mark.sampled(8),
]
OTHERS = {
    "attribute": ("def start(x): return x.start()\n", "def stop(x): return x.stop()\n"),
    "text": ("def start(): return 'start'\n", "def stop(): return 'stop'\n"),
    "list": ("def start(): return ['a', 'start']\n", "def stop(): return ['a', 'stop']\n"),
    "kind": (
        "class start:\n    kind = 'start'\n    def f(self): return 1\n",
        "class stop:\n    kind = 'stop'\n    def f(self): return 1\n",
    ),
    "kinds": (
        "class start:\n    kinds = ['start']\n    def f(self): return 1\n",
        "class stop:\n    kinds = ['stop']\n    def f(self): return 1\n",
    ),
}
SAME = {
    "recursion": ("def start(x): return x and start(0)\n", "def stop(x): return x and stop(0)\n"),
    "inner": (
        "def start():\n    def inner(): return 1\n    return inner\n",
        "def stop():\n    def inner(): return 1\n    return inner\n",
    ),
    "class": (
        "class start:\n    def f(self): return start\n    class In: pass\n",
        "class stop:\n    def f(self): return stop\n    class In: pass\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), OTHERS.values(), ids=OTHERS)
def test_what_says_its_name_is_another_one(live: LiveModule, before: str, after: str) -> None:
    module = live.start(before)
    held = module.start
    live.edit(after)

    assert module.stop is not held
    for name in ("kind", "kinds"):
        assert getattr(module.stop, name, "stop") in ("stop", ["stop"])
        assert getattr(held, name, "start") in ("start", ["start"])


@pytest.mark.parametrize(("before", "after"), SAME.values(), ids=SAME)
def test_what_refers_to_itself_is_the_same(live: LiveModule, before: str, after: str) -> None:
    module = live.start(before)
    held = module.start
    live.edit(after)

    assert module.stop is held
    assert held.__name__ == "stop"
