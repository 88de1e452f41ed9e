"""Who holds what: reference counts first, then the young objects, and the whole heap last."""
