"""Parts of a package as its attributes, where they were not imported anew."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from livepatch._snapshot.nested import absolute_name
from livepatch._snapshot.snapshot import Snapshot
from livepatch._source.outline import Outline
from livepatch._source.source import Source


def parts_behind_stars(
    snapshot: Snapshot, outline: Outline, namespace: dict[str, Any]
) -> Collection[str]:
    """List the parts whose names ``import *`` has bound to something else, before they come.

    ``from .fields import *`` binds ``form``, and ``from .form import Form`` sets the attribute to
    the part: when it is imported for the first time, and never again.

    Args:
        snapshot: of the package.
        outline: of its new source.
        namespace: the live one, when that has run.
    """
    home, scope = snapshot.source.name, outline.scopes[()]
    if "__path__" not in namespace or all(each.name != "*" for each in scope.imports):
        return ()
    hidden = [
        f"{home}.{name}"
        for name, before in snapshot.namespace.items()
        if namespace.get(name, before) is not before
        and sys.modules.get(f"{home}.{name}") is before
        and name not in scope.shells
    ]
    behind = set(_imported_behind_star(snapshot.source.text, namespace)) if hidden else set[str]()
    return [part for part in hidden if any(f"{each}.".startswith(f"{part}.") for each in behind)]


def _imported_behind_star(text: bytes | str, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Yield the modules that statements import behind the last ``import *``."""
    imports = (ast.Import, ast.ImportFrom)
    nodes = [node for node in ast.parse(text).body if isinstance(node, imports)]
    for node in reversed(nodes):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
            continue
        module = absolute_name("." * node.level + (node.module or ""), {**namespace})
        if node.names[0].name == "*":
            return
        yield module
        yield from (f"{module}.{each.name}" for each in node.names)


@contextmanager
def package_there(source: Source) -> Generator[None, None, None]:
    """Have something in the place of a module's package while it runs, where that is not there.

    Its import may have failed after that of the part: of something that is not installed.
    """
    parent = source.name.rpartition(".")[0]
    if not parent or parent in sys.modules:
        yield
        return
    stub = ModuleType(parent)
    origin = source.spec.origin if source.spec is not None else None
    stub.__path__ = [str(Path(origin).parent)] if origin else []
    sys.modules[parent] = stub
    try:
        yield
    finally:
        if sys.modules.get(parent) is stub:
            del sys.modules[parent]
