"""Structures and unions of ctypes: their fields are in C memory, and are said once."""

from __future__ import annotations

import ctypes

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = pytest.mark.sampled(6)

SOURCE = """
    import ctypes
    class Mix:
        def mix(self): return 3
    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int)]
        def hi(self): return 1
    class Wide(Point):
        _fields_ = [("z", ctypes.c_int), ("ends", Point * 2)]
    class Either(ctypes.Union):
        _fields_ = [("number", ctypes.c_int), ("point", Point)]
"""
EDITS = {
    "method": ("return 1", "return 2"),
    "attribute": ("def hi", "LIMIT = 3\n        def hi"),
    "base": ("Point(ctypes", "Point(Mix, ctypes"),
    "type of another name": ('[("x", ctypes.c_int)]', '[("x", ctypes.c_int32)]'),
}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_structure_stays_as_its_methods_and_bases_change(live: LiveModule, edit: str) -> None:
    module = live.start(SOURCE)
    point, wide, row = module.Point(5), module.Wide(6, 7), (module.Point * 2)()
    wide.ends[1].x, row[1].x, either = 8, 9, module.Either(4)
    live.write(SOURCE.replace(*EDITS[edit]))
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)

    def seen() -> tuple[bool, ...]:
        kinds = type(point), type(row[0]), type(wide.ends[0]), type(either.point)
        return (*(kind is module.Point for kind in kinds), type(wide) is module.Wide)

    def values() -> tuple[int, ...]:
        return (point.x, wide.x, wide.z, wide.ends[1].x, row[1].x, either.point.x)

    assert (seen(), values()) == ((True,) * 5, (5, 6, 7, 8, 9, 4))
    assert point.hi() == (2 if edit == "method" else 1)
    assert hasattr(module.Point, "LIMIT") is (edit == "attribute")
    assert hasattr(wide, "mix") is (edit == "base")
    report.undo()
    assert (seen(), values(), point.hi()) == ((True,) * 5, (5, 6, 7, 8, 9, 4), 1)
    assert not hasattr(wide, "mix")


@pytest.mark.parametrize("rerun", ["all", "changed"])
def test_structure_with_other_fields_is_refused_while_it_has_instances(live: LiveModule) -> None:
    module = live.start(SOURCE)
    wide, size = module.Wide(1, 2), ctypes.sizeof(module.Point)
    live.write(SOURCE.replace('[("x"', '[("y", ctypes.c_int), ("x"'))
    with pytest.raises(livepatch.ReloadRefused, match="LP121"):
        livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert (type(wide) is module.Wide, wide.x, wide.z) == (True, 1, 2)

    del wide
    report = livepatch.reload(module, strategy=live.strategy, rerun=live.rerun)
    assert (ctypes.sizeof(module.Point), module.Wide(1, 2, 3).z) == (2 * size, 3)
    assert issubclass(module.Wide, module.Point)
    report.undo()
    assert (ctypes.sizeof(module.Point), module.Wide(1, 2).z) == (size, 2)
