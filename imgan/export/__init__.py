"""From bundles to what other programs serve."""
