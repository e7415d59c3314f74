"""A batch on a cluster as the user's process sees it: same plan, events and report."""

import contextlib
import os
import time
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from imgan.bundles.register import shipped
from imgan.errors import ClusterError
from imgan.errors import shortened
from imgan.inference.batch import Batch
from imgan.inference.batch import load_predictor
from imgan.inference.batch import prepare_batch
from imgan.inference.cluster.books import Note
from imgan.inference.cluster.conductor import Conductor
from imgan.inference.cluster.connection import check_cluster
from imgan.inference.cluster.connection import connected
from imgan.inference.cluster.follower import Follower
from imgan.inference.cluster.pool import plan_pool
from imgan.inference.cluster.setup import Assignment
from imgan.inference.cluster.setup import Setup
from imgan.inference.cluster.setup import identity_of
from imgan.inference.eligibility import BICUBIC
from imgan.inference.predictor import Predictor
from imgan.inference.report import Report
from imgan.inference.stages import Finished
from imgan.inference.stages import OnEvent
from imgan.inference.work import BatchOptions
from imgan.inference.work import Item
from imgan.inference.work import Worker
from imgan.inference.work import timed
from imgan.io.paths import JobPlan
from imgan.io.temporaries import temporary_of
from imgan.io.temporaries import write_error

_LOOKING = 8
"""Headers that are read at once: a shared folder answers slowly."""
_PAUSE = 0.5  # seconds that the conductor waits for something to tell
_ROUNDS = 10
_VOICES = 32
"""Workers that the conductor listens to at once; none talks for long."""


def run_on_cluster(
    plan: JobPlan,
    options: BatchOptions,
    on_event: OnEvent = lambda event: None,
    *,
    command: str = "upscale",
    address: str = "auto",
    load: Callable[[BatchOptions], Predictor] = load_predictor,
    worker: type[Worker] = Worker,
) -> Report:
    """Process every picture of a plan on the machines of a Ray cluster.

    The same pictures, files and report as `run_batch` gives. Inputs, outputs and the
    model must lie where every machine sees them under the same path. What a worker had
    in hand when it died is made by another, and nothing is made twice.

    Args:
        plan: Inputs and outputs.
        options: What to do with every picture.
        on_event: Called in this thread.
        command: "upscale" or "translate": what the model must do.
        address: "auto": that of RAY_ADDRESS, or of a Ray that runs here, or else a new
            one of this machine; "local": a new one; or an address. A program that is
            connected to Ray already stays so.
        load: Returns the predictor, in each worker.
        worker: The steps of one picture, in each worker.

    Returns:
        One row per picture, in the order of the plan.

    Raises:
        MissingExtraError: If Ray is not installed.
        ClusterError: If there is no cluster, or it cannot do the work.
        ImganError: If the model cannot be used at all.
        KeyboardInterrupt: After the job was stopped and unfinished outputs removed.
    """
    check_cluster(address, options)
    batch = prepare_batch(plan, options, command)
    left = _look_at_headers(batch, on_event)
    if not left:
        return batch.report(None, 0.0)
    follower = Follower([item.row for item in batch.items], left, on_event)
    with _marked(plan) as marker:
        card, scale = batch.worker.card, batch.worker.scale
        setup = Setup(
            command,
            _absolute(options),
            card,
            scale,
            marker,
            load=load,
            worker=worker,
            identity=identity_of(options, card),
        )
        assignments = [Assignment.of(index, batch.items[index]) for index in left]
        try:
            with connected(address) as ray:
                _lead(ray, setup, assignments, follower)
        except BaseException:
            _clean_after_all(follower)
            raise
        follower.clean()
    return batch.report(follower.device, follower.network_seconds, follower.precision)


