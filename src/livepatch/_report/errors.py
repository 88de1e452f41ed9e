"""What livepatch raises. A module's own exceptions pass through unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livepatch._report.codes import CODES

if TYPE_CHECKING:
    from livepatch._report.report import Notice


class LivepatchError(Exception):
    """Base of all that livepatch raises itself. Nothing has changed when it arrives.

    Attributes:
        code: the number that `livepatch.explain` explains.
    """

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        entry = CODES[code]
        super().__init__(f"{code}: {detail}. {entry.remedy}")


class NotAModuleError(LivepatchError, TypeError):
    """What was to be reloaded is not a module."""


class NotReloadableError(LivepatchError, ImportError):
    """The module has no source that could be run again, or its source cannot be read."""


class InvalidOptionError(LivepatchError, ValueError):
    """An option of the call has a value it cannot have."""


class OptionTypeError(InvalidOptionError, TypeError):
    """An option of the call is of a type it cannot be of."""


class ReloadInProgressError(LivepatchError, RuntimeError):
    """A reload was asked for while this thread is in the middle of one."""


class ReloadRefused(LivepatchError, RuntimeError):  # noqa: N818 - a decision, not a fault
    """The edit cannot be applied to the running process; the process is as it was.

    Attributes:
        refusals: every reason there is, not only the first.
    """

    def __init__(self, refusals: tuple[Notice, ...]) -> None:
        self.refusals = refusals
        detail = "; ".join(f"{refusal.path}: {refusal.message}" for refusal in refusals)
        super().__init__(refusals[0].code, detail)


class NothingToUndoError(LivepatchError, RuntimeError):
    """The reload cannot be taken back: it was a dry run, is undone, or is not the newest."""
