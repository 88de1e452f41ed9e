"""Stage 3: run the new sources, and take the new namespaces aside.

One of the two stages that change the program. The other one is `livepatch._apply`, which has what
takes a load back, too.
"""
