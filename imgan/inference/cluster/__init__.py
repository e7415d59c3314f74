"""A batch on the machines of a Ray cluster: one plan, one report, nothing done twice.

`run` is in the user's process: it checks, hands over, follows and reports;
`connection` finds or starts Ray and counts its devices, `follower` makes events and
rows of what is heard. The `conductor` leads the job in a process of the cluster, where
it keeps the `books`; a `worker` for each device reads, computes and writes.
"""

from imgan.inference.cluster.run import run_on_cluster

__all__ = ["run_on_cluster"]
