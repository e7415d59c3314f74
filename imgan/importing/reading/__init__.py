"""One file per format of checkpoints: from bytes to named tensors, running nothing."""
