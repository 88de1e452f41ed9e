"""Stage 4: pair the old and the new definitions. Nothing is changed.

Its result is `Matches`: what is one definition before and after, what was added, what has gone.
"""
