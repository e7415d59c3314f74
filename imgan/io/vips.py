"""libvips, set up once for the process: no cache, and silent.

Import `pyvips` from here, so that the set-up comes first.
"""

import os
import sys

_first = "pyvips" not in sys.modules
# Read by libvips as it starts: warnings about odd files go nowhere.
os.environ.setdefault("VIPS_WARNING", "0")

import pyvips  # noqa: E402

__all__ = ["pyvips"]

# A cached loader would keep files open, and give a changed file's old pixels again.
pyvips.cache_set_max(0)

# pyvips forwards messages to `logging`, but a message that quotes a damaged file is not
# always UTF-8, and decoding it then fails with a traceback on the terminal.
if _first and hasattr(pyvips, "_remove_log_handler"):
    pyvips._remove_log_handler()
