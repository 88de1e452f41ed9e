"""Stages 7 and 8: prove that nothing holds a loser any more, and say what became of all."""
