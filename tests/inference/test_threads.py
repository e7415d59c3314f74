"""How many threads may be busy, in processes of their own: pools are made once."""

import subprocess
import sys

import pytest

from imgan import machine
from imgan.machine import limit_cores
from imgan.machine import usable_cores

PROGRAM = """
import os, sys, time
from imgan.inference.threads import limit_threads
limit_threads({jobs})
import cv2, numpy as np, pyvips
from imgan.inference.predictor import Predictor
from imgan.io.vips import pyvips
predictor = Predictor.load("x2", precision="float32", device="cpu")
import tensorflow as tf
threading = tf.config.threading
print(threading.get_intra_op_parallelism_threads())
print(threading.get_inter_op_parallelism_threads())
print(pyvips.concurrency_get(), cv2.getNumThreads(), predictor.engine.streams)
picture = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
predictor(picture)
busy = time.process_time()
start = time.perf_counter()
while time.perf_counter() - start < 0.5:
    made = predictor(picture)
print((time.process_time() - busy) / (time.perf_counter() - start))
import hashlib
print(hashlib.sha256(made.tobytes()).hexdigest())
"""


def run(jobs):
    program = PROGRAM.format(jobs=jobs)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.fixture(scope="module")
def alone():
    return run(1)


@pytest.mark.slow
@pytest.mark.thorough
def test_every_pool_is_told(alone):
    assert alone[:5] == ["1", "1", "1", "1", "1"]


@pytest.mark.slow
def test_one_job_keeps_one_core_busy(alone):
    assert float(alone[5]) < 1.15


@pytest.mark.slow
@pytest.mark.thorough
def test_two_jobs_give_the_same_picture(alone):
    two = run(2)
    assert two[:5] == ["2", "2", "2", "2", str(min(2, usable_cores()))]
    assert two[6] == alone[6]


def test_a_limit_is_never_more_than_there_are(monkeypatch):
    monkeypatch.setattr(machine, "_limit", None)
    cores = usable_cores()
    limit_cores(1)
    assert usable_cores() == 1
    limit_cores(10_000)
    assert usable_cores() == cores
