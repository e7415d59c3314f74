"""From a bundle and pictures to pictures: tiles, the predictor, the batch engine."""
