"""The command line: parse, call one library function, map errors to exit codes."""
