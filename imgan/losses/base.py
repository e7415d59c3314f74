"""What several losses have in common."""

from typing import Any


def listed(values: Any) -> list[Any]:
    """Return a list of tensors as it is, and a single tensor as a list."""
    return list(values) if isinstance(values, list | tuple) else [values]


def identity(value: Any) -> Any:
    """Return what is given: the mean over the replicas where there is one."""
    return value
