"""What a module that is not reloaded computed by methods, partials and defaults is named."""

from __future__ import annotations

import pytest

from tests.live import LiveModule

SOURCE = """
    LIMIT = 1
    def get(): return 1
    class Order:
        def total(self): return 1
        @staticmethod
        def size(): return 1
        @property
        def weight(self): return 1
        def other(self): return 5
    order = Order()
"""
NAMED = {
    "method": ("from LIVE import Order\nV = Order().total()\n", {"V"}),
    "object": ("import LIVE\nV = LIVE.order.total()\n", {"V"}),
    "imported object": ("from LIVE import order\nV = order.total()\n", {"V"}),
    "module as": ("import LIVE as q\nV = q.Order().total()\n", {"V"}),
    "static": ("from LIVE import Order\nV = Order.size()\n", {"V"}),
    "property": ("from LIVE import order\nV = order.weight + 1\nW = V\n", {"V", "W"}),
    "subclass": ("from LIVE import Order\nclass B(Order): pass\nV = B().total()\n", {"V"}),
    "own object": ("from LIVE import Order\na = Order()\nV = a.total()\n", {"V"}),
    "function": ("from LIVE import Order\ndef f(): return Order().total()\nV = f()\n", {"V"}),
    "default": ("from LIVE import LIMIT\ndef f(x=LIMIT): return x\nV = f()\n", {"f", "V"}),
    "class": ("from LIVE import LIMIT\nclass C: v, w = LIMIT, 2\nV = C.v\n", {"C.v", "C.w", "V"}),
    "lambda": ("from LIVE import LIMIT\nf = lambda: LIMIT\nV = f()\n", {"V"}),
    "partial": (
        "from functools import partial\nfrom LIVE import get\np = partial(get)\nV = p()\n",
        {"V"},
    ),
    "hidden": (
        "from LIVE import Order\nclass B(Order):\n    def total(self): return 3\nV = B().total()\n",
        set(),
    ),
    "unchanged": ("from LIVE import Order, order\nV = order.other()\nW = Order().other()\n", set()),
    "held": ("from LIVE import Order\na = [Order]\nf = Order().total\nb = Order\n", set()),
}


@pytest.mark.parametrize("user", NAMED.values(), ids=list(NAMED))
def test_what_was_computed_by_what_has_changed_is_named(
    live: LiveModule, user: tuple[str, set[str]]
) -> None:
    live.start(SOURCE)
    live.other(user[0])
    source = SOURCE.replace("= 1", "= 2").replace("return 1", "return 2")
    report = live.edit(source)
    found = {each.path for each in report.notices if each.code == "LP312"}

    assert found == {f"{live.other_name}.{name}" for name in user[1]}
