"""Stage 5: find who holds the losers, and note how each holder is repointed. Nothing is changed."""
