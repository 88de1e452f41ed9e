"""Tools to test that a program survives its own reloads: ``pip install "livepatch[test]"``.

A `LiveModule` is a module in a real file that a test edits and reloads; the pytest fixture
``live_module`` is one in a temporary folder. Three assertions say what a reload must leave behind.

>>> import tempfile, pathlib
>>> with tempfile.TemporaryDirectory() as folder, LiveModule(pathlib.Path(folder)) as live:
...     module = live.start("def hit(): return 1")
...     held = live.hold("hit")
...     report = live.edit("def hit(): return 2")
...     assert_current(module)
...     held[0]()
2
"""

from livepatch.testing._current import assert_current
from livepatch.testing._fresh import assert_like_fresh
from livepatch.testing._live import LiveModule, Strategy
from livepatch.testing._unchanged import assert_unchanged

__all__ = [
    "LiveModule",
    "Strategy",
    "assert_current",
    "assert_like_fresh",
    "assert_unchanged",
]
