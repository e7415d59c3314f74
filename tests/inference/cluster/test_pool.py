import pytest

from imgan.errors import ClusterError
from imgan.inference.cluster.pool import Pool
from imgan.inference.cluster.pool import plan_pool
from imgan.inference.work import BatchOptions


def planned(cores: list[float], device: str = "auto", pictures: int = 1000) -> Pool:
    nodes = [{"CPU": count} for count in cores]
    return plan_pool(nodes, BatchOptions(device=device), pictures)


@pytest.mark.parametrize(
    ("cores", "workers", "each"),
    [
        ([1], 1, 1),
        ([2], 1, 2),
        ([2, 2], 2, 2),
        ([4, 2], 3, 2),
        ([64], 8, 8),
        ([16, 16, 0], 4, 8),
        # The head has a core, the machines behind it many: that one is left over.
        ([1, 64, 64], 16, 8),
        ([6, 8], 2, 6),
        ([3, 5], 2, 3),
        ([12], 2, 6),
    ],
)
def test_workers_leave_few_cores_idle(
    cores: list[float], workers: int, each: int
) -> None:
    pool = planned(cores)
    assert (pool.count, pool.cpus) == (workers, each)
    assert pool.resources == {"num_cpus": each}
    assert workers * each >= 0.75 * sum(cores)


def test_not_more_workers_than_pictures() -> None:
    assert planned([64], pictures=3) == Pool(3, 8)


def test_a_worker_for_each_gpu() -> None:
    nodes = [{"CPU": 16.0, "GPU": 4.0}, {"CPU": 16.0}, {"GPU": 1.0}]
    for device in ("auto", "gpu"):
        pool = plan_pool(nodes, BatchOptions(device=device), 100)
        assert pool == Pool(5, 0)
        assert pool.resources == {"num_gpus": 1}
    assert plan_pool(nodes, BatchOptions(device="cpu"), 100).cpus == 8
    assert plan_pool(nodes, BatchOptions(model="bicubic"), 100).cpus == 8


def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(ClusterError, match="the cluster has no GPUs"):
        planned([8], "gpu")
    with pytest.raises(ClusterError, match="neither CPUs nor GPUs"):
        planned([0])
