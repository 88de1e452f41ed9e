"""Stage 6: perform the plan, whole or not at all; or withdraw what the load did."""
