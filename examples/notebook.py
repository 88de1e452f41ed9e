"""What a session in a notebook looks like: dry run, reload, keep, an error, and what a code means.

Run it: ``python examples/notebook.py``. It writes ``prices.py`` into a temporary folder and runs
cells that import it, hold its objects and edit it; each cell prints what a notebook would show. A
report shows itself as HTML there (``_repr_html_``); ``print(report)`` is the same without tags.
"""

import ast
import atexit
import re
import shutil
import sys
import tempfile
from pathlib import Path

PRICES = """\
TAX = 0.20
HISTORY = []


class Cart:
    def __init__(self):
        self.items = []

    def add(self, name, price):
        self.items.append(price)
        HISTORY.append(name)

    def total(self):
        return round(sum(self.items), 2)
"""

CELLS = (
    """
import livepatch, prices
cart = prices.Cart()
cart.add("tea", 3.0)
cart.add("cake", 4.5)
history, total = prices.HISTORY, cart.total
total()
""",
    """
# The total is to include the tax. The file is edited; the session has not seen it yet.
edit("round(sum(self.items), 2)", "round(sum(self.items) * (1 + TAX), 2)")
total()
""",
    """
# What would a reload do? The state of the session stays as it is.
livepatch.reload(prices, dry_run=True)
""",
    """
total()
""",
    """
# Only what changed runs. HISTORY = [] did not change: it stays the list that was filled.
livepatch.reload(prices)
""",
    """
total(), prices.HISTORY
""",
    """
# If all of it ran, there would be a new list; the report says who is left with the old one.
edit("TAX = 0.20", "TAX = 0.10")
print(livepatch.reload(prices, rerun="all", dry_run=True))
""",
    """
print(livepatch.explain("LP302"))
""",
    """
# So it is named, and stays. A report is data, too.
report = livepatch.reload(prices, rerun="all", keep=("HISTORY",))
[definition["path"] for definition in report.to_dict()["definitions"]]
""",
    """
total(), prices.HISTORY is history
""",
    """
edit("def total(self):", "def total(self:")
livepatch.reload(prices)
""",
    """
# Nothing was changed by that.
edit("def total(self:", "def total(self):")
total()
""",
)


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    sys.path.insert(0, str(folder))
    path = folder / "prices.py"
    path.write_text(PRICES)

    def edit(old: str, new: str) -> None:
        source = path.read_text()
        assert old in source, old
        path.write_text(source.replace(old, new))

    names = {"__name__": "__main__", "edit": edit, "print": print_without_times}
    for number, cell in enumerate(CELLS, start=1):
        run_cell(number, cell.strip(), names)


def run_cell(number: int, cell: str, names: dict[str, object]) -> None:
    """Run a cell and print it with what it shows: the value of its last line, if that has one."""
    print(f"In [{number}]:", cell.replace("\n", "\n" + " " * (len(str(number)) + 7)))
    statements = ast.parse(cell).body
    last = statements.pop() if isinstance(statements[-1], ast.Expr) else None
    try:
        exec(compile(ast.Module(statements, []), "<cell>", "exec"), names)  # noqa: S102 - a cell
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
            show(number, value)
    except Exception as error:  # noqa: BLE001 - a notebook shows every error and goes on
        print(f"{type(error).__name__}: {error}")
    print()


def show(number: int, value: object) -> None:
    if value is None:
        return
    rich = getattr(value, "_repr_html_", None)
    print(f"Out[{number}]:", without_times(rich() if rich else repr(value)))


def print_without_times(value: object) -> None:
    print(without_times(str(value)))


def without_times(text: str) -> str:
    """Leave out how long a reload took, which is another figure in every run."""
    return re.sub(r"; [\d.]+ ms", "", text)


if __name__ == "__main__":
    main()
