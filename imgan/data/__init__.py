"""Files to tf.data batches: sources, patches, degradations, the pipeline."""
