"""What becomes of the error that stopped a reload: the note on it, and what it keeps alive."""

from __future__ import annotations

import gc
import sys
import traceback
from contextlib import suppress

from livepatch._errors import LivepatchError


def with_note(error: BaseException, name: str) -> BaseException:
    """Add a note to the user's own exception that says what state things are in."""
    if sys.version_info >= (3, 11) and not isinstance(error, LivepatchError):
        where = f"{name!r} was loaded" if name else "nothing had been run yet"
        error.add_note(
            f"livepatch: raised while {where}; everything is as it was before the "
            "reload, except for what the modules' top-level code did outside them."
        )
    return error


def let_go(error: BaseException | None) -> None:
    """Free what a failed load made, which the frames of livepatch in an error's traceback hold.

    New classes derive from bases that were not made again, and would stay in their lists.
    """
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if str(frame.f_globals.get("__name__")).startswith("livepatch."):
                with suppress(RuntimeError):  # this function's callers are running
                    frame.clear()
        error = error.__context__
    gc.collect()
