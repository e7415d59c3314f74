"""Foreign checkpoints become bundles: reading, detection, conversion, comparison."""
