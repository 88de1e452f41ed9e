"""What statements that run compute from values that were kept, and would have been others.

``C = B + 10`` is new, and ``B`` has stayed although what it was computed from has changed: neither
a fresh process has such a value, nor one in which everything runs again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from livepatch._needs.differences import Changes
from livepatch._needs.hands_over import only_hands_over
from livepatch._needs.headers import header_of
from livepatch._needs.marks import found_by
from livepatch._needs.needs import Needs
from livepatch._needs.reach import Reach
from livepatch._needs.reached import Cause
from livepatch._needs.uses import used_by
from livepatch._python.constants import is_made_of_texts
from livepatch._python.kinds import is_class, kind_of
from livepatch._report.report import Notice
from livepatch._select.stale_paths import Reaches, cause_of_definition, stale_paths
from livepatch._source.bodies import Bodies
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import FUNCTIONS, built_names, definitions, outside_functions
from livepatch._statements.tree import children, walk

_HELD = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Assign, ast.AnnAssign, ast.Starred)


class FromKept:
    """Names what is computed from stale values, statement by statement in their order."""

    def __init__(self, needs: Needs, bodies: Bodies, module: str) -> None:
        """Begin before the first statement.

        Args:
            needs: which statements run.
            bodies: the functions that are not made again.
            module: the name of the module.
        """
        self.needs, self.bodies, self.module = needs, bodies, module
        self.names = set[str]()
        self.stale: Reaches | None = None

    def keep(self, names: Iterable[str], paths: Iterable[tuple[str, ...]] = ()) -> None:
        """Note what stays and would have been otherwise: data, and what definitions have."""
        self.names.update(names)
        paths = [*paths]
        if paths:
            self._reaches().add(paths)

    def run(self, statement: Statement, index: int) -> Iterator[Notice]:
        """Yield what is to be said of a statement that runs; what it binds is noted."""
        if not self.names and self.stale is None:
            return  # nearly always
        reaches = self._reaches()
        reaches.computed.changes.names.clear()
        header = self.needs.headers.get(index)
        found = [*definitions(statement.nodes)]
        stale: set[str]
        if found:
            reaches.computed.changes.names.update(filter(self._is_plain, self.names))
            header = header or header_of(statement, self.needs.namespace)
            cause = cause_of_definition(statement, header, self.needs, reaches)
            paths = [*stale_paths(statement, header, self.needs, reaches)]
            stale = {path[0] for path in paths} if cause is not None else set()
            self._forget(statement)
            reaches.add(paths)
        else:
            cause = self._cause_of_data(statement, reaches.computed)
            built = built_names(outside_functions(statement.nodes)) - self.names
            built = {name for name in built if kind_of(self.needs.namespace.get(name)) is None}
            stale = {*statement.binds, *built} if cause is not None else set()
            self._forget(statement)
            self.names |= stale
        for node in found:
            codes = [each for each in statement.codes if each.co_name == node.name]
            if isinstance(node, FUNCTIONS) and codes:
                reaches.computed.add_function(node.name, codes[-1])
        for name in sorted(stale):
            yield Notice("LP313", f"{self.module}.{name}", _computed(statement, cause))

    def _reaches(self) -> Reaches:
        if self.stale is None:
            reach = Reach(self.bodies, Changes(), self.needs.namespace)
            self.stale = Reaches(reach, reach)
        return self.stale

    def _forget(self, statement: Statement) -> None:
        """Forget what a statement that runs binds anew."""
        self.names -= statement.binds
        for name in statement.binds if self.stale is not None else ():
            self.stale.computed.changed.pop(name, None)  # type: ignore[union-attr]

    def _cause_of_data(self, statement: Statement, reach: Reach) -> Cause | None:
        names = {name for name in self.names if self._is_plain(name)}
        names |= (self.names - names) & _looked_into(statement, self.needs)
        reach.changes.names.update(names)
        if only_hands_over(statement, self.needs):
            return None
        return used_by(statement, reach, frozenset())

    def _is_plain(self, name: str) -> bool:
        """Whether a value is all that there is to it; an object goes on to be the very one."""
        namespace = self.needs.namespace
        # What is not there yet is what a statement that runs has bound.
        return name not in namespace or is_made_of_texts(namespace[name])


def _looked_into(statement: Statement, needs: Needs) -> set[str]:
    """Return the names of which a statement takes something, rather than to hold the object."""
    found: set[str] = set()
    for part in (each for node in statement.nodes for each in walk(node)):
        gives = isinstance(part, ast.Call) and is_class(found_by(part.func, needs.namespace))
        if not gives and not isinstance(part, _HELD):
            found.update(each.id for each in children(part) if isinstance(each, ast.Name))
    return found


def _computed(statement: Statement, cause: Cause | None) -> str:
    text = ast.unparse(statement.nodes[0]).partition("\n")[0]
    kept = f"{cause} was kept although something it was computed from has changed"
    return f"{kept}; line {statement.first} has used it: {text}"
