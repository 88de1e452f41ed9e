"""What other modules say of a class in annotations, or would do as scripts, is computed by nobody.

The report named it with LP312: dozens of lines where the class has many users.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import LiveModule

pytestmark = pytest.mark.sampled(6)

CONSOLE = """
class Console:
    '''What prints.'''
    width = 80
    def __init__(self, width=80): self.size = width
    def run(self): return self.size
def show(width=3): return width
"""
EDITS = {
    "__init__": ("self.size = width", "self.size = width + 1"),
    "method": ("return self.size", "return self.size + 1"),
    "docstring": ("What prints.", "What shows."),
    "attribute": ("width = 80\n", "width = 81\n"),
    "signature": ("def show(width=3)", "def show(width=4)"),
    "base": ("class Console:", "class Base: pass\nclass Console(Base):"),
}
NOT_COMPUTED = {
    "script": "if __name__ == '__main__':\n    console = Console()\n    size = console.run()\n",
    "annotations": "def print_on(console: Console) -> Console: return console.run()\n",
    "annotations with items": (
        "def on(console: typing.Optional[Console] = None, *, more: list[Console] = ()): pass\n"
    ),
    "method": (
        "class View:\n    size: typing.Optional[Console] = None\n"
        "    def show(self, console: typing.Optional[Console]): return Console().run()\n"
    ),
    "property": (
        "class View:\n    @property\n    def console(self) -> typing.Optional[Console]:\n"
        "        return Console()\n    @staticmethod\n"
        "    def make(width: int = 3) -> list[Console]: return [Console(width)]\n"
    ),
    "variables": (
        'main: typing.Optional["Console"] = None\nother: typing.Any = 1\n'
        "later: 'Console'\ntype_of = Console\n"
    ),
    "not set yet": "main = None\ndef get():\n    global main\n    main = Console()\nget_it = get\n",
    "aliases": "Other = Same = Console\nsame = other = show\nclass View:\n    shows = show\n",
    "texts": "TABLE = {}\nTABLE['Console'] = 1\nTABLE['run'] = 'size'\n",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("source", NOT_COMPUTED.values(), ids=NOT_COMPUTED)
@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"], ids=["", "texts"])
def test_what_is_not_computed_is_not_named(
    live: LiveModule, edit: tuple[str, str], source: str, future: str
) -> None:
    live.start(CONSOLE)
    live.other(f"{future}import typing\nfrom LIVE import Console, show\n{source}")
    report = live.change(*edit)

    assert [each for each in report.notices if each.code == "LP312"] == []


COMPUTED = {
    "value": ("main = Console()\n", "main"),
    "default": ("def show(console: Console = Console()): pass\n", "show"),
    "keyword default": ("def show(*, width=Console().run()): pass\n", "show"),
    "default of a method": (
        "class View:\n    def show(self, width: int = Console().run()): pass\n",
        "View.show",
    ),
    "attribute": ("class View:\n    width = Console().run()\n", "View.width"),
    "global": (
        "main = None\ndef get():\n    global main\n    main = Console()\n    return main\nget()\n",
        "main",
    ),
    "item": ("TABLE = {}\nTABLE['size'] = Console().run()\n", "TABLE"),
}


@pytest.mark.parametrize(("source", "path"), COMPUTED.values(), ids=COMPUTED)
def test_what_was_computed_is_named(live: LiveModule, source: str, path: str) -> None:
    live.start(CONSOLE)
    other: Any = live.other(f"import typing\nfrom LIVE import Console\n{source}")
    report = live.change(*EDITS["__init__"])
    named = {each.path for each in report.notices if each.code == "LP312"}

    assert f"{other.__name__}.{path}" in named
