"""Statements that set what others have set above them: ``Player.limit = 1``, ``TABLE["a"] = 2``.

The last one counts. Where one above it runs, it runs once more, if it but sets a constant or gives
what a name leads to: what it would compute is not asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from livepatch._needs.harmless import gives_what_is_there
from livepatch._statements.statements import Statement


class SetLast:
    """Finds those below that set the same.

    Attributes:
        setters: what several statements set, each with their places in order.
        may_run: the places of those that may run at will.
    """

    def __init__(self, statements: list[Statement]) -> None:
        self.setters: dict[str, list[int]] = {}
        self.may_run: set[int] = set()
        for index, statement in enumerate(statements):
            for node in statement.nodes:
                for target in _set_by(node):
                    self.setters.setdefault(target, []).append(index)
            if all(isinstance(each, ast.Assign) and _is_plain(each) for each in statement.nodes):
                self.may_run.add(index)
        self.setters = {name: places for name, places in self.setters.items() if places[1:]}

    def below(self, runs: list[bool]) -> Iterator[int]:
        """Yield the places of those that have the last word, where others above them run."""
        for places in self.setters.values():
            if places[-1] in self.may_run and any(runs[place] for place in places[:-1]):
                yield places[-1]


def _set_by(node: ast.stmt) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else ():
        part: ast.expr = target
        while isinstance(part, (ast.Attribute, ast.Subscript)):
            if isinstance(part, ast.Subscript) and not isinstance(part.slice, ast.Constant):
                break
            part = part.value
        if isinstance(part, ast.Name) and part is not target:
            yield ast.unparse(target)


def _is_plain(node: ast.Assign) -> bool:
    return not node.targets[1:] and gives_what_is_there(node.value)
