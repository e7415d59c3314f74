"""Losses as `keras.losses.Loss` objects."""
