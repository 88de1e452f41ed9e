"""Stage 2: what a statement needs of others, and what changed for it.

Asked by the choice in `livepatch._select`; nothing runs.
"""
