"""The holder table: for each type of object that can hold a definition, how it is repointed.

`repoint_holder` looks a holder up by its exact type, then along its class's bases. A way of
repointing is a function ``(repointing, holder) -> None`` that notes steps; one of an immutable
holder builds a new one and names it as the old one's successor, whose own holders come next.
"""

from livepatch._holders.c_data import keepers_of
from livepatch._holders.class_namespaces import (
    all_classes,
    raw_namespace,
    settle_class_attributes,
    settle_instances_of_loser,
)
from livepatch._holders.context import GONE, Repointing, Table
from livepatch._holders.crowds import repoint_crowd
from livepatch._holders.frames import (
    dicts_in_running_frames,
    objects_being_made,
    repoint_running_frames,
)
from livepatch._holders.frozen import IS_FILLABLE, fill_frozen
from livepatch._holders.identity import goes_by_id
from livepatch._holders.insides import fill_unseen
from livepatch._holders.references import repoint_weak_reference
from livepatch._holders.table import (
    ask_registered_holders,
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
    "IS_FILLABLE",
    "Repointing",
    "Table",
    "all_classes",
    "ask_registered_holders",
    "dicts_in_running_frames",
    "fill_frozen",
    "fill_unseen",
    "forget_holder",
    "goes_by_id",
    "is_crowd_type",
    "is_rebuilt",
    "is_rebuilt_type",
    "keepers_of",
    "objects_being_made",
    "raw_namespace",
    "register_holder",
    "repoint_contents",
    "repoint_crowd",
    "repoint_holder",
    "repoint_running_frames",
    "repoint_weak_reference",
    "settle_class_attributes",
    "settle_instances_of_loser",
]
