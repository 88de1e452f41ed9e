"""Which source a live module was made from: remembered, or read from its bytecode cache.

An edit is over when the reload comes, so the old source is not on disk any more. What is known of
it decides whether a value in the process is state, or what the source says.
"""

from __future__ import annotations

import importlib
import importlib.util
import marshal
import os
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from livepatch._python.code import nested_codes, placed
from livepatch._python.live import codes_behind, live_codes
from livepatch._python.own import Call
from livepatch._source.by_text import ASKS_FOR_MODULES
from livepatch._source.outline import Outline, outline
from livepatch._source.packages import is_namespace_package
from livepatch._source.recompile import Compiled
from livepatch._source.remembered import (
    imported_code,
    imported_source,
    running_main_code,
    take_imported_code,
)
from livepatch._source.scope import Scope, imports_something
from livepatch._source.source import (
    MAIN,
    NO_CODE,
    Source,
    is_compiled_plainly,
    namespace_of,
)

# The header of a .pyc: magic number, flags, and 8 bytes of time and size or of a hash (PEP 552).
_PYC_HEADER = 16
_ATOMS = (int, float, bool, str, bytes, complex, type(None))


@dataclass(slots=True, eq=False)
class _Digest:
    """What is known of a module that has not been reloaded."""

    module: weakref.ref[ModuleType]
    code: CodeType | None
    outline: Outline | None


class _Origin(NamedTuple):
    """What a module was brought to by its last reload."""

    module: weakref.ref[ModuleType]
    outline: Outline
    text: bytes | str | None


_origins: dict[int, _Origin] = {}
_digests: dict[int, _Digest] = {}
_names: dict[int, frozenset[str]] = {}  # of either


def loaded_code(module: ModuleType) -> CodeType | None:
    """Return the top-level code of a loaded module, as far as it is known; runs nothing."""
    known = _known_origin(module)
    if known is not None:
        return known.scopes[()].code
    digest = _digests.get(id(module))
    if digest is not None and digest.module() is module:
        return digest.code
    namespace = namespace_of(module)
    code = imported_code(str(namespace.get("__name__"))) or _read_cached_code(namespace)
    _digests[id(module)] = _Digest(weakref.ref(module, _forgetting(id(module))), code, None)
    return code


def _forgetting(key: int) -> Callable[[object], None]:
    """Return what forgets all that is known of a module when it goes."""

    def forget(_: object) -> None:
        for known in (_origins, _digests, _names):
            known.pop(key, None)

    return forget


def read_names(module: ModuleType, tails: AbstractSet[str]) -> None:
    """Find out which names a loaded module uses to import; reads a file if need be.

    Args:
        module: it.
        tails: the last parts of the names of all modules there are. Code that says none of these
            imports nothing: of functions there are very many.
    """
    if id(module) not in _names:
        _names[id(module)] = _names_of(loaded_code(module), tails)


def names_read() -> Mapping[int, frozenset[str]]:
    """Return those names by the ids of the modules, dotted ones with head and tail."""
    return _names


def _names_of(code: CodeType | None, tails: AbstractSet[str]) -> frozenset[str]:
    if code is None:
        return frozenset()
    names = list(code.co_names)
    for each in (code, *nested_codes(code)):
        said = each.co_names
        if not tails.isdisjoint(said) and imports_something(each):
            names += said
        if not ASKS_FOR_MODULES.isdisjoint(said):
            names += (text for text in each.co_consts if type(text) is str)
    dotted = [name for name in names if "." in name]
    if not dotted:
        return frozenset(names)
    found = (name.rpartition(".")[2] for name in dotted)
    return frozenset((*names, *found, *(name.partition(".")[0] for name in dotted)))


def loaded_outline(module: ModuleType) -> Outline | None:
    """Return the outline of a loaded module's source, as far as it is known."""
    known = _known_origin(module)
    code = loaded_code(module)
    if known is not None or code is None:
        return known
    digest = _digests[id(module)]
    if digest.outline is None:
        digest.outline = outline(code)
    return digest.outline


def find_origin(source: Source) -> Outline | None:
    """Return the outline of the source that the live module was made from; None if unknown."""
    known = _known_origin(source.module)
    sources = imported_source(source.name), Compiled(source.text, source.code)
    imported = take_imported_code(source.name)
    if imported is None and known is None and source.name == MAIN:
        imported = running_main_code()
    if known is None or imported is not None:
        namespace = namespace_of(source.module)
        known = _outline_if_remembered(imported, source, namespace) or known
        if known is None and is_namespace_package(namespace.get("__spec__")):
            known = outline(NO_CODE)
        if known is None and _is_older_than_process(source):
            known = _outline_if_remembered(source.code, source, namespace)
        if known is None:
            known = _outline_if_live(_read_cached_code(namespace), source, namespace)
        code = known.scopes[()].code if known is not None else None
        text = next((each.text for each in sources if each and each.code is code), None)
        text = text if is_compiled_plainly(source.spec) else None
        remember_origin(source.module, known, text)
    return known


def could_be_from(source: Source) -> bool:
    """Whether what is known of the live module is what the present source says.

    To be asked where its origin is not known: the functions are compared, and the constants.
    """
    return _outline_if_live(source.code, source, namespace_of(source.module)) is not None


def _outline_if_remembered(
    code: CodeType | None, source: Source, namespace: dict[str, Any]
) -> Outline | None:
    """Digest the code that the import system was given, unless something else has run since."""
    if code is None:
        return None
    return _outline_if_it_has(live_codes(namespace, source.name, code.co_filename), code)


