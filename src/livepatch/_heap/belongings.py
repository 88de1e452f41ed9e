"""What belongs to a definition: it is part of it, refers to other definitions and goes with it."""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from typing import Any

from livepatch._python.kinds import bases_of, class_attributes, is_class, is_place, parts_of_wrapper


def parts_of(definition: Any) -> Iterator[Any]:
    """Yield a definition and the objects inside it that refer to definitions and go with it."""
    if type(definition) is types.FunctionType:
        # Not the function itself: its defaults and annotations may have to be exchanged.
        if definition.__closure__:
            yield definition.__closure__
            yield from definition.__closure__
    elif is_class(definition):
        yield from _parts_of_class(definition)
    else:
        yield from parts_of_wrapper(definition)


def _parts_of_class(cls: type) -> Iterator[Any]:
    yield cls
    for part in gc.get_referents(cls):
        # Its dict, its bases and its method resolution order.
        if type(part) is dict or (type(part) is tuple and part is not bases_of(cls)):
            yield part
    yield bases_of(cls)
    for attribute in class_attributes(cls).values():
        if is_place(attribute):
            yield attribute
