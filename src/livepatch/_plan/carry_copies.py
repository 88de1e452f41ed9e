"""Stage 5: data that modules made at run time have of one that they are a copy of."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader, SourceFileLoader, SourcelessFileLoader
from itertools import chain
from types import FunctionType
from typing import Any

from livepatch._plan.carry_stars import set_name
from livepatch._plan.importer import Importer
from livepatch._plan.plan import Plan
from livepatch._plan.reads_on import Change
from livepatch._python.kinds import is_class, is_module
from livepatch._source.outline import outline
from livepatch._source.source import NO_CODE, namespace_of


def carry_copies(plan: Plan, changes: list[Change]) -> None:
    """Give modules made at run time what has changed of the module that they are a copy of.

    ``vars(module).update(vars(other))``, as a finder of the import system may do: no statement says
    so, but it has definitions of the other one under their names.
    """
    copies = list(_made_at_run_time(plan)) if changes else []
    present = set(chain.from_iterable(map(id, list(each.namespace.values())) for each in copies))
    for module in plan.matches.modules if copies else ():
        if present.isdisjoint(map(id, filter(_may_be_named, module.old.values()))):
            continue  # nearly every one
        named = {name: value for name, value in module.old.items() if module.owns(value)}
        for copy in copies:
            if any(copy.namespace.get(name, copy) is value for name, value in named.items()):
                for change in changes:
                    here = change.name.module == module.name
                    if here and copy.namespace.get(change.name.name, copy) is change.old:
                        set_name(plan, copy, change.name.name, change.new)


def _may_be_named(value: Any) -> bool:
    """Whether a value may be a definition that says where it is."""
    return type(value) is FunctionType or is_class(value)


def _made_at_run_time(plan: Plan) -> Iterator[Importer]:
    """Yield the modules without a source or binary of their own, as importers of nothing."""
    for name, module in list(sys.modules.items()):
        if name in plan.finals or not is_module(module):
            continue
        namespace = namespace_of(module)
        loader = getattr(namespace.get("__spec__"), "loader", None)
        if id(type(loader)) not in _OF_FILES:
            yield Importer(name, namespace, _NO_OUTLINE)


_NO_OUTLINE = outline(NO_CODE)
_OF_FILES = frozenset(map(id, (SourceFileLoader, SourcelessFileLoader, ExtensionFileLoader, type)))
