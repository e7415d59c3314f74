"""A look at pictures before training: what is wrong with them, file by file."""
