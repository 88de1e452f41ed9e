"""What a top-level statement needs of others, by its syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from livepatch._python.own import MISSING
from livepatch._statements.tree import children, names_in, walk

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
_ALIASES: tuple[Any, ...] = (getattr(ast, "TypeAlias", ast.Pass),)  # since 3.12
SETTERS = ("setattr", "delattr")
_CHOICES: Any = (ast.If, ast.Try, getattr(ast, "TryStar", ast.Try))  # that one since 3.11
_PERHAPS = (*_CHOICES, ast.For, ast.While, ast.Match, ast.With)
_COMPOUND = (*_PERHAPS, ast.ExceptHandler, ast.match_case)
_IMPORTS = (ast.Import, ast.ImportFrom)
# What defines and imports, and does nothing else.
_NOTHING_ELSE = (*DEFINITIONS, *_IMPORTS, *_ALIASES, ast.Pass)


def is_import(nodes: Iterable[ast.stmt]) -> bool:
    """Whether a statement does nothing but import."""
    return all(isinstance(node, _IMPORTS) for node in nodes)


def imports_all(nodes: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the modules of which statements import everything, with dots where relative."""
    for node in statements_in(nodes):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield "." * node.level + (node.module or "")


def fallen_back_names(nodes: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements import, and bind by other means if that is not possible."""
    return {
        name
        for node in nodes
        if (isinstance(node, ast.Try) and node.handlers) or suppresses(node)
        for part in getattr(node, "body", ())
        if isinstance(part, _IMPORTS)
        for name in bound_names([part])
    }


def suppresses(node: ast.AST) -> bool:
    """Whether a statement goes on behind its block where that raises: ``with suppress(...)``."""
    items = node.items if isinstance(node, ast.With) else []
    calls = (each.context_expr for each in items)
    called = (set(names_in(each.func)) for each in calls if isinstance(each, ast.Call))
    return any("suppress" in names for names in called)


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is ``if __name__ == "__main__"``."""
    if not (isinstance(node, ast.If) and isinstance(node.test, ast.Compare)):
        return False
    sides = (node.test.left, *node.test.comparators)
    names = {side.id for side in sides if isinstance(side, ast.Name)}
    texts = {side.value for side in sides if isinstance(side, ast.Constant)}
    return names == {"__name__"} and texts == {"__main__"}


def is_definition(nodes: Iterable[ast.stmt], namespace: Mapping[str, Any]) -> bool:
    """Whether a statement does nothing but define, import and choose between such.

    Beside definitions it may say which it chose, by constants that are still in the namespace.
    """
    ahead: list[Any] = [*nodes]
    flags, chooses = dict[str, list[object]](), False
    while ahead:
        node = ahead.pop()
        if isinstance(node, _CHOICES):
            chooses = True
            ahead += [*node.body, *node.orelse]
            if not isinstance(node, ast.If):
                ahead += node.finalbody
                ahead += (part for handler in node.handlers for part in handler.body)
        elif isinstance(node, ast.Match):
            chooses = True
            ahead += (part for case in node.cases for part in case.body)
        elif chooses and isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for name in bound_names(node.targets):
                flags.setdefault(name, []).append(node.value.value)
        elif not (isinstance(node, _NOTHING_ELSE) or _binds_lambda(node)):
            return False
    has_definition = any(definitions(nodes)) or not flags
    return (
        has_definition
        and not is_import(nodes)
        and all(
            any(
                type(value) is type(namespace.get(name, MISSING)) and value == namespace[name]
                for value in said
            )
            for name, said in flags.items()
        )
    )


def _binds_lambda(node: ast.AST) -> bool:
    """Whether a statement is another way to define a function: ``f = lambda x=LIMIT: x``."""
    return isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Lambda)


def header_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names and attributes that making definitions uses.

    Of decorators, keywords, defaults and class-level statements; not of annotations and bases.
    """
    nodes = list(nodes)
    found = {name for part in _headers(nodes) for name in names_in(part)}
    inside = definitions_inside(each for each in nodes if isinstance(each, ast.stmt))
    bodies = (each for node in inside if isinstance(node, ast.ClassDef) for each in node.body)
    said = (each.names for each in bodies if isinstance(each, ast.ImportFrom))
    return found.union(alias.name for names in said for alias in names)


def called_decorator_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names and attributes of decorators that a call makes: ``@app.route("/")``."""
    return {
        name
        for node in definitions_inside(nodes)
        for each in node.decorator_list
        if isinstance(each, ast.Call)
        for name in names_in(each.func)
    }


