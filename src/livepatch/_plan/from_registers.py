"""Stage 5: name what was computed from registers in which there is something else now.

``NAMES = list(COMMANDS)``, ``first = STEPS[0]``, ``TITLES = [each.title for each in site.pages]``:
what decorators and classes enter there is known once they have run.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from types import FunctionType, ModuleType
from typing import Any

from livepatch._match.module import Module
from livepatch._needs.differences import Changes, Path
from livepatch._needs.reach import Reach
from livepatch._needs.reached import Cause
from livepatch._needs.uses import used_by
from livepatch._plan.plan import Plan
from livepatch._plan.registers_changed import Register, changed_registers
from livepatch._python.kinds import (
    class_attributes,
    dict_of,
    found_at,
    is_class,
    is_empty,
    kind_of,
    mro_of,
)
from livepatch._python.own import OwnDict, OwnList
from livepatch._registers.filled import filled_attributes, filled_by
from livepatch._report.report import Notice
from livepatch._select.selection import Selection
from livepatch._select.stale import not_run
from livepatch._source.bodies import Bodies
from livepatch._statements.statements import Statement
from livepatch._statements.syntax import (
    FUNCTIONS,
    bound_names,
    definitions,
    outside_functions,
    paths_to,
)
from livepatch._statements.tree import names_in
from livepatch._steps.contents import contents_of, is_atom

_DEEPEST = 4
"""How many attributes, one of the other, are followed to a register."""
_MANY = 10_000
_Said = tuple[Path, Any, frozenset[str], Collection[ast.AST]]


def notice_computed(plan: Plan, selections: Mapping[str, Selection]) -> None:
    """Name the values that stay and were computed from what registers had, through calls as well.

    Args:
        plan: takes the notices.
        selections: what ran, of the modules of which not everything did.
    """
    modules = [each for each in plan.matches.modules if each.name in selections]
    if not any(selections[each.name].computed for each in modules):
        return
    registers = changed_registers(plan)
    known = {notice.path for notice in plan.notices if notice.code == "LP313"}
    for module in modules if registers else ():
        selection = selections[module.name]
        found = _Computed(plan, module, selection.bodies or Bodies(), registers)
        for statement in selection.computed if found.leading else ():
            for path, said in found.stale(statement):
                place = module.path_text(path)
                if place not in known:
                    known.add(place)
                    plan.notices.append(Notice("LP313", place, said))


class _Computed:
    """Tells what of one module was computed from registers.

    Attributes:
        leading: by the paths that lead to some, as texts, these: globals and their attributes.
        inside: those of attributes.
    """

    def __init__(
        self, plan: Plan, module: Module, bodies: Bodies, registers: OwnDict[int, Register]
    ) -> None:
        self.settle = plan.decisions.settle
        self.module, self.registers = module, registers
        self.leading: dict[str, OwnList[Register]] = {}
        self._known: OwnDict[int, OwnList[Any]] = OwnDict()
        paths = {path for item in module.old.items() for path in self._paths_to(*item)}
        self.inside = {path for path in paths if path[1:]}
        changes = Changes({path[0] for path in paths - self.inside}, {*self.inside})
        self.reach = Reach(bodies, changes, module.old)

    def _paths_to(self, name: str, value: Any) -> Iterator[Path]:
        """Yield the paths by which a global leads to registers: it, or attributes of it."""
        if name[:2] == "__" or type(value) is ModuleType or type(value) is FunctionType:
            return
        for path, found in self._led_to(value, _DEEPEST):
            if name in path:
                continue  # who says the one has not said the other
            self.leading.setdefault(".".join((name, *path)), OwnList()).extend(found)
            yield (name, *path)

    def _led_to(self, value: Any, depth: int) -> Iterator[tuple[Path, OwnList[Register]]]:
        """Yield the attributes by which a value leads to registers; none where it is one."""
        if type(value) in _CONTAINERS or id(value) in self.registers:
            inside = self._registers_in(value)
            if inside:
                yield (), inside
            return
        if is_class(value) and not self.module.owns(value):
            return
        known = self._known.get(id(value))
        found: OwnList[Any] = OwnList() if known is None else known[1]
        if known is None:
            self._known[id(value)] = OwnList((value, found))
            for name, part in _attributes_of(value).items() if depth else ():
                if kind_of(part) is None and type(part) is not ModuleType:
                    is_own = self.module.owns(type(part))
                    for path, registers in self._led_to(part, depth - 1):
                        found.append(((name, *path) if is_own else (name,), registers))
                        # Of a library one attribute may stand for the way: `app.router.routes`.
                        found.extend((((path[-1],), registers),) if path and not is_own else ())
        yield from found

    def _registers_in(self, container: Any) -> OwnList[Register]:
        """List the registers that a container is, or has in it as containers."""
        found, waiting, seen = OwnList[Register](), OwnList([container]), set[int]()
        while waiting:
            part = waiting.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))
            if id(part) in self.registers:
                found.append(self.registers[id(part)])
            if type(part) in _CONTAINERS and len(seen) < _MANY:
                waiting += part.values() if type(part) is dict else part
        return found

    def stale(self, statement: Statement) -> Iterator[tuple[Path, str]]:
        """Yield what of a statement's names, and of its classes and functions, is stale."""
        cause = used_by(statement, self.reach, frozenset()) or self._said_in(statement.nodes)
        found = list(definitions(statement.nodes))
        for path, value, said, nodes in _said_by_all(found, self.module.old):
            why = self.reach.cause(said) or self._said_in(nodes)
            if why is not None and self._is_stale(value, why.what, said, nodes):
                yield path, not_run(statement, why)
        if cause is None or self._fills(statement, cause.what):
            return
        defined = {each.name for each in found}
        for name in sorted(statement.binds - defined):
            value = self.module.old.get(name)
            if name in self.module.old and self._is_stale(
                value, cause.what, statement.uses, statement.nodes
            ):
                yield (name,), not_run(statement, cause)
                self.reach.changes.names.add(name)
                self.leading.setdefault(name, OwnList()).extend(self.leading.get(cause.what, ()))

    def _said_in(self, nodes: Collection[ast.AST]) -> Cause | None:
        """Return the path to a register that is said as it is: ``len(site.pages)``."""
        parts = outside_functions(nodes) if self.inside else ()
        said = self.inside & paths_to(part for part in parts if isinstance(part, ast.Attribute))
        return Cause(".".join(min(said))) if said else None

    def _fills(self, statement: Statement, what: str) -> bool:
        """Whether what a statement calls enters something there: ``TOKEN = register(hit)``."""
        name, *attributes = what.split(".")
        containers = OwnDict(
            (each, register.container)
            for register in self.leading.get(what, ())
            for each in attributes[-1:]
        )
        return any(
            name in filled_by(code, self.module.old)
            or not set(attributes).isdisjoint(filled_attributes(code, containers))
            for code in self.reach.run_by(statement.uses)
            if code.co_name != "__init_subclass__"
        )

    def _is_stale(
        self, value: Any, what: str, said: Collection[str], nodes: Collection[ast.AST]
    ) -> bool:
        """Whether a value would be another one, made of what registers have now."""
        parts: OwnList[Any] = OwnList([value, *_parts_of(value)])
        if any(id(part) in self.registers for part in parts):
            return False  # it sees what is there now
        registers = self.leading.get(what, OwnList())
        direct = what.partition(".")[0] in said
        if is_atom(value) or _is_plain(value):
            return any(
                each.matters(said if direct else None, nodes) and not each.stands(value, nodes)
                for each in registers
            )
        parts = OwnList(map(self.settle, parts))
        items = [[part for part in parts if each.had(part)] for each in registers]
        for register, held in zip(registers, items):
            is_whole = not _picks(nodes) or len(held) == len(register.was) > 1
            if held and type(value) in _CONTAINERS and is_whole:
                return True
            if not all(register.stands(part, nodes) for part in held):
                return True
        return not any(items) and kind_of(value) is None and contents_of(value) is not None


