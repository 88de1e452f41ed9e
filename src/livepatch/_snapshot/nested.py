"""Load what an import statement asks for at the moment it asks, as an import for the first time does.

All modules of a reload stay in ``sys.modules``, so an import among them would find the old one.
While the load runs, its thread's imports go through here first. Other threads see no difference.
"""  # noqa: E501

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from importlib.util import resolve_name
from types import FunctionType, ModuleType
from typing import Any

from livepatch._python.kinds import is_module
from livepatch._snapshot.snapshot import Snapshot

Behind = Callable[[Collection[str]], Iterator[tuple[str, tuple[str, ...]]]]
"""Given names, yields the modules that have them, each with the names that are imported of it."""
_bootstrap: Any = sys.modules["importlib._bootstrap"]


@contextmanager
def loading_on_import(
    pending: set[str],
    behind: Mapping[str, Behind],
    snapshots: Mapping[str, Snapshot],
    load_one: Callable[[str], None],
    taken: list[tuple[Any, Any]],
) -> Generator[None, None, None]:
    """Have this thread's imports load what is pending.

    Args:
        pending: names of modules; ``load_one`` takes them out.
        behind: for modules that are not to be loaded, what yields those that they have names from.
        snapshots: of the modules of the reload, by name.
        load_one: loads one of them.
        taken: gets what stood for an import function and is still held by somebody who has looked
            through the builtins, with that function.
    """
    imports = _Imports(pending, behind, snapshots, load_one)
    statement, by_name = imports.import_statement, imports.import_by_name
    builtins.__import__ = statement
    _bootstrap._gcd_import = by_name  # noqa: SLF001 - import_module looks it up there
    try:
        yield
    finally:
        if builtins.__import__ is statement:
            builtins.__import__ = imports.original
        if _bootstrap._gcd_import is by_name:  # noqa: SLF001
            _bootstrap._gcd_import = imports.original_by_name  # noqa: SLF001
        imports.let_go()
        probe = imports.load_pending
        if sys.getrefcount(statement) > sys.getrefcount(probe):
            taken.append((statement, imports.original))


