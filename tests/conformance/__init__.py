"""One small named case per definition kind, holder and edit, under both strategies."""
