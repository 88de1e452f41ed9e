"""Programs of real frameworks, edited while they run."""
