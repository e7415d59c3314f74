"""Clips: what is in them, their frames, and new ones. PyAV and numpy only."""
