"""What a class or function says of a type in an annotation is no reason to make it again.

The type goes on to be the very one. Another matter are classes that a library makes of their
annotations, and annotations that are data.
"""

from __future__ import annotations

import sys

import pytest

import livepatch
from tests.live import LiveModule

pytestmark = [
    pytest.mark.one_mode("where all runs again nothing is kept"),
    pytest.mark.parametrize("rerun", ["changed"]),
    pytest.mark.sampled(5),
]

ITEM = "class Item:\n    size = 1\n"
USES = """
import typing
made = []
class Plain:
    item: Item
    items: typing.List[Item] = []
    made.append("Plain")
    def show(self, item: Item) -> typing.Optional[Item]: return item
def show(item: Item, *more: typing.List[Item]) -> Item: return item
plain = Plain()
"""
FUTURE = "from __future__ import annotations\n"


@pytest.mark.parametrize("future", ["", FUTURE], ids=["values", "texts"])
@pytest.mark.parametrize("edit", ["size = 2", "size = 1\n    more = 2"])
def test_plain_class_is_not_made_again(live: LiveModule, future: str, edit: str) -> None:
    module = live.start(future + ITEM + USES)
    report = live.change("size = 1", edit)

    assert module.made == ["Plain"]
    assert not report.notices
    assert module.Plain.__annotations__["item"] in {module.Item, "Item"}


@pytest.mark.parametrize("future", ["", FUTURE], ids=["values", "texts"])
def test_class_is_replaced_in_annotations(live: LiveModule, future: str) -> None:
    module = live.start(future + ITEM + USES)
    report = live.change("class Item:", "class Base: pass\nclass Item(Base):")

    assert module.made == ["Plain"]
    assert not report.notices
    assert module.Plain.__annotations__["item"] in {module.Item, "Item"}
    assert module.show.__annotations__["item"] in {module.Item, "Item"}


@pytest.mark.parametrize("future", ["", FUTURE], ids=["values", "texts"])
def test_function_in_another_module_is_not_named(live: LiveModule, future: str) -> None:
    live.package(
        __init__="from . import items, shop, views\n",
        items=ITEM,
        shop=f"{future}from .items import Item\nclass Shop(Item): pass\n",
        views=(
            f"{future}import typing\nfrom .shop import Shop\n"
            "def view(shop: Shop, *more: typing.Optional[Shop]) -> Shop: return 1\n"
        ),
    )
    for name, old, new in (
        ("items", "class Item:", "class Base: pass\nclass Item(Base):"),
        ("views", "return 1", "return 2"),
    ):
        path = live.path.with_name(f"{name}.py")
        path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")
    modules = [sys.modules[f"{live.name}.{each}"] for each in ("items", "shop", "views")]
    report = livepatch.reload(*modules, strategy=live.strategy)

    assert not report.notices


DATA = """
import dataclasses, typing
Number = int
made = []
class Plain:
    number: Number
    made.append("Plain")
@dataclasses.dataclass
class Record:
    number: Number
    made.append("Record")
class Pair(typing.NamedTuple):
    number: Number
def count(number: Number): pass
"""


def test_annotation_that_is_data_follows(live: LiveModule) -> None:
    module = live.start(DATA)
    report = live.change("Number = int", "Number = float")

    assert module.Plain.__annotations__ == {"number": float}
    assert module.made == ["Plain", "Record", "Plain", "Record"]
    assert dataclasses_type(module.Record) is float
    assert [each.path for each in report.notices if each.code == "LP313"] == (
        [] if sys.version_info >= (3, 14) else [f"{live.name}.count"]
    )


def dataclasses_type(cls: type) -> object:
    return cls.__dataclass_fields__["number"].type  # type: ignore[attr-defined]


MADE_OF_THEM = {
    "data class": "@dataclasses.dataclass\nclass Record:\n    item: Item\n",
    "below a base that reads them": (
        "class Base:\n    def __init_subclass__(cls): typing.get_type_hints(cls)\n"
        "class Record(Base):\n    item: Item\n"
    ),
    "with a metaclass": ("class Meta(type): pass\nclass Record(metaclass=Meta):\n    item: Item\n"),
}


@pytest.mark.parametrize("source", MADE_OF_THEM.values(), ids=MADE_OF_THEM)
def test_class_that_is_made_of_its_annotations_is_made_again(live: LiveModule, source: str) -> None:
    counted = source.replace("    item: Item\n", "    item: Item\n    made.append(1)\n")
    module = live.start(f"import dataclasses, typing\nmade = []\n{ITEM}{counted}")
    live.change("class Item:", "class Other: pass\nclass Item(Other):")

    assert module.made == [1, 1]
