"""Stage 5: what applying would do, as steps, and every reason not to. Nothing is changed.

Its result is a `Plan`.
"""
