"""Stage 1: find, read and compile the new source. A syntax error touches nothing."""

from __future__ import annotations

import importlib
import importlib.util
import os
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader, SourcelessFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

from livepatch._python.kinds import is_module
from livepatch._report.errors import NotAModuleError, NotReloadableError
from livepatch._source.packages import (
    has_parts,
    is_namespace_package,
    namespace_packages_between,
    namespace_packages_of_several,
)
from livepatch._source.recompile import Compiled, recompile


@dataclass(frozen=True, slots=True)
class Source:
    """A module and the compiled new source that it is to be brought to.

    Attributes:
        name: its name in ``sys.modules``.
        module: the module object.
        spec: its freshly found spec; None where its file has gone.
        code: the compiled source; empty where there is none to run: of a namespace package, too.
        text: the source itself, as it was read.
    """

    name: str
    module: ModuleType
    spec: ModuleSpec | None
    code: CodeType
    text: bytes | str = field(default=b"", repr=False)


MAIN = "__main__"
DOES_NOT_COMPILE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What the compiler raises: of a null byte, and of what is nested too deeply, too."""
NO_CODE = compile("", "<no source>", "exec", dont_inherit=True)


Known = Callable[[ModuleType], "Compiled | None"]


def nothing_known(_: ModuleType) -> None:
    """Say that of no module it is known what was compiled for it before."""


def read_source(module_or_name: object, known: Known = nothing_known) -> Source:
    """Find, read and compile the present source of a loaded module.

    Args:
        module_or_name: a module object, or the dotted name of a loaded module.
        known: says what was compiled for a module before; only what has been edited since is then
            compiled, and the module's own statements have no columns.

    Returns:
        The module, its freshly found spec, and the code of the source as it is now. Nothing of
        the module has been run.

    Raises:
        NotAModuleError: the argument is neither a module nor a name, or ``sys.modules`` holds
            another kind of object under that name.
        NotReloadableError: never imported, ``__main__``, no source, or an unreadable one.
        SyntaxError: the new source does not compile (unchanged, as the compiler raised it).
    """
    module = find_module(module_or_name)
    namespace = namespace_of(module)
    name = _name_of(module, namespace)
    spec = _find_spec(name, module, namespace)
    return Source(name, module, spec, *_compile(name, spec, known(module)))


def _read_main(module: ModuleType, known: Known) -> Source:
    """Read the file that a script was run from. Cells and what is typed in have none."""
    namespace = namespace_of(module)
    # ``python -i`` removes the name as the script ends; its loader has it still.
    filename = namespace.get("__file__", getattr(namespace.get("__loader__"), "path", None))
    if not isinstance(filename, str):
        raise NotReloadableError("LP102", "__main__ was not run from a file")
    spec = spec_from_file_location(MAIN, filename, loader=SourceFileLoader(MAIN, filename))
    if spec is None:
        raise NotReloadableError("LP102", "__main__ was not run from a source file")
    return Source(MAIN, module, spec, *_compile(MAIN, spec, known(module)))


def read_sources(
    modules: Iterable[object], known: Known = nothing_known, *, with_main: bool = False
) -> list[Source]:
    """Find, read and compile the present sources of several modules.

    A module whose file has gone while its package is among the modules is part of the change, and
    so is a package that is a namespace package, or becomes one; by itself it is an error. A
    namespace package is as good as given where several of its modules are.

    Args:
        modules: the modules, or their names.
        known: see `read_source`.
        with_main: whether ``__main__`` may be one of them.

    Returns:
        The sources in the order in which the modules were imported, each module once.

    Raises:
        LivepatchError, SyntaxError: as `read_source` does; nothing has been run.
    """
    given = list({id(module): module for module in map(find_module, modules)}.values())
    packages = {namespace_of(module).get("__name__") for module in given}
    # Who has listed modules by their files has not listed what is between them.
    between = namespace_packages_between(packages)
    given += between.values()
    packages |= between.keys() | namespace_packages_of_several(packages)
    main = sys.modules.get(MAIN) if with_main else None
    sources = [
        _read_main(module, known) if module is main else _read_or_gone(module, packages, known)
        for module in given
    ]
    places = {name: index for index, name in enumerate(list(sys.modules))}
    return sorted(sources, key=lambda source: places[source.name])


def _read_or_gone(module: ModuleType, packages: set[Any], known: Known) -> Source:
    try:
        return read_source(module, known)
    except NotReloadableError as error:
        name = _name_of(module, namespace_of(module))
        parent = name.rpartition(".")[0]
        is_orphan = parent not in {"", *sys.modules}  # its package could not be imported
        no_file = isinstance(error.__cause__, (FileNotFoundError, ImportError, type(None)))
        is_gone = error.code == "LP103" or (error.code == "LP105" and no_file)
        if not is_gone or not (parent in packages or is_orphan):
            raise
        # Of a package whose files have gone the folder may be left, with what was compiled.
        spec = _find_any_spec(name, module)
        is_left = is_namespace_package(spec) and has_parts(name)
        return Source(name, module, spec if is_left else None, NO_CODE)


def has_init_come_or_gone(source: Source) -> bool:
    """Whether a package is a namespace package and was none, or the other way."""
    spec = namespace_of(source.module).get("__spec__")
    return is_namespace_package(spec) is not is_namespace_package(source.spec)


def find_module(module_or_name: object) -> ModuleType:
    """Resolve an argument to the module object that is live under its name."""
    if is_module(module_or_name):
        return module_or_name
    if not isinstance(module_or_name, str):
        kind = type(module_or_name).__name__
        raise NotAModuleError("LP101", f"cannot reload a {kind} object")
    if module_or_name not in sys.modules:
        raise NotReloadableError("LP108", f"no module named {module_or_name!r} is loaded")
    found: Any = sys.modules[module_or_name]
    if not is_module(found):
        kind = type(found).__name__
        raise NotAModuleError("LP107", f"sys.modules[{module_or_name!r}] is a {kind} object")
    return found


_INSTALLED = tuple({os.path.realpath(path) + os.sep for path in sysconfig.get_paths().values()})
_AS_SAID = ("<frozen ", *_INSTALLED, *(path + os.sep for path in sysconfig.get_paths().values()))


def is_installed(filename: str) -> bool:
    """Whether a file belongs to the standard library or to an installed package."""
    return os.path.realpath(filename).startswith(_INSTALLED)


def is_named_as_installed(filename: str) -> bool:
    """Whether a file's name is that of one in the standard library or an installed package.

    The file system is not asked: while new code is lent other threads are not to run, and they do
    where this one asks for a file.
    """
    return filename.startswith(_AS_SAID)


def namespace_of(module: ModuleType) -> dict[str, Any]:
    """Return the module's real namespace, past any ``__getattribute__`` of a module subclass."""
    namespace: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return namespace