def invoked_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names and attributes of what making definitions calls, or gives to what it calls.

    What merely keeps a function does not call it: ``@size.setter``, ``x = property(get)``.
    """
    nodes = list(nodes)
    decorators = (each for node in definitions_inside(nodes) for each in node.decorator_list)
    found = {each.id for each in decorators if isinstance(each, ast.Name)}
    for call in (each for part in _headers(nodes) for each in walk(part)):
        if isinstance(call, ast.Call) and not any(map(_WRAPPERS.issuperset, paths_to([call.func]))):
            found.update(names_in(call))
    return found


_WRAPPERS = {
    *("property", "staticmethod", "classmethod", "partialmethod", "partial", "wraps", "functools"),
    *("lru_cache", "cache", "cached_property", "singledispatch", "singledispatchmethod"),
    *("dict", "list", "tuple", "set", "frozenset"),
}


def called_names(nodes: Iterable[ast.AST]) -> tuple[set[str], set[str]] | None:
    """Return what assignments of calls use, as in ``Item = traced(Item, LIMIT)``.

    Returns:
        The names and attributes in what is called, and those in the arguments; None where a
        statement is anything else. A decorator that is written so is one all the same.
    """
    called: set[str] = set()
    given: set[str] = set()
    for node in nodes:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)):
            return None
        call = node.value
        while isinstance(call, (ast.Subscript, ast.Attribute)):
            call = call.value  # `run, stop = make()[:2]`
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not isinstance(call, ast.Call) or not all(map(_is_of_names, targets)):
            return None
        called.update(names_in(call.func))
        for part in (*call.args, *call.keywords):
            given.update(names_in(part))
    return called, given


def _is_of_names(target: ast.expr) -> bool:
    """Whether nothing but names is assigned to."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_of_names, target.elts))
    return isinstance(target, ast.Name)


def base_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names and attributes in the bases of classes, and of classes in their bodies."""
    return {
        name
        for part in definitions_inside(nodes)
        if isinstance(part, ast.ClassDef)
        for base in part.bases
        for name in names_in(base)
    }


def _headers(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    ahead = [*nodes]
    while ahead:
        node = ahead.pop()
        if isinstance(node, DEFINITIONS):
            yield from node.decorator_list
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Lambda):
            node = node.value
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            yield from node.args.defaults
            yield from (each for each in node.args.kw_defaults if each is not None)
        elif isinstance(node, ast.ClassDef):
            yield from (each for each in node.bases if isinstance(each, ast.Call))
            yield from (each.value for each in node.keywords)
            ahead += node.body
        elif isinstance(node, _COMPOUND):
            ahead += children(node)
        else:
            said = node.value if isinstance(node, ast.AnnAssign) else node
            yield from [] if said is None else [said]


def extended_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names to whose earlier value statements add: `X += 1`, `@x.setter def x`."""
    found: set[str] = set()
    for part in statements_in(nodes):
        if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
            found.add(part.target.id)
        elif isinstance(part, ast.Assign):
            targets = {each.id for each in part.targets if isinstance(each, ast.Name)}
            found |= targets.intersection(names_in(part.value))
        elif isinstance(part, DEFINITIONS) and part.name in header_names([part]):
            found.add(part.name)
    for part in outside_functions(nodes):
        if isinstance(part, ast.NamedExpr) and part.target.id in names_in(part.value):
            found.add(part.target.id)  # `y = (x := x + 1)`
    return found


def built_names(parts: Iterable[ast.AST]) -> set[str]:
    """Return the names whose objects statements go on to build: `X.append(1)`, `setattr(X, ...)`.

    Args:
        parts: the statements, and all in them.
    """
    found: set[str] = set()
    for part in parts:
        if isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            found |= _root(part.value.func, called=True)
            if isinstance(part.value.func, ast.Name) and part.value.func.id in SETTERS:
                found.update(name for each in part.value.args[:1] for name in _root(each))
        elif isinstance(part, (ast.Subscript, ast.Attribute)) and not isinstance(
            part.ctx, ast.Load
        ):
            found |= _root(part.value)
    return found


