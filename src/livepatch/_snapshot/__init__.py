"""Stage 2: the old namespaces, and what is known of the sources they were made from.

Its result says what was there; nothing has changed.
"""
