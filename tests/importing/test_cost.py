"""What importing the largest common network costs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from imgan.types import Array

PROGRAM = """
import json, resource, sys, time
from pathlib import Path
from imgan.runtime import import_tensorflow
import_tensorflow()
import keras, numpy as np
# TensorFlow takes its threads and its libraries when something is first computed.
keras.layers.Conv2D(8, 3)(np.zeros((1, 8, 8, 3), np.float32))
from imgan.importing.importer import import_checkpoint

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before, begin = peak(), time.process_time()
made = import_checkpoint(Path(sys.argv[1]), Path(sys.argv[2]))
print(json.dumps({
    "megabytes": peak() - before,
    "seconds": time.process_time() - begin,
    "parameters": made.card.network.parameters,
}))
"""


def rrdb_tensors() -> dict[str, Array]:
    """RRDBNet of 64 filters and 23 blocks, as Real-ESRGAN names it."""
    widths = {"conv_first": (3, 64), "conv_last": (64, 3)}
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
        widths[name] = (64, 64)
    for block in range(23):
        for dense in (1, 2, 3):
            for index in (1, 2, 3, 4, 5):
                name = f"body.{block}.rdb{dense}.conv{index}"
                made = 64 if index == 5 else 32
                widths[name] = (64 + 32 * (index - 1), made)
    random = np.random.default_rng(0)
    tensors: dict[str, Array] = {}
    for name, (taken, made) in widths.items():
        kernel = random.standard_normal((made, taken, 3, 3), np.float32)
        tensors[f"{name}.weight"] = kernel * np.float32(0.1 / np.sqrt(9 * taken))
        tensors[f"{name}.bias"] = np.zeros(made, np.float32)
    return tensors


@pytest.mark.slow
@pytest.mark.thorough
def test_sixteen_million_parameters(tmp_path: Path) -> None:
    save_file(rrdb_tensors(), tmp_path / "x4plus.safetensors")
    answer = subprocess.run(
        [
            sys.executable,
            "-c",
            PROGRAM,
            str(tmp_path / "x4plus.safetensors"),
            str(tmp_path / "x4plus"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    cost = json.loads(answer.stdout.splitlines()[-1])
    assert cost["parameters"] == 16_697_987
    assert cost["megabytes"] < 500
    # Ten seconds on a machine that does nothing else; of processors that are shared
    # only the order is certain.
    assert cost["seconds"] < 60