def _root(node: ast.AST, *, called: bool = False) -> set[str]:
    if called and not isinstance(node, ast.Attribute):
        return set()
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Attribute):
                return set()
            node = node.func  # X.setdefault("a", []).append(1)
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def decorator_paths(nodes: Iterable[ast.AST]) -> set[tuple[str, ...]]:
    """Return the names that lead to what decorates: `("app", "route")` of `@app.route("/")`."""
    return paths_to(each for node in definitions(nodes) for each in node.decorator_list)


def alias_path(nodes: list[ast.stmt]) -> tuple[str, ...] | None:
    """Return the names in ``register = Parser.register``, or ``Names = Table[str]``; else None."""
    node = nodes[0] if len(nodes) == 1 else None
    part = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    part = part.value if isinstance(part, ast.Subscript) else part
    path = tuple[str, ...]()
    while isinstance(part, ast.Attribute):
        path = (part.attr, *path)
        part = part.value
    return (part.id, *path) if isinstance(part, ast.Name) else None


def base_paths(nodes: Iterable[ast.AST]) -> set[tuple[str, ...]]:
    """Return the names that lead to the bases and metaclasses of classes."""
    classes = [node for node in definitions(nodes) if isinstance(node, ast.ClassDef)]
    keywords = (each for node in classes for each in node.keywords if each.arg == "metaclass")
    bases = (each for node in classes for each in node.bases)
    return paths_to((*bases, *(each.value for each in keywords)))


def paths_to(expressions: Iterable[ast.expr]) -> set[tuple[str, ...]]:
    """Return the names that lead to what expressions start from: ``app, route``."""
    found: set[tuple[str, ...]] = set()
    for each in expressions:
        part, path = each, tuple[str, ...]()
        while isinstance(part, (ast.Attribute, ast.Subscript, ast.Call)):
            path = (part.attr, *path) if isinstance(part, ast.Attribute) else path
            part = part.value if not isinstance(part, ast.Call) else part.func
        if isinstance(part, ast.Name):
            found.add((part.id, *path))
    return found


def overloaded_names(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names of functions that ``typing.overload`` decorates."""
    return {
        node.name
        for node in nodes
        if isinstance(node, FUNCTIONS)
        and any("overload" in set(names_in(each)) for each in node.decorator_list)
    }


def names_for_types(nodes: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements bind for type checkers alone: ``if TYPE_CHECKING:``."""
    inside: set[str] = set()
    outside: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.If) and _asks_for_type_checker(node.test):
            inside |= bound_names(node.body)
            outside |= bound_names(node.orelse)
        else:
            outside |= bound_names([node])
    return inside - outside


def names_bound_perhaps(nodes: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements bind where a condition, a loop or an exception lets them."""
    for_certain: set[str] = set()
    perhaps: set[str] = set()
    for node in nodes:
        found = perhaps if isinstance(node, _PERHAPS) else for_certain
        found |= bound_names([node])
    return perhaps - for_certain


def _asks_for_type_checker(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))


def bound_names(nodes: Iterable[ast.AST]) -> set[str]:
    found: set[str] = set()
    for node in outside_functions(nodes):
        if isinstance(node, DEFINITIONS):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
    return found


def definitions(
    nodes: Iterable[ast.AST],
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the functions and classes that statements define, not those inside these."""
    return (part for part in statements_in(nodes) if isinstance(part, DEFINITIONS))


def definitions_inside(
    nodes: Iterable[ast.AST],
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the functions and classes that statements define, those inside classes too."""
    ahead = [*definitions(nodes)]
    while ahead:
        node = ahead.pop()
        yield node
        ahead += definitions(node.body) if isinstance(node, ast.ClassDef) else ()


def statements_in(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield statements and those inside them, down to functions and classes."""
    ahead = [*nodes][::-1]
    while ahead:
        node = ahead.pop()
        yield node
        if not isinstance(node, DEFINITIONS):
            blocks = [getattr(node, name) for name in node._fields if name in _BLOCKS]
            ahead += [part for block in blocks for part in block][::-1]


_BLOCKS = frozenset(("body", "orelse", "finalbody", "handlers", "cases"))


_CLOSED = frozenset((*DEFINITIONS, ast.Lambda))


def outside_functions(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield statements and all in them, down to functions and classes, not what is inside these."""
    # By a list of its own: a sum of a thousand terms is a thousand deep.
    ahead = [*nodes][::-1]
    while ahead:
        node = ahead.pop()
        yield node
        if type(node) not in _CLOSED:
            ahead += children(node)[::-1]