def _look_at_headers(batch: Batch, on_event: OnEvent) -> list[int]:
    """Close the rows of pictures that are finished or faulty; return the others."""

    def look(item: Item) -> bool | Exception:
        try:
            with timed(item.row):
                return batch.worker.is_finished(item)
        except Exception as error:
            return error

    left = []
    threads = ThreadPoolExecutor(_LOOKING, "header")
    try:
        for index, found in enumerate(threads.map(look, batch.items)):
            row = batch.items[index].row
            if found is False:
                left.append(index)
                continue
            if isinstance(found, Exception):
                row.fail(found)
            else:
                row.status = "skipped"
            on_event(Finished(row))
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return left


def _lead(
    ray: Any, setup: Setup, assignments: list[Assignment], follower: Follower
) -> None:
    """Start the conductor and follow it to the end of the job."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    resources = [node["Resources"] for node in nodes]
    pool = plan_pool(resources, setup.options, len(assignments))
    options = replace(
        setup.options, device="cpu" if pool.cpus else setup.options.device
    )
    setup = replace(setup, options=options, threads=pool.cpus)
    with _explaining(ray):
        conductor = _start_conductor(ray, nodes)
    try:
        with _explaining(ray):
            job = conductor.lead.remote(setup, assignments, pool)
        for notes in _notes(ray, conductor, job):
            for note in notes:
                follower.take(note)
            follower.wait()
    finally:
        # All that it started ends with it.
        with contextlib.suppress(Exception):
            ray.kill(conductor)
    follower.close()


def _start_conductor(ray: Any, nodes: list[dict[str, Any]]) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    # On the head of the cluster: without that one there is no cluster either.
    heads = [one for one in nodes if "node:__internal_head__" in one["Resources"]]
    where = (heads or nodes)[0]["NodeID"]
    options = {
        "num_cpus": 0,
        "max_concurrency": _VOICES,
        "scheduling_strategy": NodeAffinitySchedulingStrategy(where, soft=False),
    }
    return ray.remote(Conductor).options(**options).remote()


def _notes(ray: Any, conductor: Any, job: Any) -> Iterator[list[Note]]:
    """Yield what is noted, until the job has ended and there is no more."""
    while True:
        with _explaining(ray):
            ended = bool(ray.wait([job], timeout=0)[0])
            notes = ray.get(conductor.read_on.remote(0 if ended else _PAUSE))
            if ended and not notes:
                ray.get(job)
                return
        yield notes


@contextlib.contextmanager
def _explaining(ray: Any) -> Iterator[None]:
    """Say in one line what Ray says in a traceback of several processes."""
    try:
        yield
    except (ray.exceptions.RayError, ImportError, ConnectionError) as error:
        # The last line of a traceback that comes from another process names the error.
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = lines[-1] if lines else type(error).__name__
        hint = "Run the same command again: it goes on where it stopped"
        if "No module named" in said:
            hint = 'All machines need what this one has: pip install "imgan[ray]"'
        elif isinstance(error, ray.exceptions.RayActorError):
            said = "the process that led it has died, or its machine"
        said = shortened(said).rstrip(".")
        raise ClusterError(
            f"The job on the cluster has ended: {said}. {hint}"
        ) from error


def _clean_after_all(follower: Follower) -> None:
    """Remove what was being written, when workers may not know yet that all is over."""
    for _ in range(_ROUNDS):
        time.sleep(_PAUSE)
        if not follower.clean():
            return


@contextlib.contextmanager
def _marked(plan: JobPlan) -> Iterator[Path]:
    """Keep a hidden file in the folder of the results, by which workers know it."""
    folder = plan.jobs[0].output.parent if plan.root is None else plan.root
    folder = Path(os.path.abspath(folder))
    marker = temporary_of(folder / "cluster")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError as error:
        raise write_error(folder, error) from error
    try:
        yield marker
    finally:
        marker.unlink(missing_ok=True)


def _absolute(options: BatchOptions) -> BatchOptions:
    """Return options that mean the same on every machine."""
    model, targets = options.model, options.targets
    if model != BICUBIC and model not in shipped():
        model = os.path.abspath(model)
    return replace(
        options, model=model, targets=targets and Path(os.path.abspath(targets))
    )
