"""What a module has put around functions of others is taken off before all of it runs again.

    parse = argparse.ArgumentParser.parse_args
    def parse_twice(self): ...
    argparse.ArgumentParser.parse_args = parse_twice

In a fresh process ``parse`` is what was there before. Else it would be the module's own function,
which then calls itself.

What such functions read stays until the load is over, for they may be called while it goes on.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any

from livepatch._python.code import nested_codes
from livepatch._python.kinds import class_attributes, is_class, is_module, mro_of
from livepatch._python.opcodes import OP
from livepatch._snapshot.nested import absolute_name
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.source import namespace_of
from livepatch._statements.assignments import names_given_to_attributes
from livepatch._steps.steps import Steps

_STORES = OP["STORE_ATTR"]


def take_off(snapshot: Snapshot) -> None:
    """Put back what there was before a module put functions of its own in the place.

    Args:
        snapshot: of the module; takes what was done, for a load that is taken back.
    """
    if snapshot.origin is None or not _sets_attributes(snapshot):
        return  # nearly every module
    tree = ast.parse(snapshot.source.text)
    for original, holder, attribute in _put_aside(tree, snapshot.namespace):
        home = _home(holder, attribute)
        if home is None or _is_of(snapshot, home):
            continue
        own = _value(home, attribute)
        if _is_own(snapshot, own) and callable(original) and not _is_own(snapshot, original):
            steps = Steps()
            if is_class(home):
                steps.set_on_class(home, attribute, original)
            else:
                steps.set_item(namespace_of(home), attribute, original)
            for call in steps.do:
                call()
            snapshot.taken_off.append(steps)


def names_read_by_hooks(snapshot: Snapshot) -> set[str]:
    """Return the globals that functions read which a module's statements put into some class.

    It may be a class of others, and these may call them at any time: ``EnumMeta.__call__ = made``.
    """
    if snapshot.origin is None or not _sets_attributes(snapshot):
        return set()  # nearly every module
    return _with_read(snapshot, names_given_to_attributes(snapshot.origin.scopes[()].code))


def names_read_by_makers(snapshot: Snapshot) -> set[str]:
    """Return the globals that the module's metaclasses read, and what bases do to those below.

    Other modules may have one of the old classes still, by way of a table say, and derive from it
    while the new code runs.
    """
    found: set[str] = set()
    for cls in list(snapshot.namespace.values()):
        if not is_class(cls) or not _is_of(snapshot, cls):
            continue
        own = class_attributes(cls)
        for name in _MAKING if issubclass(cls, type) else _MAKING_BELOW:
            function: Any = own.get(name)
            if type(function) in (classmethod, staticmethod):
                function = function.__func__
            if _is_own(snapshot, function):
                found |= _names_in(function)
    return _with_read(snapshot, found) if found else found


_MAKING = ("__new__", "__init__", "__prepare__", "__call__")
_MAKING_BELOW = ("__init_subclass__", "__set_name__")


def _with_read(snapshot: Snapshot, names: Iterable[str]) -> set[str]:
    """Return names, and those that the module's functions of such names read."""
    waiting = list(names)
    for name in waiting:
        value: Any = snapshot.namespace.get(name)
        if _is_own(snapshot, value):
            waiting += _names_in(value).difference(waiting)
    return set(waiting)


def _names_in(function: FunctionType) -> set[str]:
    codes = (function.__code__, *nested_codes(function.__code__))
    return {name for code in codes for name in code.co_names}


def _sets_attributes(snapshot: Snapshot) -> bool:
    code = snapshot.origin.scopes[()].code if snapshot.origin is not None else None
    return code is not None and ("setattr" in code.co_names or _STORES in code.co_code[::2])


def _is_own(snapshot: Snapshot, value: Any) -> bool:
    return type(value) is FunctionType and value.__globals__ is namespace_of(snapshot.source.module)


def _is_of(snapshot: Snapshot, home: Any) -> bool:
    """Whether a class or module is the one that runs again, or of it."""
    if not is_class(home):
        return home is snapshot.source.module
    return class_attributes(home).get("__module__") == snapshot.source.name


def _put_aside(tree: ast.Module, namespace: dict[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """Yield what statements took from others before, each with who had it as which attribute.

    It is at a name of the module, or with somebody else: ``Parser.parse_once = Parser.parse``.
    """
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            said = "." * node.level + (node.module or "")
            home = sys.modules.get(absolute_name(said, namespace))
            for each in node.names:
                yield namespace.get(each.asname or each.name), home, each.name
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            holder = _found_by(node.value.value, namespace)
            for target in node.targets:
                yield _found_by(target, namespace), holder, node.value.attr


def _found_by(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    """Return what a name leads to, or a name in modules and classes; None for anything else."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id)
    if isinstance(node, ast.Attribute):
        return _value(_home(_found_by(node.value, namespace), node.attr), node.attr)
    return None


def _home(holder: Any, name: str) -> Any:
    """Return the module or class that has an attribute itself; None if there is none."""
    if is_class(holder):
        return next((base for base in mro_of(holder) if name in class_attributes(base)), None)
    return holder if is_module(holder) and name in namespace_of(holder) else None


def _value(home: Any, name: str) -> Any:
    if home is None:
        return None
    return (class_attributes(home) if is_class(home) else namespace_of(home)).get(name)
