"""How many threads of the CPU may be busy: what `--jobs` says."""

import os

from imgan.machine import limit_cores
from imgan.runtime import limit_tensorflow


def limit_threads(count: int) -> None:
    """Let this process keep no more cores busy than `count`; call it before all else.

    TensorFlow, libvips and OpenCV have pools of their own, and each is told: the first
    two read the environment as they start. What reads and writes files beside them is
    few and mostly waits, see `stages`; libvips gets what encoding needs to keep up.

    Args:
        count: At least 1.
    """
    limit_cores(count)
    limit_tensorflow(count)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[name] = str(count)
    os.environ["VIPS_CONCURRENCY"] = str(count)
    import cv2

    from imgan.io.vips import pyvips

    cv2.setNumThreads(count)
    pyvips.concurrency_set(count)
