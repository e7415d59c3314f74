"""The networks that checkpoints are made from, in PyTorch, by the community's names.

Written from what is known of them: names and shapes of their tensors, the order of
their layers, and the papers. They are what conversions are measured against.
"""
