"""What an ``__init__`` assigns to its instance, and how such a value can be made without it.

Code objects say at little cost whether an attribute came; only then is the source parsed.
"""

from __future__ import annotations

import ast
import builtins
import collections
import dis
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any, TypeGuard

_STORE_ATTRIBUTE = dis.opmap["STORE_ATTR"]
_EXTENDED = dis.opmap["EXTENDED_ARG"]
_EMPTY: tuple[type, ...] = (
    list,
    dict,
    set,
    frozenset,
    tuple,
    bytearray,
    collections.deque,
    collections.OrderedDict,
    collections.Counter,
)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMMUTABLE = (int, float, complex, str, bytes, bool, type(None), type(...), tuple, frozenset)

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is the same whenever ``__init__`` runs.

    Attributes:
        make: returns it; a container is another one each time.
        text: how the source writes it.
        shared: whether it is immutable, so that one will do for all.
    """

    make: Callable[[], Any]
    text: str
    shared: bool


@dataclass(slots=True)
class _Assignments:
    """The assignments to one attribute."""

    values: list[ast.expr | None] = field(default_factory=list)
    is_read: bool = False


def names_stored(code: CodeType) -> set[str]:
    """Return the names of the attributes that a function assigns, of whatever object."""
    raw = code.co_code
    opcodes = raw[::2]
    found: set[str] = set()
    place = opcodes.find(_STORE_ATTRIBUTE)
    while place >= 0:
        argument, before = raw[2 * place + 1], place - 1
        if before >= 0 and opcodes[before] == _EXTENDED:
            argument |= raw[2 * before + 1] << 8
        found.add(code.co_names[argument])
        place = opcodes.find(_STORE_ATTRIBUTE, place + 1)
    return found


def assigned_by(
    method: str, tree: ast.AST, path: Path, namespace: Mapping[str, Any]
) -> dict[str, Value | None]:
    """Say what a class's ``__init__``, or another method, assigns to the instance.

    Args:
        method: its name.
        tree: of the module's source.
        path: the class's.
        namespace: the module's globals, which say what ``deque()`` means.

    Returns:
        The attributes, each with its value where that is a literal or an empty container that
        every call assigns, just once; None for all others.
    """
    function = _find_method(method, tree, path)
    arguments = [*function.args.posonlyargs, *function.args.args] if function else []
    if function is None or not arguments:
        return {}
    found: dict[str, _Assignments] = collections.defaultdict(_Assignments)
    _collect(function.body, arguments[0].arg, found, always=True)
    _note_reads(function, arguments[0].arg, found)
    return {
        _mangled(name, path[-1]): _value_of(assignments, namespace)
        for name, assignments in found.items()
        if assignments.values
    }


def _find_method(method: str, tree: ast.AST, path: Path) -> ast.FunctionDef | None:
    scope: ast.AST = tree
    for name in path:
        classes = [each for each in _statements(scope) if isinstance(each, ast.ClassDef)]
        named = [each for each in classes if each.name == name]
        if not named:
            return None
        scope = named[-1]
    functions = [each for each in _statements(scope) if isinstance(each, ast.FunctionDef)]
    return next((each for each in reversed(functions) if each.name == method), None)


def _statements(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements of a scope, those under an ``if`` included."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.expr)):
            yield from _statements(node)


def _collect(
    body: list[ast.stmt], instance: str, found: dict[str, _Assignments], *, always: bool
) -> None:
    for node in body:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            continue
        for name, value in _targets(node, instance):
            found[name].values.append(value if always else None)
        for _, inner in ast.iter_fields(node):
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.AST):
                parts = [each for each in _bodies(inner) if isinstance(each, ast.stmt)]
                _collect(parts, instance, found, always=always and isinstance(node, ast.With))
        always = always and not any(isinstance(part, ast.Return) for part in ast.walk(node))


def _bodies(parts: list[Any]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, (ast.ExceptHandler, ast.match_case)):
            yield from part.body
        else:
            yield part


def _targets(node: ast.stmt, instance: str) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the attributes that a statement itself assigns, with the value if it has one alone."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        value, targets = node.value, node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        value, targets = node.value, [node.target]
    else:
        value, targets = None, _other_targets(node)
    for target in targets:
        for part in ast.walk(target):
            if _is_of(part, instance) and isinstance(part.ctx, ast.Store):
                yield part.attr, value if part is target else None


def _other_targets(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return [node.target]
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return [item.optional_vars for item in node.items if item.optional_vars is not None]
    return []


def _is_of(node: ast.AST, instance: str) -> TypeGuard[ast.Attribute]:
    """Whether an expression is an attribute of the instance."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == instance
    )


def _note_reads(function: ast.FunctionDef, instance: str, found: dict[str, _Assignments]) -> None:
    for node in ast.walk(function):
        if _is_of(node, instance) and node.attr in found and not isinstance(node.ctx, ast.Store):
            found[node.attr].is_read = True


def _value_of(assignments: _Assignments, namespace: Mapping[str, Any]) -> Value | None:
    if len(assignments.values) != 1 or assignments.values[0] is None:
        return None
    node = assignments.values[0]
    made = _maker(node, namespace)
    if made is None:
        return None
    shared = isinstance(made(), _IMMUTABLE)
    # What reads a container may fill it.
    return Value(made, ast.unparse(node), shared) if shared or not assignments.is_read else None


def _maker(node: ast.expr, namespace: Mapping[str, Any]) -> Callable[[], Any] | None:
    if isinstance(node, ast.Call) and not node.args and not node.keywords:
        called = _called(node.func, namespace)
        return next((cls for cls in _EMPTY if cls is called), None)
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    nothing = ast.arguments([], [], None, [], [], None, [])
    whole = ast.Expression(ast.Lambda(nothing, node))
    code = compile(ast.fix_missing_locations(whole), "<livepatch>", "eval")
    made: Callable[[], Any] = eval(code, {})  # noqa: S307 - it is a literal
    return made


def _called(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return namespace.get(node.id, getattr(builtins, node.id, None))
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        home = namespace.get(node.value.id)
        return home.__dict__.get(node.attr) if type(home) is ModuleType else None
    return None


def _mangled(name: str, cls: str) -> str:
    """Return the name by which the compiler knows a private attribute."""
    private = name.startswith("__") and not name.endswith("__") and cls.strip("_")
    return f"_{cls.lstrip('_')}{name}" if private else name
