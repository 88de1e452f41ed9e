"""The holder table: for each type of object that can hold a definition, how it is repointed.

`repoint_holder` looks a holder up by its exact type, then along its class's bases. A way of
repointing is a function ``(repointing, holder) -> None`` that notes steps; one of an immutable
holder builds a new one and names it as the old one's successor, whose own holders come next.
"""

from livepatch._holders._containers import all_classes, raw_namespace
from livepatch._holders._context import GONE, Repointing, Table
from livepatch._holders._crowds import repoint_crowd
from livepatch._holders._frames import repoint_running_frames
from livepatch._holders._references import repoint_weak_reference
from livepatch._holders._table import (
    forget_holder,
    is_crowd_type,
    is_rebuilt,
    is_rebuilt_type,
    register_holder,
    repoint_contents,
    repoint_holder,
)

__all__ = [
    "GONE",
    "Repointing",
    "Table",
    "all_classes",
    "forget_holder",
    "is_crowd_type",
    "is_rebuilt",
    "is_rebuilt_type",
    "raw_namespace",
    "register_holder",
    "repoint_contents",
    "repoint_crowd",
    "repoint_holder",
    "repoint_running_frames",
    "repoint_weak_reference",
]
