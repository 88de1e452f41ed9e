"""Stage 2: choose the statements that run, when not all of a module does.

Its result is a `Selection` for each module; nothing runs, and nothing has changed.
"""
