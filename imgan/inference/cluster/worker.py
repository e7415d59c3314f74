"""What a worker of a cluster does: read, compute and write, a picture for each call.

Ray Data makes one for each device and calls it from a few threads, so that a picture is
read and another written while a third is computed. A picture that fails is an outcome
like others; exceptions are left to what no worker can repair.
"""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from imgan import __version__
from imgan.errors import CheckpointError
from imgan.errors import ClusterError
from imgan.errors import OutputError
from imgan.inference.batch import check_request
from imgan.inference.cluster.books import Attempt
from imgan.inference.cluster.books import Earlier
from imgan.inference.cluster.books import Ledger
from imgan.inference.cluster.books import state_of
from imgan.inference.cluster.lanes import Lanes
from imgan.inference.cluster.lanes import holding
from imgan.inference.cluster.setup import Assignment
from imgan.inference.cluster.setup import Setup
from imgan.inference.cluster.setup import identity_of
from imgan.inference.pipes import ByteBudget
from imgan.inference.pipes import Stop
from imgan.inference.predictor import Predictor
from imgan.inference.report import FileRow
from imgan.inference.stages import INPUT_BYTES
from imgan.inference.stages import OUTPUT_BYTES
from imgan.inference.work import Item
from imgan.inference.work import timed
from imgan.io.temporaries import machine_name
from imgan.machine import usable_cores

AT_ONCE = 3
"""Pictures in a worker: one is read and one written while one is computed."""
_MOST_TRIES = 3
"""Workers that a picture, or the model, may take with it."""
_PATIENCE = 5.0  # seconds until a folder of the network shows a new file
_OFTEN_ENOUGH = 1.0  # seconds between two words on how far a picture is


