"""What the import system was given to run: remembered from the import of livepatch on."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from functools import partial
from importlib.machinery import SourceFileLoader
from types import CodeType, FrameType, ModuleType
from typing import Any
from weakref import ref

from livepatch._source.recompile import Compiled
from livepatch._source.source import IMPORT_SYSTEM, MAIN, is_installed

_imported: dict[str, CodeType] = {}
_compiled: dict[str, Compiled] = {}  # of those that were not read from a .pyc
_modules: dict[str, ref[ModuleType]] = {}
_gone: set[str] = set()  # those of them that are to be forgotten
_scripts: list[CodeType] = []  # the script that is __main__, until it is first brought to its file


class _Latest(threading.local):
    """What a thread has compiled last."""

    compiled: Compiled | None = None


_latest = _Latest()
_get_code = SourceFileLoader.get_code
_source_to_code: Any = SourceFileLoader.source_to_code


def remember_imports() -> None:
    """Remember the code of each module that is imported from now on.

    The code object is there anyway; keeping it costs a dict entry an import, and the memory of the
    module's top-level bytecode. It is digested and let go of when the module is first reloaded. The
    source that it was compiled from is kept where there was no .pyc, of modules that are not
    installed.
    """
    loader: Any = SourceFileLoader
    loader.get_code = _as_of_import_system(_get_code_and_remember)
    if _source_to_code.__code__.co_filename == IMPORT_SYSTEM:  # not another one's, which rewrites
        loader.source_to_code = _as_of_import_system(_compile_and_remember)
    _scripts.extend(filter(None, [running_main_code()]))


def _as_of_import_system(function: Any) -> Any:
    """Let tracebacks leave a function out where they leave out the import system's own frames.

    It knows these by their file (CPython: Python/import.c, remove_importlib_frames).
    """
    function.__code__ = function.__code__.replace(co_filename=IMPORT_SYSTEM)
    return function


def _compile_and_remember(
    self: SourceFileLoader, data: Any, path: Any, *rest: Any, **named: Any
) -> CodeType:
    code: CodeType = _source_to_code(self, data, path, *rest, **named)
    _latest.compiled = Compiled(data, code) if type(data) is bytes else None
    return code


def _get_code_and_remember(self: SourceFileLoader, fullname: str) -> CodeType | None:
    code = _get_code(self, fullname)
    # inspect, runpy and coverage ask for code too, and run it elsewhere or not at all.
    module = sys.modules.get(fullname)
    spec = getattr(module, "__spec__", None)
    if code is not None and (
        getattr(spec, "_initializing", False) or fullname in importlib._RELOADING  # type: ignore[attr-defined]  # noqa: SLF001
    ):
        _gone.discard(fullname)
        _forget_gone()
        _imported[fullname] = code
        if isinstance(module, ModuleType):  # a loader may make anything
            _watch(fullname, module)
        latest = _latest.compiled
        if latest is not None and latest.code is code and not is_installed(code.co_filename):
            _compiled[fullname] = latest
    return code


def _watch(name: str, module: ModuleType) -> None:
    _modules[name] = ref(module, partial(_went, name))


def _went(name: str, module: ref[ModuleType]) -> None:
    if _modules.get(name) is module:
        _gone.add(name)


def _forget_gone() -> None:
    """Forget what modules were imported from that have gone since.

    Not when they go: one may have put another in its own place, and while its import ends that is
    not in ``sys.modules`` either (importlib takes it out and puts it in again).
    """
    while _gone:
        name = _gone.pop()
        successor = sys.modules.get(name)
        if isinstance(successor, ModuleType):
            _watch(name, successor)
        else:
            for known in (_modules, _imported, _compiled):
                known.pop(name, None)


def running_main_code() -> CodeType | None:
    """Return the code of the script that is ``__main__``, while a frame runs it."""
    namespace = getattr(sys.modules.get(MAIN), "__dict__", {})
    filename = namespace.get("__file__")
    if not isinstance(filename, str):
        return None
    for frame in sys._current_frames().values():  # noqa: SLF001 - the one way to ask
        present: FrameType | None = frame
        while present is not None:
            code = present.f_code
            is_module = present.f_globals is namespace and code.co_name == "<module>"
            if is_module and os.path.realpath(code.co_filename) == os.path.realpath(filename):
                return code
            present = present.f_back
    return None


def imported_code(name: str) -> CodeType | None:
    """Return the code that a module was first imported from; None if that is not remembered."""
    _forget_gone()
    return _imported.get(name)


def imported_source(name: str) -> Compiled | None:
    """Return the source that a module was imported from, if the import compiled it."""
    return _compiled.get(name)


def take_imported_code(name: str) -> CodeType | None:
    """Return the code that a module was imported from since this was last asked, and let it go."""
    if name == MAIN:
        return _scripts.pop() if _scripts else None
    _compiled.pop(name, None)
    _modules.pop(name, None)
    return _imported.pop(name, None)
