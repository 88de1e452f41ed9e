"""Frames of livepatch that the program keeps, by an error that it keeps.

``except ImportError as error: why_not = error``: its traceback has the frame of the module, and
behind that are the frames of the reload, which have in their variables all that was there before.
"""

from __future__ import annotations

import sys
from types import FrameType

from livepatch._python.own import OwnList

KEPT: OwnList[FrameType] = OwnList()
"""The innermost ones; the others are behind them."""


def _references() -> int:
    # With a variable, as below: since 3.14 a call borrows what is in one.
    frame = sys._getframe(1)  # noqa: SLF001 - frames have no other way in
    return sys.getrefcount(frame)


def _references_to_own() -> int:
    return _references()


_UNKEPT = _references_to_own()


def note_if_kept() -> None:
    """Note the frame of the caller, which has run code of the program, if somebody has it now."""
    frame = sys._getframe(1)  # noqa: SLF001 - as above
    if sys.getrefcount(frame) > _UNKEPT:
        KEPT.append(frame)
