"""Stage 5: decide which object of a pair survives, and how instances go over. Nothing is changed.

Its result is `Decisions`.
"""
