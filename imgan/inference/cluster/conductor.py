"""What leads a job inside the cluster: it hands the pictures out through Ray Data.

It runs on the cluster, not in the user's process, for two reasons: Ray Data does not
work through Ray Client (`ray://`), and what it logs belongs to the cluster's logs.
"""

import json
from typing import Any

from imgan.inference.cluster.books import Books
from imgan.inference.cluster.books import DistantBooks
from imgan.inference.cluster.pool import Pool
from imgan.inference.cluster.setup import Assignment
from imgan.inference.cluster.setup import Setup
from imgan.inference.cluster.worker import AT_ONCE
from imgan.inference.cluster.worker import ClusterWorker

# A block is what Ray hands out at once, and costs it 10 ms. One picture each, so that
# a large one holds no other; a batch of very many has several in a block.
_MOST_BLOCKS = 5000


class RayWorker:
    """A worker as Ray Data makes and calls it.

    Args:
        setup: What to do with every picture.
        conductor: Ray's handle of the conductor.
    """

    def __init__(self, setup: Setup, conductor: Any) -> None:
        import ray

        name = ray.get_runtime_context().get_actor_id()
        self._worker = ClusterWorker(setup, DistantBooks(conductor), str(name))

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Make the picture of a row."""
        assignment = Assignment.read(row["assignment"])
        outcome = self._worker.make(assignment)
        return {"index": assignment.index, "outcome": json.dumps(outcome)}


class Conductor(Books):
    """Leads a job and keeps its books; an actor of Ray with several threads."""

    def lead(self, setup: Setup, assignments: list[Assignment], pool: Pool) -> None:
        """Have all pictures made; what comes of each is in the books as it comes.

        Ray starts dead workers again and gives them their pictures again, without end:
        what must not be tried for ever is counted in the books.
        """
        import ray
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        # A picture that Ray gave up is missing in the end, and said to have failed.
        context.max_errored_blocks = -1
        rows = [{"assignment": assignment.text()} for assignment in assignments]
        blocks = min(len(rows), _MOST_BLOCKS)
        made = ray.data.from_items(rows, override_num_blocks=blocks).map(
            RayWorker,
            fn_constructor_args=(setup, ray.get_runtime_context().current_actor),
            compute=ray.data.ActorPoolStrategy(
                size=pool.count,
                max_tasks_in_flight_per_actor=AT_ONCE,
                max_concurrent_calls_per_actor=AT_ONCE,
                enable_true_multi_threading=True,
            ),
            **pool.resources,
        )
        for row in made.iter_rows():
            self.end(row["index"], json.loads(row["outcome"]))
