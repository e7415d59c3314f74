"""The benchmark runs; what it measures depends on the machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TINY = "--image-size 8 --filters 4 --batch 2 --rounds 2 --steps 2"


@pytest.mark.slow
@pytest.mark.parametrize("family", ["dcgan", "cgan"])
@pytest.mark.thorough
def test_prints_rounds_and_ratios(family: str) -> None:
    result = subprocess.run(
        [
            *(sys.executable, "tools/bench_train_step.py", "--family", family),
            *TINY.split(),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    heading, *rounds, fit, step = result.stdout.splitlines()
    assert heading.split()[-3:] == ["fit", "minimal", "train_step"]
    assert len(rounds) == 2
    for index, line in enumerate(rounds, start=1):
        *name, fitted, minimal, bare = line.split()
        assert name == ["round", str(index)]
        assert min(float(fitted), float(minimal), float(bare)) > 0
    ratio = r"/ minimal: \d+\.\d{3} \(processor time \d+\.\d{3}\)"
    assert re.fullmatch(f"fit {ratio}", fit)
    assert re.fullmatch(f"train_step {ratio}", step)
