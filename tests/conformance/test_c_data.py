"""ctypes objects refer to Python objects in C memory, and keep them alive by a dict beside it."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(6)

SLOTS = """
    class Player:
        __slots__ = ("name", "__weakref__")
"""
GAINED = ('("name",', '("name", "mana",')


class Pair(ctypes.Structure):
    _fields_ = (("number", ctypes.c_int), ("first", ctypes.py_object))


class Wide(Pair):
    # CPython counts them from 0 again, and keeps one object for two fields of the same number.
    _fields_ = (
        ("row", ctypes.py_object * 2),
        ("unused", ctypes.c_int),
        ("inner", Pair),
    )


def array_of(player: Any) -> Any:
    return (ctypes.py_object * 3)(player, None, player)


def wide_of(player: Any) -> Any:
    wide = Wide(1, player)
    wide.row[1] = player
    wide.inner = Pair(2, player)  # whose own dict comes along, and which is freed
    return wide


def cast_of(player: Any) -> Any:
    return ctypes.cast(array_of(player), ctypes.POINTER(ctypes.py_object))


def pointer_to(player: Any) -> Any:
    pointer = ctypes.pointer(ctypes.py_object(None))
    pointer[0] = player  # only the pointer keeps it
    return pointer


CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], list[Any]]]] = {
    "one": (ctypes.py_object, lambda held: [held.value]),
    "array": (array_of, lambda held: [held[0], held[2]]),
    "structure": (wide_of, lambda held: [held.first, held.row[1], held.inner.first]),
    "pointer": (lambda p: ctypes.pointer(ctypes.py_object(p)), lambda held: [held[0]]),
    "written through a pointer": (pointer_to, lambda held: [held[0], held.contents.value]),
    "cast": (cast_of, lambda held: [held[0], held[2]]),
    "many": (
        lambda player: [array_of(player) for _ in range(100)],
        lambda held: [each[0] for each in held],
    ),
}


@pytest.mark.sampled(13)
@pytest.mark.parametrize("case", CASES)
def test_references_in_c_memory_lead_to_the_new_instance(live: LiveModule, case: str) -> None:
    module = live.start(SLOTS)
    make, read = CASES[case]
    player = module.Player()
    player.name = "ada"
    held, plain = make(player), {"0": player, "a": [player]}
    report = live.change(*GAINED)
    del player
    gc.collect()

    assert plain["0"] is plain["a"][0]
    assert all(each is plain["0"] for each in read(held))
    assert type(plain["0"]) is module.Player
    assert report.ok, report
    report.undo()
    gc.collect()
    assert all(each is plain["0"] for each in read(held))
    assert "mana" not in type(plain["0"]).__slots__


def test_references_in_c_memory_lead_to_the_class_that_was_replaced(live: LiveModule) -> None:
    module = live.start("class Player: pass\n")
    held = [array_of(module.Player), wide_of(module.Player), ctypes.py_object(module.Player)]
    report = live.edit("class Base: pass\nclass Player(Base): pass\n")
    gc.collect()

    assert report.ok, report
    assert held[0][0] is held[0][2] is held[1].inner.first is held[2].value is module.Player


def test_memory_that_holds_something_else_than_its_object_keeps_is_left_alone(
    live: LiveModule,
) -> None:
    module = live.start(SLOTS)
    player, other = module.Player(), object()
    held = (ctypes.py_object * 1)(player)
    ctypes.c_void_p.from_buffer(held).value = id(other)
    kept = held._objects  # type: ignore[attr-defined]
    report = live.change(*GAINED)

    assert held[0] is other
    assert type(kept["0"]) is not module.Player
    assert type(player) is module.Player
    assert [notice.code for notice in report.notices] == ["LP209"]
