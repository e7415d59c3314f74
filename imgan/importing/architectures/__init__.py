"""The architectures that are recognised by the names and shapes of their tensors."""
