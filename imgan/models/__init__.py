"""Subclassed `keras.Model`s with a custom train_step; they are handed their networks."""
