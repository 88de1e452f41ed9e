"""The definitions of a package, each with the address at which a later version is asked for it.

Part of the child process, which has `tests` in nobody's way: that name may be the package's own.
"""

from __future__ import annotations

import fnmatch
import functools
import gc
import importlib
import importlib.machinery
import pkgutil
import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MISSING = object()
_NEVER_IMPORTED = ("*.__main__", "*.tests", "*.test", "*.conftest")
_FUNCTION_OF = {staticmethod: "__func__", classmethod: "__func__"}
_ACCESSORS = ("fget", "fset", "fdel")
_CACHED = type(functools.lru_cache(lambda: None))
_attributes = type.__dict__["__dict__"].__get__


@dataclass(frozen=True, slots=True)
class Address:
    """Where a definition is: a module's name, names in it, accessors of what is there."""

    module: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join((self.module, *self.names))


def import_whole(packages: Iterable[str], skipped: Iterable[str] = ()) -> dict[str, str]:
    """Import every module of the packages; return those that cannot be, with the reason.

    Args:
        packages: their names.
        skipped: patterns of names that are left out, besides the packages' own tests.
    """
    patterns = (*_NEVER_IMPORTED, *skipped)
    failed: dict[str, str] = {}
    for package in packages:
        _import_below(package, patterns, failed)
    return failed


def _import_below(name: str, patterns: tuple[str, ...], failed: dict[str, str]) -> None:
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an optional dependency is not there
        # Of a cycle of imports it says the file, which is another one in each process.
        failed[name] = f"{type(error).__name__}: {error}".replace(sys.path[0], "")
        return
    for found in pkgutil.iter_modules(getattr(module, "__path__", []), f"{name}."):
        if not any(fnmatch.fnmatchcase(found.name, pattern) for pattern in patterns):
            _import_below(found.name, patterns, failed)


def modules_of(packages: Iterable[str]) -> list[str]:
    """Return the names of the packages' modules in the order in which their imports finished.

    ``sys.modules`` has that order: the import system puts a module at the end once it is done.
    """
    roots = {*packages}
    return [
        name
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in roots and issubclass(type(module), types.ModuleType)
    ]


def has_source(name: str) -> bool:
    """Whether a module was made from a source file; one made from C cannot be made again."""
    loader = getattr(sys.modules[name].__spec__, "loader", None)
    return isinstance(loader, importlib.machinery.SourceFileLoader)


def definitions_of(packages: Iterable[str]) -> Iterator[tuple[Address, Any]]:
    """Yield each function and class that the packages' modules define, methods included."""
    for name in modules_of(packages):
        for key, value in list(vars(sys.modules[name]).items()):
            if _home_of(value) == name:
                yield from _definitions_in(Address(name, (key,)), value)


def _home_of(value: Any) -> Any:
    try:
        return getattr(value, "__module__", None)
    except Exception:  # noqa: BLE001 - an object that answers for all names may raise at any
        return None


def _definitions_in(address: Address, value: Any) -> Iterator[tuple[Address, Any]]:
    if type(value) is types.FunctionType:
        if value.__module__ == address.module and value.__name__ == _own_name(address):
            yield address, value
    elif type(value) is _CACHED:
        yield from _definitions_in(_below(address, "__wrapped__"), value.__wrapped__)
    elif type(value) in _FUNCTION_OF:
        yield from _definitions_in(_below(address, _FUNCTION_OF[type(value)]), value.__func__)
    elif type(value) is property:
        for accessor in _ACCESSORS:
            yield from _definitions_in(_below(address, accessor), getattr(value, accessor))
    elif is_class(value) and _is_at_home(address, value):
        yield address, value
        for key, attribute in list(_attributes(value).items()):
            yield from _definitions_in(_below(address, key), attribute)


def is_class(thing: Any) -> bool:
    """Whether an object is a class; generic aliases and proxies only say that they are."""
    return issubclass(type(thing), type)


def _below(address: Address, name: str) -> Address:
    return Address(address.module, (*address.names, name))


def _own_name(address: Address) -> str:
    steps = (*_ACCESSORS, *_FUNCTION_OF.values(), "__wrapped__")
    return [name for name in address.names if name not in steps][-1]


def _is_at_home(address: Address, cls: type) -> bool:
    attributes = _attributes(cls)
    qualname = type.__dict__["__qualname__"].__get__(cls)
    if attributes.get("__module__") != address.module:
        return False
    claimed = Address(address.module, tuple(qualname.split(".")))
    # One that C code has taken the name of is known by another name.
    return claimed == address or (len(address.names) == 1 and current(claimed) is not cls)


def current(address: Address) -> Any:
    """Return what is at an address now; `MISSING` where the source no longer has it.

    What a module's ``__getattr__`` answers with is not there: it is what took its place.
    """
    found: Any = sys.modules.get(address.module, MISSING)
    for name in address.names:
        found = _step(found, name)
        if found is MISSING:
            return MISSING
    return found


def _step(found: Any, name: str) -> Any:
    if is_class(found):
        return _attributes(found).get(name, MISSING)
    if isinstance(found, types.ModuleType):
        return vars(found).get(name, MISSING)
    if hasattr(found, "__origin__"):
        return MISSING  # the class has become a type that is written of another one
    return getattr(found, name, MISSING)


def leftovers(packages: Iterable[str]) -> list[str]:
    """Return the addresses that some object in the heap claims and another one has.

    A fresh import has such objects too: the overloads that `typing` keeps, say.
    """
    gc.collect()
    modules = {*modules_of(packages)}
    found = set()
    for thing in gc.get_objects():
        if type(thing) is not types.FunctionType and not is_class(thing):
            continue
        home, qualname = _claim(thing)
        if home in modules and "<" not in qualname:
            address = Address(home, tuple(qualname.split(".")))
            now = current(address)
            if now is not thing and type(now) is type(thing):
                found.add(f"{address}{_line(thing)}")
    return sorted(found)


def _line(thing: Any) -> str:
    """Say which function it is; ``functools.wraps`` gives one the name of a method elsewhere."""
    if type(thing) is not types.FunctionType:
        return ""
    line = f" of line {thing.__code__.co_firstlineno}"
    own = getattr(thing.__code__, "co_qualname", "<locals>")  # from 3.11 on
    return line if "<" in own else f"{line} in {thing.__globals__.get('__name__')}.{own}"


def _claim(thing: Any) -> tuple[str, str]:
    if type(thing) is types.FunctionType:
        return str(thing.__module__), thing.__qualname__
    home = _attributes(thing).get("__module__")
    return str(home), type.__dict__["__qualname__"].__get__(thing)
