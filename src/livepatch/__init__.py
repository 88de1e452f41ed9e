"""livepatch: reload a module and keep the program's state.

>>> import json.tool, livepatch
>>> report = livepatch.reload(json.tool)
>>> report.ok
True
"""

from livepatch._changed import changed
from livepatch._decide.migration import Change
from livepatch._holders import forget_holder, register_holder
from livepatch._hooks import Reloading, after_reload, before_reload, forget_hook
from livepatch._hotswap import hotswap
from livepatch._install import install, uninstall
from livepatch._reload import reload, reload_changed
from livepatch._report.codes import explain
from livepatch._report.errors import (
    InvalidOptionError,
    LivepatchError,
    NotAModuleError,
    NothingToUndoError,
    NotReloadableError,
    OptionTypeError,
    ReloadInProgressError,
    ReloadRefused,
)
from livepatch._report.report import DefinitionChange, Notice, Outcome, Report, StaleFrame
from livepatch._source.remembered import remember_imports
from livepatch._undo.history import HistoryEntry, history, keep_history, undo

remember_imports()

__all__ = [
    "Change",
    "DefinitionChange",
    "HistoryEntry",
    "InvalidOptionError",
    "LivepatchError",
    "NotAModuleError",
    "NotReloadableError",
    "NothingToUndoError",
    "Notice",
    "OptionTypeError",
    "Outcome",
    "ReloadInProgressError",
    "ReloadRefused",
    "Reloading",
    "Report",
    "StaleFrame",
    "after_reload",
    "before_reload",
    "changed",
    "explain",
    "forget_holder",
    "forget_hook",
    "history",
    "hotswap",
    "install",
    "keep_history",
    "register_holder",
    "reload",
    "reload_changed",
    "undo",
    "uninstall",
]
