"""Generators and discriminators: no loss, no optimizer, no files."""