class _Imports:
    """What stands for the import statement and for ``importlib.import_module`` meanwhile."""

    def __init__(
        self,
        pending: set[str],
        behind: Mapping[str, Behind],
        snapshots: Mapping[str, Snapshot],
        load_one: Callable[[str], None],
    ) -> None:
        self.pending = pending
        self.behind = behind
        self.snapshots = snapshots
        self.before = {name: each.namespace for name, each in snapshots.items()}
        self.load_one = load_one
        self.thread = threading.get_ident()
        self.original = builtins.__import__
        self.original_by_name: Any = _bootstrap._gcd_import  # noqa: SLF001

    def let_go(self) -> None:
        """Keep nothing of the reload: C code may keep the import function that it has found."""
        self.pending, self.behind, self.snapshots, self.before = set(), {}, {}, {}
        self.load_one = lambda _: None

    def import_statement(
        self,
        name: str,
        globals: Any = None,  # noqa: A002 - the names of the function it stands for
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        if self.pending and threading.get_ident() == self.thread:
            absolute = absolute_name("." * level + name, globals) if level else name
            inside = str((globals or {}).get("__name__")).startswith(f"{absolute}.")
            if fromlist or not inside:
                self.load_on_the_way(absolute, fromlist or ())
        found = self.original(name, globals, locals, fromlist, level)
        if not fromlist or threading.get_ident() != self.thread:
            return found
        importer = (globals or {}).get("__name__")
        if "*" in fromlist:
            return self.without_own(_without_added(found, self.before), importer)
        return self.with_parts(found, fromlist, importer)

    def import_by_name(self, name: str, package: str | None = None, level: int = 0) -> Any:
        if self.pending and threading.get_ident() == self.thread:
            self.load_on_the_way(resolve_name("." * level + name, package) if level else name)
        return self.original_by_name(name, package, level)

    def load_on_the_way(
        self, name: str, names: Collection[str] = (), seen: set[Any] | None = None
    ) -> None:
        """Load what is pending of a module, its packages, and the submodules among the names.

        Args:
            name: of the module.
            names: what is imported from it.
            seen: what has been asked on this way of those that are not to be loaded.
        """
        seen = set() if seen is None else seen
        position = name.find(".")
        while position >= 0:
            self.load_pending(name[:position])
            position = name.find(".", position + 1)
        self.load_pending(name)
        asked = name, tuple(names)
        if name in self.behind and asked not in seen:
            seen.add(asked)
            for home, wanted in self.behind[name](names):
                self.load_on_the_way(home, wanted, seen)
        for each in names:
            if each == "*":
                self.load_on_the_way(name, _all_of(name), seen)
            elif _is_submodule(name, each):
                self.load_pending(f"{name}.{each}")

    def load_pending(self, name: str) -> None:
        if name in self.pending:
            self.load_one(name)

    def without_own(self, found: Any, importer: Any) -> Any:
        """Return what ``import *`` is to read: a module without what it has from the importer.

        Where two import each other, the one that runs first has nothing of the other yet in a fresh
        process. What it had of that is old here.
        """
        home = getattr(found, "__name__", None)
        other, own = self.snapshots.get(str(home)), self.snapshots.get(str(importer))
        if other is None or own is None or other is own or other.origin is None:
            return found
        scope, namespace, missing = other.origin.scopes[()], vars(found), object()
        imports = [
            each
            for each in scope.imports
            if each.name and absolute_name(each.module, other.namespace) == importer
        ]
        if not imports:
            return found  # nearly always
        names = {each.bound: str(each.name) for each in imports}
        if "*" in names.values():
            names |= {name: name for name in own.namespace.keys() - scope.shells.keys()}
        old = {
            name
            for name, given in names.items()
            if namespace.get(name, other) is own.namespace.get(given, missing)
            and namespace[name] is other.namespace.get(name, missing)
        }
        return _reduced(found, old) if old else found

    def with_parts(self, found: Any, names: Iterable[str], importer: Any) -> Any:
        """Return what ``from package import part`` is to read: with the parts that it gave before.

        The package may have taken the name of a part since, for something that is in it::

            from . import base                # which says: from . import hstore
            from .hstore import hstore
        """
        if type(found) is not ModuleType or importer not in self.before:
            return found
        namespace, home = vars(found), found.__name__
        before: Mapping[str, Any] = self.before.get(home, {})
        taken: dict[str, Any] = {}
        for name in names:
            part, held = sys.modules.get(f"{home}.{name}"), namespace.get(name)
            if part is None or held is None or held is part:
                continue  # nearly every one
            if held is not before.get(name, held):
                continue
            if _had_imported(self.snapshots[importer], home, name, part):
                taken[name] = part
        if not taken:
            return found
        with_parts = ModuleType(home)
        vars(with_parts).update(namespace, **taken)
        return with_parts


def _had_imported(snapshot: Snapshot, home: str, name: str, part: Any) -> bool:
    """Whether a module has a part of a package by an import of that name."""
    said = snapshot.origin.scopes[()].imports if snapshot.origin is not None else ()
    return any(
        each.name == name
        and snapshot.namespace.get(each.bound) is part
        and absolute_name(each.module, snapshot.namespace) == home
        for each in said
    )


def absolute_name(name: str, namespace: Mapping[str, Any]) -> str:
    """Resolve a module's name with leading dots, as an import statement in a module does."""
    if not name.startswith("."):
        return name
    package = namespace.get("__package__")
    if not isinstance(package, str):
        package = str(namespace.get("__name__", ""))
        if "__path__" not in namespace:
            package = package.rpartition(".")[0]
    try:
        return resolve_name(name, package)
    except ImportError:
        return name  # the import statement itself will say what is wrong


def _all_of(name: str) -> list[str]:
    said = getattr(sys.modules.get(name), "__dict__", {}).get("__all__", ())
    return (
        [each for each in said if isinstance(each, str)] if isinstance(said, (list, tuple)) else []
    )


def _without_added(found: Any, before: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return what ``import *`` is to read: a module without the names that others say it has.

    A package may add to the list of a part, once it has all of the part; then the list that is
    still the same one has names that the part never had::

        from .core import *
        __all__ = core.__all__
        __all__.append("extra")
    """
    if not is_module(found):
        return found
    namespace = vars(found)
    said = namespace.get("__all__")
    had = before.get(namespace.get("__name__", ""), {})
    if said is not had.get("__all__") or not isinstance(said, list):
        return found
    own = [name for name in said if name in namespace or name in had]
    if len(own) == len(said) or "__getattr__" in namespace:
        return found
    return _reduced(found, frozenset(said).difference(own))


def _reduced(module: ModuleType, names: AbstractSet[str]) -> ModuleType:
    """Return what ``import *`` may read in place of a module: without some names."""
    reduced = ModuleType(module.__name__)
    namespace = vars(reduced)
    namespace.update(vars(module))
    for name in names & namespace.keys():
        del namespace[name]
    said = namespace.get("__all__")
    if isinstance(said, (list, tuple)):
        namespace["__all__"] = [each for each in said if each not in names]
    return reduced


def is_loaded_part(package: str, name: str, value: object) -> bool:
    """Whether a package's attribute is the part of that name, as an import has set it."""
    return is_module(value) and sys.modules.get(f"{package}.{name}") is value


def _is_submodule(package: str, name: str) -> bool:
    """Whether ``from package import name`` would import a module, rather than find a value.

    It may have done so where the package has taken the name since, for what that module has by it.
    """
    held = getattr(sys.modules.get(package), "__dict__", {}).get(name)
    # A lazy object that is asked for its class may load what it stands for (Django's settings).
    home = held.__module__ if type(held) in (FunctionType, type) else None
    return held is None or is_module(held) or home == f"{package}.{name}"
