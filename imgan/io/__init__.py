"""Pictures and their metadata, from files and to files: pyvips and numpy only."""
