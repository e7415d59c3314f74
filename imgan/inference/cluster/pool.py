"""How many workers a cluster has room for, and what each is given."""

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass

from imgan.errors import ClusterError
from imgan.inference.eligibility import BICUBIC
from imgan.inference.work import BatchOptions

# One TensorFlow does not keep more cores than these busy.
_MOST_CORES = 8
_MOST_IDLE = 0.25
"""Share of a cluster's cores that may be left over by workers of equal size."""


@dataclass(frozen=True)
class Pool:
    """The workers of a job, and what each is given."""

    count: int
    cpus: int
    """Cores of each that computes on them; 0: it computes on a GPU."""

    @property
    def resources(self) -> dict[str, float]:
        """What Ray reserves for each."""
        return {"num_cpus": self.cpus} if self.cpus else {"num_gpus": 1}


def plan_pool(
    nodes: Iterable[Mapping[str, float]], options: BatchOptions, pictures: int
) -> Pool:
    """Return a worker for each device, and not more than there are pictures.

    Args:
        nodes: What each machine has, as Ray counts it: "CPU", "GPU".
        options: Of the batch.
        pictures: To be made.

    Raises:
        ClusterError: If there is no device of the kind that is asked for.
    """
    nodes = list(nodes)
    gpus = sum(int(node.get("GPU", 0)) for node in nodes)
    wants_gpu = options.device != "cpu" and options.model != BICUBIC
    if gpus and wants_gpu:
        return Pool(min(gpus, pictures), 0)
    if options.device == "gpu" and wants_gpu:
        raise ClusterError(
            "--device gpu: the cluster has no GPUs. Use --device auto or cpu"
        )
    cores = [int(node.get("CPU", 0)) for node in nodes]
    if not any(cores):
        raise ClusterError(
            "The cluster has neither CPUs nor GPUs for work. Add machines to it"
        )
    each = _cores_of_each(cores)
    return Pool(min(sum(count // each for count in cores), pictures), each)


def _cores_of_each(cores: list[int]) -> int:
    """Return the most cores for a worker that do not leave many of all idle."""
    for each in range(min(_MOST_CORES, max(cores)), 1, -1):
        used = sum(count // each * each for count in cores)
        if used >= (1 - _MOST_IDLE) * sum(cores):
            return each
    return 1