class ClusterWorker:
    """Makes pictures on one device; thread-safe.

    Args:
        setup: What to do with every picture.
        ledger: The books of the job.
        name: Stays the same when the process dies and is started again.
    """

    def __init__(self, setup: Setup, ledger: Ledger, name: str) -> None:
        self.name = name
        self._setup = setup
        self._ledger = ledger
        self._worker = setup.worker(setup.options, setup.card, setup.scale)
        self._machine = machine_name()
        self._lanes = Lanes()
        stop = Stop()
        self._inputs = ByteBudget(INPUT_BYTES, stop)
        self._outputs = ByteBudget(OUTPUT_BYTES, stop)
        self._never = threading.Event()
        self._lock = threading.Lock()
        self._predictor: Predictor | None = None
        self._refusal: Exception | None = None

    def make(self, assignment: Assignment) -> dict[str, Any]:
        """Make a picture and return what came of it, as JSON values.

        Returns:
            `row` as in a report, and on what it was made. Or `fatal`: why no picture
            can be made here, as a class of `imgan.errors` and a message.
        """
        try:
            predictor = self._ready()
        except Exception as error:
            message = " ".join(f"{self._machine}: {error}".split())
            return {"fatal": [type(error).__name__, message]}
        with self._lanes.enter(alone=False):
            earlier = self._begin(assignment, alone=False)
            if not earlier.tries:
                return self._try(assignment, earlier, predictor)
        # Its worker died. If it was this picture's fault, others shall not suffer.
        with self._lanes.enter(alone=True):
            earlier = self._begin(assignment, alone=True)
            return self._try(assignment, earlier, predictor)

    def _begin(self, assignment: Assignment, *, alone: bool) -> Earlier:
        state = state_of(Path(assignment.output))
        attempt = Attempt(self._machine, os.getpid(), state, alone)
        return self._ledger.begin(assignment.index, attempt)

    def _try(
        self, assignment: Assignment, earlier: Earlier, predictor: Predictor
    ) -> dict[str, Any]:
        item = assignment.item()
        row = item.row
        outcome: dict[str, Any] = {
            "worker": self.name,
            "device": predictor.engine.device.partition(":")[0],
            "precision": predictor.precision_for("uint8"),
        }
        if earlier.row is not None and earlier.was_written(
            self._machine, state_of(Path(assignment.output))
        ):
            return {**outcome, "row": {**earlier.row, "status": "done"}}
        try:
            self._check(row, earlier)
            outcome["computing"] = self._make(item, assignment, predictor)
            row.status = "done"
        except Exception as error:
            row.fail(error)
            outcome["blind"] = isinstance(error, _BlindError)
        size = row.input_size
        if predictor.engine.translates and size and predictor.tiles_matter(size):
            outcome["tiles"] = predictor.describe_tiles()
        return {**outcome, "row": row.to_json()}

    def _check(self, row: FileRow, earlier: Earlier) -> None:
        if earlier.tries >= _MOST_TRIES:
            raise ClusterError(
                f"{row.input}: {earlier.tries} workers died while they made it; it may "
                "need more memory than a machine of the cluster has"
            )
        if not os.path.lexists(row.input):
            raise _BlindError(
                f"{row.input} is there for the command that was given, and not on "
                f"{self._machine}: all machines must see the pictures under one path"
            )

    def _make(
        self, item: Item, assignment: Assignment, predictor: Predictor
    ) -> tuple[float, float]:
        """Do all steps; return when its computation began and ended."""
        row, worker = item.row, self._worker
        with holding(self._inputs, assignment.bytes):
            with timed(row):
                worker.read(item)
            with holding(self._outputs, item.output_bytes):
                began = time.time()
                if item.streamed and item.picture is not None:
                    # Its file appears as soon as it is computed.
                    depth = item.picture.pixels.dtype.name
                    row.precision = predictor.precision_for(depth)
                    self._ledger.computed(assignment.index, row.to_json())
                with timed(row):
                    progress = _Progress(self._ledger, assignment.index)
                    worker.compute(item, predictor, progress, self._never)
                ended = time.time()
                self._ledger.computed(assignment.index, row.to_json())
                with timed(row):
                    worker.write(item, self._never)
        return began, ended

    def _ready(self) -> Predictor:
        """Return the predictor, loaded by the first call; later ones fail alike."""
        with self._lock:
            if self._refusal is not None:
                raise self._refusal
            if self._predictor is None:
                try:
                    self._predictor = self._load()
                except Exception as error:
                    self._refusal = error
                    raise
            return self._predictor

    def _load(self) -> Predictor:
        setup = self._setup
        if setup.version != __version__:
            raise ClusterError(
                f"imgan {__version__} is installed here, and {setup.version} on the "
                "machine of the command. Install one version everywhere"
            )
        _wait_for(setup.marker)
        if self._ledger.load(self.name) >= _MOST_TRIES:
            raise ClusterError(
                f"the worker died {_MOST_TRIES} times while it loaded the model"
            )
        _use_threads(setup.threads)
        card = check_request(setup.options, setup.command)
        if identity_of(setup.options, card) != setup.identity:
            raise CheckpointError(
                f"the model {setup.options.model} has other weights here than on the "
                "machine of the command. Give a folder that all machines share"
            )
        predictor = setup.load(setup.options)
        self._ledger.loaded(self.name)
        return predictor


class _BlindError(ClusterError):
    """The machine does not see a picture that is there."""


class _Progress:
    """Passes on how far a picture is, not more often than somebody would look."""

    def __init__(self, ledger: Ledger, index: int) -> None:
        self._ledger = ledger
        self._index = index
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= _OFTEN_ENOUGH:
            self._last = now
            self._ledger.advance(self._index, done / total)


def _wait_for(marker: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not marker.exists():
        if time.monotonic() > deadline:
            raise OutputError(
                f"{marker.parent} is not the folder that the machine of the command "
                "has under this path. Write to one that all machines share"
            )
        time.sleep(0.1)


def _use_threads(count: int) -> None:
    if not count:
        return
    count = min(count, usable_cores())
    # Read by TensorFlow when it computes for the first time.
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(count)
    with suppress(ImportError):
        import cv2

        cv2.setNumThreads(count)
