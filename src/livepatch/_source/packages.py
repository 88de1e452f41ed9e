"""Packages of folders without an ``__init__.py``: they have no source of their own."""

from __future__ import annotations

import os
import sys
from collections import Counter
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from livepatch._python.kinds import is_module


def is_namespace_package(spec: Any) -> bool:
    """Whether a module's spec is that of a package of folders without an ``__init__.py``."""
    return type(spec) is ModuleSpec and (
        spec.loader is None or (spec.origin is None and spec.submodule_search_locations is not None)
    )


def namespace_packages_between(names: set[Any]) -> dict[str, ModuleType]:
    """Return the packages without a file that modules are in, inside a package of the same call."""
    between = dict[str, ModuleType]()
    for name in names:
        chain = dict[str, ModuleType]()
        package = str(name).rpartition(".")[0]
        while package and package not in names:
            module: Any = sys.modules.get(package)
            if not is_module(module) or not is_namespace_package(getattr(module, "__spec__", None)):
                break
            chain[package] = module
            package = package.rpartition(".")[0]
        if package in names:
            between |= chain
    return between


def namespace_packages_of_several(names: set[Any]) -> set[str]:
    """Return the packages without a file that have several of some modules directly in them."""
    parents = Counter(str(name).rpartition(".")[0] for name in names)
    several = [name for name, count in parents.items() if count > 1 and name in sys.modules]
    return {
        name
        for name in several
        if is_namespace_package(getattr(sys.modules[name], "__spec__", None))
    }


def has_parts(name: str) -> bool:
    """Whether some module that is loaded from inside a package is there on the disk."""
    inside = [module for each, module in list(sys.modules.items()) if each.startswith(f"{name}.")]
    files = (getattr(module, "__file__", None) for module in inside)
    return any(isinstance(file, str) and os.path.exists(file) for file in files)  # noqa: PTH110
