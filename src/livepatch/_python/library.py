"""What is of Python's own library. A user's module may have the name of one of its."""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

_HOME = os.path.dirname(os.__file__)  # noqa: PTH120 - as it stands in `__file__`


def is_of_standard_library(module: object) -> bool:
    """Whether a module's name is that of one of the standard library, and no other has taken it."""
    top = str(module).partition(".")[0]
    if top not in sys.stdlib_module_names:
        return False
    found: Any = sys.modules.get(top)
    file = found.__dict__.get("__file__") if type(found) is ModuleType else None
    # Those made in C have no file; what is installed lies in the library's folder as well.
    return type(file) is not str or (file.startswith(_HOME) and "-packages" not in file)
