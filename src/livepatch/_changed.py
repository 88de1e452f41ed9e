"""Which loaded modules differ from their sources, and which depend on what has changed in them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from livepatch._plan.importer import Importer, Name
from livepatch._plan.importers import importers_of, read_importers
from livepatch._python.code import codes_in, same_code
from livepatch._python.kinds import is_class, is_module, kind_of
from livepatch._python.layout import lists_fields
from livepatch._python.star_names import star_names
from livepatch._registers.entries_of_others import entered_by_others
from livepatch._report.errors import NotAModuleError, NotReloadableError
from livepatch._source.origin import could_be_from, find_origin, known_source, remember_origin
from livepatch._source.outline import Outline, outline
from livepatch._source.recompile import lines_of
from livepatch._source.source import (
    DOES_NOT_COMPILE,
    Source,
    find_module,
    is_compiled_plainly,
    is_installed,
    namespace_of,
    read_source,
)


def changed(*packages: object) -> tuple[str, ...]:
    """Say which loaded modules differ from the source that is on disk now.

    What counts is the content: a file that was only touched does not differ, one whose lines moved
    does (tracebacks show lines), and one that has gone does. A module whose present source does
    not compile differs too. Nothing is run and nothing is changed.

    Args:
        packages: packages and modules, or their names; each stands for itself and all loaded
            modules inside it. None at all: every module that is not installed, those of the user.

    Returns:
        The names of the modules, in the order in which they were imported. Modules without a
        Python source (built-in, compiled, namespace packages) are left out.

    Raises:
        NotAModuleError, NotReloadableError: an argument is no loaded module.
    """
    return tuple(name for name, module in _loaded(packages) if _differs(module, packages))


def with_packages_of_gone(names: tuple[str, ...]) -> tuple[str, ...]:
    """Add to changed modules the packages of those whose file has gone.

    That a package goes without a module of its own is seen when it runs.
    """
    gone = [name for name in names if _is_gone(sys.modules[name])]
    packages = [name.rpartition(".")[0] for name in gone]
    more = [name for name in packages if name in sys.modules and name not in names]
    return (*names, *dict.fromkeys(more))


def _is_gone(module: ModuleType) -> bool:
    filename = namespace_of(module).get("__file__")
    if not isinstance(filename, str) or Path(filename).exists():
        return False  # nearly every one
    try:
        read_source(module, known_source)
    except NotReloadableError:
        return True
    return False


def _loaded(packages: tuple[object, ...]) -> Iterator[tuple[str, ModuleType]]:
    tops = [_name_of(package) for package in packages]
    for name, module in list(sys.modules.items()):
        if not is_module(module) or name == "__main__":
            continue
        inside = any(name == top or name.startswith(f"{top}.") for top in tops)
        if inside or (not tops and _is_users(module)):
            yield name, module


def _name_of(package: object) -> str:
    if isinstance(package, str):
        if package not in sys.modules:
            raise NotReloadableError("LP108", f"no module named {package!r} is loaded")
        return package
    return str(namespace_of(find_module(package)).get("__name__"))


def _is_users(module: ModuleType) -> bool:
    namespace = namespace_of(module)
    filename = namespace.get("__file__")
    if not isinstance(filename, str) or str(namespace.get("__name__")).startswith("livepatch."):
        return False
    return not is_installed(filename)


def _differs(module: ModuleType, packages: tuple[object, ...]) -> bool:
    try:
        source = read_source(module, known_source)
    except NotReloadableError as error:
        # Its file has gone, or is no text; what never had a source is left out.
        return error.code in {"LP105", "LP106"} and bool(packages or _is_users(module))
    except NotAModuleError:
        return False
    except DOES_NOT_COMPILE:
        return True
    origin = find_origin(source)
    if origin is None:
        return not could_be_from(source)
    old, new = origin.scopes[()].code, source.code
    if old is new:
        return False
    # The module's own statements may have no columns, where only an edit was compiled.
    is_same = (
        same_code(old, new)
        and list(lines_of(old)) == list(lines_of(new))
        and all(map(_is_same_text, codes_in(old), codes_in(new)))
    )
    if is_same and is_compiled_plainly(source.spec):
        # Who asks again compiles nothing, and an edit is compiled alone.
        remember_origin(module, origin, source.text)
    return not is_same


def _is_same_text(old: CodeType, new: CodeType) -> bool:
    """Whether two codes come from the same lines: unlike `same_code`, where they stand counts."""
    return old is new or (
        same_code(old, new)
        and old.co_firstlineno == new.co_firstlineno
        and old.co_linetable == new.co_linetable
        and all(map(_is_same_text, codes_in(old), codes_in(new)))
    )


def dependents_of(sources: list[Source], *, whole: bool) -> list[ModuleType]:
    """Find the loaded modules that computed something from what will change in others.

    Args:
        sources: of the modules that are to be reloaded.
        whole: whether all of their statements are to run.

    Returns:
        The modules outside these whose statements use a changed global of theirs; and those that
        use what such a module computed, and so on. And those that have entered something in data
        that will be made anew.
    """
    modules = {source.name: source.module for source in sources}
    values = (value for module in modules.values() for value in namespace_of(module).values())
    read_importers(modules, values, modules, {name.partition(".")[0] for name in modules})
    names = set(modules)
    waiting = [name for source in sources for name in _changed_names(source)]
    importers: dict[str, Importer] = {}
    following = set(names)
    while following:
        more = {each.name: each for each in importers_of(following, {*names, *importers})}
        importers |= more
        following = set(more)
    found = _who_entered(sources, None if whole else {(each.module, each.name) for each in waiting})
    seen = set(waiting)
    reshaped = {each for source in sources for each in _reshaped_classes(source)}
    while waiting:
        changed_name = waiting.pop()
        for importer in importers.values():
            for bound in _reached(importer, changed_name, reshaped):
                if bound[1]:
                    found[importer.name] = sys.modules[importer.name]
                starred = bound[0] in star_names(importer.namespace)
                name = Name(importer.name, bound[0], starred)
                if name not in seen:
                    seen.add(name)
                    waiting.append(name)
    return list(found.values())


def _who_entered(
    sources: list[Source], changed_names: set[tuple[str, str]] | None
) -> dict[str, ModuleType]:
    """Find the modules that have entered something in data that is made anew: in any, if None."""
    names = {source.name for source in sources}
    return {
        home: sys.modules[home]
        for source in sources
        for name, value in list(namespace_of(source.module).items())
        if changed_names is None or (source.name, name) in changed_names
        for home, _ in entered_by_others(value, source.module, names)
    }


def _reached(
    importer: Importer, name: Name, reshaped: set[tuple[str, str]]
) -> Iterator[tuple[str, bool]]:
    """Yield the globals of an importer that a change reaches, and whether it computed them.

    Args:
        importer: the module.
        name: what has changed.
        reshaped: the classes that may have other fields; those that have listed them are added.
    """
    for bound in importer.names_of(name):
        yield bound, False
    home = sys.modules.get(name.module)
    is_definition = kind_of(getattr(home, "__dict__", {}).get(name.name)) is not None
    for path in importer.computed_from(name):
        value: Any = importer.namespace.get(path[0])
        if (name.module, name.name) in reshaped and is_class(value) and lists_fields(value):
            reshaped.add((importer.name, path[0]))
            yield path[0], True
        # A function or class that uses a function or class sees the new one by itself.
        elif not is_definition or kind_of(value) is None or importer.is_made_with(path, name):
            yield path[0], True


def _reshaped_classes(source: Source) -> Iterator[tuple[str, str]]:
    """Yield the classes of a module that say something else outside their functions."""
    origin, new = find_origin(source), outline(source.code)
    for path in new.scopes:
        if len(path) == 1 and not new.same_body(origin, path):
            yield source.name, path[0]


def _changed_names(source: Source) -> Iterator[Name]:
    """Yield the globals of a module that its new source binds in another way than its old one."""
    origin, new = find_origin(source), outline(source.code)
    namespace = namespace_of(source.module)
    starred = star_names(namespace)
    shells = new.scopes[()].shells
    found = {name for name in shells if _is_changed(origin, new, name)}
    found |= {name for _, name in _reshaped_classes(source)}
    reader = Importer(source.name, namespace, new)
    waiting = list(found)
    while waiting:
        name = Name(source.name, waiting.pop(), starred=False)
        for path in reader.computed_from(name):
            if path[0] not in found:
                found.add(path[0])
                waiting.append(path[0])
    for each in sorted(found):
        yield Name(source.name, each, each in starred)


def _is_changed(origin: Outline | None, new: Outline, name: str) -> bool:
    return origin is None or not new.same_function(origin, (name,))
