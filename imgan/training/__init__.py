"""Recipes to runs: train, callbacks, exact resume, the run folder."""
