"""Only what changed runs again."""
from __future__ import annotations

import functools
import inspect
from typing import Any

from tests.live import LiveModule


def test_held_function_takes_its_new_body_and_nothing_runs(live: LiveModule) -> None:
    module = live.start("RUNS = []\nRUNS.append(1)\ndef hit(): return 1\n")
    held, runs = module.hit, module.RUNS
    report = live.change("return 1", "return 2", rerun="changed")
    assert held is module.hit
    assert held() == 2
    assert module.RUNS is runs == [1]
    print(report)
    report.undo()
    assert held() == 1

def test_a(live: LiveModule) -> None:
    module = live.start("""
        RUNS = []
        RUNS.append(1)
        LIMIT = 5
        CACHE = {}
        def deco(f):
            RUNS.append(f.__name__)
            return f
        class A:
            x = LIMIT
            def m(self): return 1
        class B(A):
            y = 1
        @deco
        def hit(): return 1
        DOUBLE = LIMIT * 2
        try:
            import json
        except ImportError:
            json = None
        with open(__file__) as f:
            TEXT = f.read()
        if LIMIT:
            Z = 1
        """)
    a, cache = module.A(), module.CACHE
    report = live.change("LIMIT = 5", "LIMIT = 6", rerun="changed")
    print(report)
    assert module.RUNS == [1, "hit"]
    assert module.A.x == 6
    assert module.CACHE is cache
    assert isinstance(a, module.A)
    report = live.change("def hit(): return 1", "def hit(a=1): return 1", rerun="changed")
    print(report)
    assert module.RUNS == [1, "hit", "hit"]
