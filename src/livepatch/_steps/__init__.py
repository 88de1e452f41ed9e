"""A change to the running program as data: steps, each with what makes it and what takes it back.

The later stages note such steps; `livepatch._apply` performs them.
"""
