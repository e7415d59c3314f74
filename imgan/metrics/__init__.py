"""Scores of pictures against references, with their protocols."""
