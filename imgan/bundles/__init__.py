"""What a trained network travels in: its card, its bundle, the shipped models."""
