"""Keep what is needed to take a reload back, and take it back."""
