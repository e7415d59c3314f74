"""Subclassed `keras.Model`s with a custom train_step, handed their networks."""
