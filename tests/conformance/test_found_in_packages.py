"""What releases of real packages do from one to the next, as small as it still went wrong."""

from __future__ import annotations

from livepatch.testing import assert_current
from tests.live import LiveModule

SIGNALS = """
    class Signal:
        def send(self): return 1
    class Space(dict):
        table = 0
        def count(self): return 1
"""


def test_what_is_built_anew_is_so_in_an_attribute_that_is_new_to_its_class(
    live: LiveModule,
) -> None:
    module = live.start(SIGNALS)
    signal, space = module.Signal(), module.Space()
    report = live.edit("""
        class Signal:
            def send(self): return 2
        class Space(dict[str, Signal]):
            table = dict[str, Signal]
            pair = (Signal | None, 1)
            def count(self): return 2
    """)

    assert module.Space.__orig_bases__[0].__args__ == (str, module.Signal)
    assert module.Space.table.__args__ == (str, module.Signal)
    assert module.Space.pair[0].__args__[0] is module.Signal
    assert (signal.send(), space.count()) == (2, 2)
    assert_current(module)

    report.undo()

    assert module.Space.table == 0
    assert not hasattr(module.Space, "pair")
    assert (signal.send(), space.count()) == (1, 1)
    assert_current(module)
