"""Generate packages of many modules that import one another in cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GROUP = 10
"""So many modules form a cycle of imports."""

_MODULE = '''\
"""Module {index}, version {version}."""

from __future__ import annotations

from {package} import part_{following}
{imports}
LIMIT_{index} = {index} + {version}


class Node_{index}({base}):
    """One of many classes."""

    level = {version}

    def __init__(self, name: str = "node") -> None:
        self.name = name

    def place(self) -> tuple[int, int]:
        return {index}, {version}

    @property
    def title(self) -> str:
        return f"{{self.name}} of {version}"

    @staticmethod
    def make() -> Node_{index}:
        return Node_{index}()


def first_{index}(amount: int = LIMIT_{index}) -> int:
    return amount + {version}


def second_{index}() -> int:
    return part_{following}.first_{following}() + {version}


TABLE_{index} = {{"first": first_{index}, Node_{index}: second_{index}}}
'''


def write_package(folder: Path, package: str, count: int, version: int) -> list[str]:
    """Write a package; return the names of its modules, itself first.

    Each module imports the next one of its group as a module, which closes a cycle of imports, and
    derives its class from that one's, by name, as far as the group goes.

    Args:
        folder: where the package's folder is, or is to be.
        package: its name.
        count: how many modules it has besides itself.
        version: a number that is everywhere in the sources.
    """
    home = folder / package
    home.mkdir(exist_ok=True)
    lines = "".join(f"from {package} import part_{index}\n" for index in range(count))
    (home / "__init__.py").write_text(f"VERSION = {version}\n{lines}", encoding="utf-8")
    for index in range(count):
        source = _module_source(package, count, index, version)
        (home / f"part_{index}.py").write_text(source, encoding="utf-8")
    return [package, *(f"{package}.part_{index}" for index in range(count))]


def _module_source(package: str, count: int, index: int, version: int) -> str:
    start = index - index % GROUP
    size = min(GROUP, count - start)
    following = start + (index - start + 1) % size
    # The last one runs first, while the import of all the others is under way.
    is_last = index == start + size - 1
    base = "object" if is_last else f"Node_{following}"
    imports = "" if is_last else f"from {package}.part_{following} import Node_{following}\n"
    names = {"following": following, "base": base, "imports": imports}
    return _MODULE.format(package=package, index=index, version=version, **names)
