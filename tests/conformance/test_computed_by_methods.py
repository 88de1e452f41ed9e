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


THROUGH = """
    LIMIT = 1
    def rate(): return 1
    def total(): return rate() + 1
    def limit(): return LIMIT
    def wrapped(function):
        def wrapper(): return rate() + function()
        return wrapper
    class Order:
        def __init__(self): self.items = []
        def total(self): return self.size() + 1
        def size(self): return total()
        def own(self): return 1
        def other(self): return 5
    class Bill(Order):
        def other(self): return 6
        class Inner:
            def size(self): return total()
    order = Order()
    TABLE = {"total": total, "rate": rate}
    ORDERS = [order]
    def from_table(name): return TABLE[name]()
"""
NAMED_THROUGH = {
    "function": ("from LIVE import total\nV = total()\n", {"V"}),
    "of the module": ("import LIVE\nV = LIVE.total()\n", {"V"}),
    "data": ("from LIVE import limit\nV = limit()\n", {"V"}),
    "method": ("from LIVE import Order\nV = Order().total()\n", {"V"}),
    "object": ("import LIVE\nV = LIVE.order.total()\n", {"V"}),
    "subclass": ("from LIVE import Bill\nV = Bill().size()\n", {"V"}),
    "own function": ("from LIVE import total\ndef f(): return total()\nV = f()\n", {"V"}),
    "table": ("import LIVE\nV = LIVE.TABLE['rate']()\nW = LIVE.TABLE['total']()\n", {"V", "W"}),
    "imported table": ("from LIVE import TABLE\nV = [f() for f in TABLE.values()]\n", {"V"}),
    "own table": ("import LIVE\nT = {'a': LIVE.rate}\nV = T['a']()\n", {"V"}),
    "objects in a table": ("from LIVE import ORDERS\nV = ORDERS[0].own()\n", {"V"}),
    "their function": ("from LIVE import from_table\nV = from_table('rate')\n", {"V"}),
    "decorated": ("from LIVE import wrapped\n@wrapped\ndef f(): return 1\n", set()),
    "made": ("from LIVE import Order\norder = Order()\nV = order.other()\n", set()),
    "hidden": ("from LIVE import Bill\nV = Bill().other()\n", set()),
    "beside": ("from LIVE import total, order\ntotal()\norder.total()\nV = 3\n", set()),
}


@pytest.mark.parametrize("user", NAMED_THROUGH.values(), ids=list(NAMED_THROUGH))
def test_what_was_computed_by_what_calls_it_there_is_named(
    live: LiveModule, user: tuple[str, set[str]]
) -> None:
    live.start(THROUGH)
    live.other(user[0])
    source = THROUGH.replace("LIMIT = 1", "LIMIT = 2").replace("return 1", "return 2")
    report = live.edit(source)
    found = {each.path for each in report.notices if each.code == "LP312"}

    assert found == {f"{live.other_name}.{name}" for name in user[1]}
    assert report.undo().ok


@pytest.mark.one_mode("the tables are others in the other mode")
@pytest.mark.parametrize("rerun", ["changed"])
def test_what_only_has_tables_and_what_is_in_them_is_not_named(live: LiveModule) -> None:
    live.start(THROUGH)
    live.other(
        "from LIVE import TABLE, ORDERS, Order, total\nN = len(TABLE)\nT = TABLE\nU = {**TABLE}\n"
        "F = TABLE['rate']\nO = ORDERS[0]\nP = Order\nQ = [total]\nR = list(TABLE)\n"
    )
    report = live.edit(THROUGH.replace("return 1", "return 2"))

    assert not report.notices


def test_import_below_a_call_that_binds_nothing_is_read(live: LiveModule) -> None:
    live.start("def hit(): return 1\ndef total(): return hit() + 1\n")
    other = live.other("import gc\ngc.isenabled()\nfrom LIVE import total as t\nV = t()\n")
    report = live.change("return 1", "return 2")

    assert other.t() == 3
    assert [each.path for each in report.notices] == [f"{live.other_name}.V"]
