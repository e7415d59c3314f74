"""Makes pictures on a cluster of two machines, as far as Ray can tell; loses one.

    python -m tests.inference.cluster.two_machines FOLDER

FOLDER holds the pictures in `in`. A process of its own: a process has one Ray.
"""

import json
import os
import sys
from pathlib import Path

from imgan.inference.cluster import run_on_cluster
from imgan.inference.stages import Event
from imgan.inference.stages import Finished
from imgan.inference.work import BatchOptions
from imgan.io.paths import plan_jobs
from tests.inference.cluster.workers import Traced
from tests.inference.cluster.workers import traces

OPTIONS = BatchOptions(model="bicubic", scale=2)


def main(folder: Path) -> None:
    """Lose a machine once both have work; print the report."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_AUTH_MODE"] = "disabled"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    machines = [cluster.add_node(num_cpus=1) for _ in range(2)]

    def on_event(event: Event) -> None:
        busy = len({pid for _, pid in traces(folder)})
        if isinstance(event, Finished) and busy == 2 and machines:
            cluster.remove_node(machines.pop(), allow_graceful=False)
            machines.clear()

    plan = plan_jobs([folder / "in"], folder / "out", recursive=False)
    report = run_on_cluster(
        plan, OPTIONS, on_event, address=cluster.address, worker=Traced
    )
    sys.stdout.write(json.dumps({**report.to_json(), "lost": not machines}))
    cluster.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
