"""Stage 5: for each pair, the steps that give its survivor what the new source says.

One function a kind, in a table. Each compares what the survivor has with what it should have, and
notes a step where they differ; so the same function serves an old survivor that takes the new
code and a new survivor that takes over the old state.
"""

from livepatch._reconcile.dispatchers import has_definition
from livepatch._reconcile.left_over import is_noted_by_typing
from livepatch._reconcile.result import Reconciliation
from livepatch._reconcile.table import reconcile

__all__ = ["Reconciliation", "has_definition", "is_noted_by_typing", "reconcile"]
