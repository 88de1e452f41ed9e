"""What becomes of the error that stopped a reload: the note on it, and what it keeps alive."""

from __future__ import annotations

import gc
import sys
import traceback
from contextlib import suppress
from types import FrameType

from livepatch._load.kept_frames import KEPT
from livepatch._report.errors import LivepatchError
from livepatch._select.selection import Selection


def with_note(error: BaseException, name: str, selection: Selection | None = None) -> BaseException:
    """Add a note to the user's own exception that says what state things are in.

    Args:
        error: the exception.
        name: of the module whose code had been run last; empty if none had.
        selection: what was to run of it.
    """
    if sys.version_info >= (3, 11) and not isinstance(error, LivepatchError):
        where = f"{name!r} was loaded" if name else "nothing had been run yet"
        error.add_note(
            f"livepatch: raised while {where}; everything is as it was before the "
            "reload, except for what the modules' top-level code did outside them."
        )
        lines = selection.goes_on if selection is not None else {}
        for frame, line in traceback.walk_tb(error.__traceback__) if lines else ():
            if line in lines and frame.f_globals.get("__name__") == name:
                built = lines[line]
                error.add_note(
                    f"livepatch: line {line} of it ran on the {built!r} that was there already; "
                    f"to make that anew as well: livepatch.reload({name!r}, rerun=({built!r},))"
                )
                break
    return error


def let_go(error: BaseException | None) -> None:
    """Free what a failed load made, which the frames of livepatch in an error's traceback hold.

    New classes derive from bases that were not made again, and would stay in their lists.
    """
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            _clear_own(frame)
        error = error.__context__
    gc.collect()


def let_go_of_kept_frames() -> None:
    """Free what was there before a reload, which frames hold that an error of the program keeps."""
    while KEPT:
        for frame, _ in traceback.walk_stack(KEPT.pop()):
            _clear_own(frame)


def _clear_own(frame: FrameType) -> None:
    if str(frame.f_globals.get("__name__")).startswith("livepatch."):
        with suppress(RuntimeError):  # this function's callers are running
            frame.clear()
