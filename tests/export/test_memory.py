"""A large picture through an export takes the memory of its result, and little more."""

import subprocess
import sys
from pathlib import Path

import pytest

from imgan.export.saved_model import export_saved_model
from imgan.networks.repsr import RepSR
from tests.contracts import randomize
from tests.export import bundles

SIZE = (1500, 2000)
SCALE = 4

PROGRAM = """
import resource
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.export.sessions import load_session


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


rows, columns = np.indices(({height}, {width}))
picture = np.stack([rows % 256, columns % 256, (rows + columns) % 256], 2)
file = tf.io.encode_jpeg(picture.astype(np.uint8)).numpy()
del rows, columns, picture
call = load_session(Path(sys.argv[1]))
call("image_bytes", image_bytes=np.array([file[:100]], object))
before = peak()
answer = call("image_bytes", image_bytes=np.array([file], object))
assert answer["error"] == [b""]
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.thorough
def test_memory_is_bounded_by_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without tiles, the activations of this picture alone would take 300 MB."""
    monkeypatch.setattr(bundles, "TILE", 256)
    network = RepSR(num_filters=24, num_convs=1, scale=SCALE).fused()
    randomize(network)
    bundle = bundles.save(
        network, tmp_path / "small", "repsr", "super_resolution", SCALE
    )
    version = export_saved_model(bundle, tmp_path / "served").folder
    program = PROGRAM.format(height=SIZE[0], width=SIZE[1])
    done = subprocess.run(
        [sys.executable, "-c", program, str(version)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == 0, done.stderr
    result = SIZE[0] * SIZE[1] * SCALE**2 * 3 / 2**20
    # The result once, its PNG file, and one tile; it would be thrice without writing
    # tiles in place.
    assert int(done.stdout) < 2 * result + 200