def _name_of(module: ModuleType, namespace: dict[str, Any]) -> str:
    spec = namespace.get("__spec__")
    name = spec.name if type(spec) is ModuleSpec else namespace.get("__name__")
    if name == MAIN or sys.modules.get(MAIN) is module:
        raise NotReloadableError("LP102", "__main__ cannot be reloaded")
    if not isinstance(name, str) or name not in sys.modules:
        raise NotReloadableError("LP108", f"module {name!r} is not in sys.modules")
    if sys.modules[name] is not module:
        # It may have taken over all that another one says of itself (``globals().update``).
        name = next((each for each, there in list(sys.modules.items()) if there is module), name)
    live = sys.modules[name]
    if not is_module(live):
        raise NotAModuleError("LP107", f"sys.modules[{name!r}] is a {type(live).__name__} object")
    if live is not module:
        detail = f"sys.modules[{name!r}] is another module object than the one given"
        raise NotReloadableError("LP108", detail)
    return name


def _find_spec(name: str, module: ModuleType, namespace: dict[str, Any]) -> ModuleSpec:
    own = namespace.get("__spec__")
    _read_index_anew(getattr(own, "loader", None))
    spec = _find_any_spec(name, module)
    # A module loaded by hand (spec_from_file_location) is on no path; its own spec finds it.
    if spec is None and type(own) is ModuleSpec:
        spec = _copy_spec(own)
    if spec is None:
        raise NotReloadableError("LP105", f"no source for module {name!r} can be found")
    if is_namespace_package(spec) and isinstance(namespace.get("__file__"), str):
        detail = f"the source of {name!r}: its __init__.py has gone, and its folder is there"
        raise NotReloadableError("LP105", detail)
    _check_kind(name, spec)
    return spec


def _find_any_spec(name: str, module: ModuleType) -> ModuleSpec | None:
    parent, _, _ = name.rpartition(".")
    path = None
    if parent and parent in sys.modules:
        path = getattr(sys.modules[parent], "__path__", None)
    spec = _ask_finders(name, path, module)
    if spec is None:
        importlib.invalidate_caches()
        spec = _ask_finders(name, path, module)
    return spec


def _read_index_anew(loader: Any) -> None:
    """Let the loaders of a zip archive read its index again, which they do but once (zipimport).

    To find a module there is to read it, by places that may be those of another archive by now.
    """
    archive = getattr(loader, "archive", None)
    if archive is None:
        return
    finders: list[Any] = [loader, *sys.path_importer_cache.values()]
    for each in finders:
        if getattr(each, "archive", None) == archive:
            each.invalidate_caches()


