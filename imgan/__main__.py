"""Run the command line as `python -m imgan`."""

import sys

from imgan.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
