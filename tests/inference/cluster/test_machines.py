"""One of two machines is lost."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from imgan.inference.batch import run_batch
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs
from tests.inference.cluster.two_machines import OPTIONS
from tests.inference.cluster.workers import traces
from tests.inference.networks import picture

PICTURES = 16
ROOT = Path(__file__).parents[3]


@pytest.mark.thorough
def test_the_pictures_of_a_lost_machine_are_made_by_the_other(tmp_path: Path) -> None:
    for index in range(PICTURES):
        made = Picture(picture(20 + index, 30, 3))
        write_image(made, tmp_path / "in" / f"{index}.png")
    done = subprocess.run(
        [sys.executable, "-m", "tests.inference.cluster.two_machines", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["lost"]
    assert [row["status"] for row in report["files"]] == ["done"] * PICTURES
    # Three were in the hands of the lost machine.
    counts = Counter(name for name, _ in traces(tmp_path))
    assert sum(count - 1 for count in counts.values()) <= 3
    alone = plan_jobs([tmp_path / "in"], tmp_path / "alone", recursive=False)
    run_batch(alone, OPTIONS)
    names = {path.name for path in (tmp_path / "alone").iterdir()}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    for name in names:
        made = (tmp_path / "out" / name).read_bytes()
        assert made == (tmp_path / "alone" / name).read_bytes()
