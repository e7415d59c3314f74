"""Clips, animations and image sequences through a predictor, frame by frame."""
