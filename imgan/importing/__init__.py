"""Foreign checkpoints become bundles."""
