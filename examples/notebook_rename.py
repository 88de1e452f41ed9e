"""A notebook session that renames an attribute, goes on with the objects it has, and undoes it.

Run it: ``python examples/notebook_rename.py``. It writes ``trees.py`` into a temporary folder and
runs cells that import it, hold its objects and edit it; each cell prints what a notebook would.
"""

import ast
import atexit
import re
import shutil
import sys
import tempfile
from pathlib import Path

TREES = """\
class Tree:
    def __init__(self, species, size):
        self.species = species
        self.size = size

    def grow(self):
        self.size += 1
        return self


class Forest:
    def __init__(self):
        self.trees = [Tree("oak", 12), Tree("birch", 7)]

    def tallest(self):
        return max(self.trees, key=lambda tree: tree.size)
"""

CELLS = (
    """
import livepatch, trees
forest = trees.Forest()
oak = forest.tallest()
vars(oak)
""",
    """
# `size` is to be called `height`, everywhere. The mark says what became of the old name.
edit("self.size", "self.height")
edit("tree.size", "tree.height")
edit("class Tree", '@hotswap(renamed={"size": "height"})\\nclass Tree')
edit("@hotswap", "from livepatch import hotswap\\n\\n\\n@hotswap")
print(livepatch.reload(trees))
""",
    """
oak.grow().height, vars(oak), forest.tallest() is oak
""",
    """
# One more attribute, for the trees there are as well; and one that cannot be known for them.
edit("self.height = size", "self.height, self.girth = size, size / 3\\n        self.birds = []")
print(livepatch.reload(trees, rerun="changed"))
""",
    """
oak.birds.append("jay")
[tree.birds for tree in forest.trees]
""",
    """
print(*(line.summary for line in livepatch.history()), sep="\\n")
""",
    """
# Back to the beginning: both reloads at once. What was gathered since stays.
undone = livepatch.undo(2)
oak.grow()
vars(oak), vars(forest.trees[1]), undone.ok
""",
    """
[line.undone for line in livepatch.history()]
""",
    """
# The file has not changed. A reload of it does all that again.
report = livepatch.reload(trees)
report.ok, vars(oak), forest.tallest() is oak
""",
)


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    sys.path.insert(0, str(folder))
    path = folder / "trees.py"
    path.write_text(TREES)

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
    exec(compile(ast.Module(statements, []), "<cell>", "exec"), names)  # noqa: S102 - a cell
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
        if value is not None:
            print(f"Out[{number}]:", value)
    print()


def print_without_times(*values: object, sep: str = " ") -> None:
    """Leave out how long a reload took, which is another figure in every run."""
    print(re.sub(r"; [\d.]+ ms", "", sep.join(map(str, values))))


if __name__ == "__main__":
    main()