def _is_older_than_process(source: Source) -> bool:
    """Whether a source file is provably the one that was imported: not touched since we started."""
    origin = getattr(source.spec, "origin", None)
    if _PROCESS_STARTED is None or not isinstance(origin, str):
        return False
    try:
        # Installers set old times, but then also the time of the change of the file's entry.
        status = os.stat(origin)  # noqa: PTH116 - on the way of every first reload
    except OSError:
        return False
    return max(status.st_mtime, status.st_ctime) < _PROCESS_STARTED - _CLOCK_TICK


def _find_process_start() -> float | None:
    """Return when this process was started, in seconds since the epoch; None where not known."""
    try:
        fields = Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()
        booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        # The 22nd field is the start in clock ticks since the boot (proc(5)); two are cut off.
        return booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None  # no Linux: then only what was imported after livepatch is known


# Ticks are of 10 ms, times of files of 4; and the three clocks are not read at one moment.
_CLOCK_TICK = 0.05
_PROCESS_STARTED = _find_process_start()


def _outline_if_it_has(live: Iterable[CodeType], code: CodeType) -> Outline | None:
    """Digest code, if those of the live functions are in it."""
    nested = list(nested_codes(code))
    codes = (code, *nested)
    known = set(map(id, codes))
    others = [each for each in live if id(each) not in known]  # nearly always there are none
    if others and not set(map(placed, codes)).issuperset(map(placed, others)):
        return None
    return outline(code, nested=nested)


def _outline_if_live(
    code: CodeType | None, source: Source, namespace: dict[str, Any]
) -> Outline | None:
    """Digest code, if it is certainly what the live module was made from.

    A bytecode cache may have been written anew by another process since; hence it must contain
    the code of every live function, of those too that are behind decorators.
    """
    if code is None:
        return None
    found = _outline_if_it_has(codes_behind(namespace, code.co_filename), code)
    if found is None:
        return None
    if code == source.code and not _constants_agree(found, namespace):
        # It is the new source's, and the live values are not: written after the edit.
        return None
    return found


def _known_origin(module: ModuleType) -> Outline | None:
    """Return the outline of the source that livepatch last brought this module to."""
    record = _origins.get(id(module))
    return record.outline if record is not None and record.module() is module else None


def known_source(module: ModuleType) -> Compiled | None:
    """Return a source of a module and the code of it: of its import, or its last reload."""
    imported = imported_source(str(namespace_of(module).get("__name__")))
    record = _origins.get(id(module))
    if imported is not None or record is None or record.module() is not module:
        return imported
    scope = record.outline.scopes[()]
    return None if record.text is None else Compiled(record.text, scope.code, scope.imports)


def remember_origin(
    module: ModuleType, origin: Outline | None, text: bytes | str | None = None
) -> None:
    """Note which source a module is at now; forget it when it is not known."""
    key = id(module)
    _digests.pop(key, None)
    _names.pop(key, None)  # they are read when somebody asks
    if origin is None:
        _origins.pop(key, None)
    else:
        _origins[key] = _Origin(weakref.ref(module, _forgetting(key)), origin, text)


def origin_steps(
    module: ModuleType, origin: Outline | None, text: bytes | str | None = None
) -> Iterator[tuple[Call, Call]]:
    """Yield the calls that note which source a module is at, each with what takes it back.

    They are steps like any others: who interrupts a reload finds all done, or nothing.

    Args:
        module: the module.
        origin: the outline of its source; None forgets it.
        text: the source itself, if that is known.
    """
    key, after = id(module), None
    if origin is not None:
        after = _Origin(weakref.ref(module, _forgetting(key)), origin, text)
    # Names are read when somebody asks.
    for records, record in ((_digests, None), (_origins, after), (_names, None)):
        yield _setting(records, key, record), _setting(records, key, records.get(key))


def _setting(records: dict[int, Any], key: int, record: Any) -> Call:
    if record is None:
        return Call(dict.pop, records, key, None)
    return Call(dict.__setitem__, records, key, record)


def _read_cached_code(namespace: dict[str, Any]) -> CodeType | None:
    spec = namespace.get("__spec__")
    path, origin = getattr(spec, "cached", None), getattr(spec, "origin", None)
    if not isinstance(path, str) or not isinstance(origin, str):
        return None
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a plain read, on the way of every reload
            content = file.read()
        if content[:4] != importlib.util.MAGIC_NUMBER:
            return None
        code = marshal.loads(content[_PYC_HEADER:])  # noqa: S302
    except (OSError, EOFError, ValueError, TypeError):
        # No cache, or one that is cut short: then the origin is unknown, and reported as LP305.
        return None
    return _named(code, origin) if type(code) is CodeType else None


def _named(code: CodeType, filename: str) -> CodeType:
    """Return code as that of another file, which the import system makes of what was installed."""
    if code.co_filename == filename:
        return code  # nearly always
    constants = [_named(x, filename) if type(x) is CodeType else x for x in code.co_consts]
    return code.replace(co_filename=filename, co_consts=tuple(constants))


def _constants_agree(found: Outline, namespace: dict[str, Any]) -> bool:
    for path, scope in found.scopes.items():
        values: Any = namespace
        for name in path:
            held = values.get(name)
            if not issubclass(type(held), type):
                break
            values = type.__dict__["__dict__"].__get__(held)
        else:
            if not _scope_agrees(scope, values):
                return False
    return True


def _scope_agrees(scope: Scope, values: Any) -> bool:
    for name, shells in scope.shells.items():
        said = shells[-1].constant
        live = values.get(name)
        # A class keeps its qualified name elsewhere.
        compared = said is not None and type(live) in _ATOMS and name != "__qualname__"
        if compared and repr(live) != said:
            return False
    return True