def _ask_finders(name: str, path: Any, module: ModuleType) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        find_spec = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find_spec(name, path, module) if find_spec else None
        if spec is not None:
            return spec
    return None


def _copy_spec(own: ModuleSpec) -> ModuleSpec:
    spec = ModuleSpec(own.name, own.loader, origin=own.origin, loader_state=own.loader_state)
    spec.submodule_search_locations = own.submodule_search_locations
    spec.has_location = own.has_location
    spec.cached = own.cached
    return spec


def _check_kind(name: str, spec: ModuleSpec) -> None:
    if is_namespace_package(spec):
        raise NotReloadableError("LP103", f"{name!r} is a namespace package")
    if spec.origin in {"built-in", "frozen"}:
        raise NotReloadableError("LP104", f"{name!r} is {spec.origin}")
    if not (hasattr(spec.loader, "source_to_code") or hasattr(spec.loader, "get_source")):
        raise NotReloadableError("LP104", f"{name!r} was loaded by {type(spec.loader).__name__}")
    if type(spec.loader).__name__ == "ExtensionFileLoader":
        raise NotReloadableError("LP104", f"{name!r} is a compiled extension")


def has_own_ways(loader: type) -> bool:
    """Whether loaders of a class do not just run what they compile of a source."""
    ways = (getattr(loader, name, None) for name in ("exec_module", "get_code"))
    return any(
        way is not None and getattr(way, "__module__", None) not in _LOADS_SOURCE for way in ways
    )


def is_compiled_plainly(spec: Any) -> bool:
    """Whether a module is compiled as its source says it, without a loader that rewrites that.

    Ours, which remembers it, says that it is of the import system's own file.
    """
    compiling: Any = getattr(type(getattr(spec, "loader", None)), "source_to_code", None)
    code = getattr(compiling, "__code__", None)
    return compiling is None or getattr(code, "co_filename", None) == IMPORT_SYSTEM


IMPORT_SYSTEM = SourcelessFileLoader.get_code.__code__.co_filename
"""The file that the import system's own functions say they are of."""


# The modules whose loaders compile what they read, and run that; one of them is ours.
_LOADS_SOURCE = ("_frozen_importlib_external", "zipimport", "livepatch._source.remembered")


def _compile(name: str, spec: ModuleSpec, known: Compiled | None) -> tuple[CodeType, bytes | str]:
    loader: Any = spec.loader
    try:
        source, filename = _read(name, spec)
    except (OSError, ImportError) as error:  # which of both, loaders do not agree
        raise NotReloadableError("LP105", f"the source of {name!r}: {error}") from error
    if known is not None and is_compiled_plainly(spec):
        edited = recompile(known, source, filename)
        if edited is not None:
            return edited, source
    try:
        if hasattr(loader, "source_to_code"):
            code: CodeType = loader.source_to_code(source, filename)
        else:
            code = compile(source, filename, "exec", dont_inherit=True)
    except (SyntaxError, LookupError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError) or _is_decoding_error(source):
            raise NotReloadableError("LP106", f"the source of {name!r}: {error}") from error
        raise
    return code, source


def _read(name: str, spec: ModuleSpec) -> tuple[Any, str]:
    loader: Any = spec.loader
    filename: Any
    if type(loader) is SourcelessFileLoader:
        message = "there is only compiled code"
        raise FileNotFoundError(message)
    filename = loader.get_filename(name) if hasattr(loader, "get_filename") else spec.origin
    if isinstance(filename, str):
        _check_file(filename)
    if hasattr(loader, "get_data"):
        return loader.get_data(filename), filename
    source = loader.get_source(name)
    if source is None:
        message = f"{type(loader).__name__} has no source for it"
        raise FileNotFoundError(message)
    return source, filename or f"<{name}>"


def _check_file(filename: str) -> None:
    """Refuse a pipe or device in the place of a file: to read it may never end."""
    try:
        mode = os.stat(filename).st_mode  # noqa: PTH116 - on the way of every reload
    except (OSError, ValueError):
        return  # to read it says what is wrong
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        message = f"{filename} is a pipe or a device"
        raise OSError(message)


def _is_decoding_error(source: bytes | str) -> bool:
    if isinstance(source, str):
        return False
    try:
        importlib.util.decode_source(source)
    except (UnicodeDecodeError, SyntaxError, LookupError):
        return True  # the last one where what is declared is no encoding of text (rot13)
    return False
