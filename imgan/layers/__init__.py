"""Keras layers used by more than one network."""