def _said_by_all(found: list[Any], namespace: Mapping[str, Any]) -> Iterator[_Said]:
    """Yield the attributes and defaults of definitions, each with what its source says."""
    for node in found:
        yield from _said_by((), node, namespace)


def _said_by(home: Path, node: Any, namespace: Mapping[str, Any]) -> Iterator[_Said]:
    path = (*home, node.name)
    definition: Any = found_at(namespace, ".".join(path))
    if isinstance(node, FUNCTIONS):
        defaults = [each for each in (*node.args.defaults, *node.args.kw_defaults) if each]
        values: list[Any] = OwnList()
        if type(definition) is FunctionType:
            values += definition.__defaults__ or ()
            values += (definition.__kwdefaults__ or {}).values()
        for each, value in zip(defaults, values):
            yield path, value, frozenset(names_in(each)), [each]
    elif is_class(definition):
        for each in node.body:
            if isinstance(each, (*FUNCTIONS, ast.ClassDef)):
                yield from _said_by(path, each, namespace)
            elif isinstance(each, (ast.Assign, ast.AnnAssign)) and each.value is not None:
                said = frozenset(names_in(each.value))
                for name in bound_names([each]) & class_attributes(definition).keys():
                    yield (*path, name), class_attributes(definition)[name], said, [each.value]


def _attributes_of(value: Any) -> Mapping[str, Any]:
    """Return the attributes of an object, or of a class and its bases."""
    if is_class(value):
        return OwnDict(
            chain.from_iterable(class_attributes(each).items() for each in mro_of(value)[::-1])
        )
    return dict_of(value) or {}


def _parts_of(value: Any) -> Iterator[Any]:
    """Yield what a value holds; of a function its defaults, and what it has captured."""
    if type(value) is not FunctionType:
        yield from contents_of(value) or ()
        return
    for part in (*(value.__defaults__ or ()), *_captured(value)):
        yield part
        yield from contents_of(part) or ()


def _captured(function: FunctionType) -> Iterator[Any]:
    return (each.cell_contents for each in function.__closure__ or () if not is_empty(each))


def _is_plain(value: Any) -> bool:
    """Whether a value is a container of nothing but numbers, texts and the like."""
    return type(value) in _CONTAINERS and all(map(is_atom, contents_of(value) or (value,)))


_CONTAINERS = (tuple, list, dict, set, frozenset)


def _picks(nodes: Collection[ast.AST]) -> bool:
    """Whether an assignment takes single items, and not what there is: ``STEPS[:2]``."""
    assigns = (ast.Assign, ast.AnnAssign)
    values = (node.value if isinstance(node, assigns) else node for node in nodes)
    return all(
        isinstance(value, (ast.Subscript, ast.Tuple, ast.List, ast.Set, ast.Dict))
        and not any(isinstance(part, (ast.Starred, ast.comprehension)) for part in ast.walk(value))
        for value in values
    )
