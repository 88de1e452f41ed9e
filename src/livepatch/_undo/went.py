"""What had come with a reload, and goes with its undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from livepatch._heap.record import ModuleRecord
from livepatch._match.module import Part, Path
from livepatch._match.returns import keep_gone
from livepatch._plan.plan import Plan
from livepatch._python.kinds import found_at, is_class, kind_of
from livepatch._python.own import OwnDict, OwnList
from livepatch._source.source import namespace_of


def keep_what_went(
    plan: Plan, record: ModuleRecord, members: Mapping[Path, Any]
) -> OwnList[OwnList[Any]]:
    """Remember what a module has no longer: it may come again.

    Args:
        plan: has been applied.
        record: of the module.
        members: what the reload had brought to its classes.

    Returns:
        The definitions that went, each behind its path in the report.
    """
    namespace, settle = namespace_of(record.source.module), plan.decisions.settle
    came = [name for name in record.after if name not in record.before]
    gone: OwnDict[Path, Any] = OwnDict(((name,), settle(record.after[name])) for name in came)
    for path, member in members.items():
        if found_at(namespace, ".".join(path)) is not member:
            gone[path] = settle(member)
    # What had been renamed has not gone: it has its former name again.
    back = set(map(id, namespace.values()))
    for path in [path for path, value in gone.items() if id(value) in back]:
        del gone[path]
    plan.let_go += (
        (".".join((record.source.name, *path)), value)
        for path, value in gone.items()
        if is_class(value)
    )
    keep_gone(record.source.module, gone, record.outline)
    if record.part is Part.NEW:
        return OwnList()  # all of the module goes
    return OwnList(
        OwnList((".".join((record.source.name, *path)), value))
        for path, value in gone.items()
        if kind_of(value) is not None and not record.outline.takes_over(path)
    )


def members_that_came(record: ModuleRecord) -> OwnDict[Path, Any]:
    """Return what a reload brought to classes that had been there, as it is now."""
    namespace = namespace_of(record.source.module)
    return OwnDict((path, found_at(namespace, ".".join(path))) for path in record.came)
