"""From what a file holds to the tensors of one network, by the names projects use.

A file holds a bare dict of tensors, or dicts in dicts: the network beside its moving
average, its discriminator and its optimizers.
"""

import re
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass

from imgan.errors import CheckpointError
from imgan.errors import did_you_mean
from imgan.importing.prefixes import cut_prefixes
from imgan.importing.prefixes import narrow
from imgan.importing.reading.known import Placeholder
from imgan.importing.reading.numpy_arrays import Values
from imgan.importing.reading.tensors import LazyTensor

WRAPPERS = (
    "model_state_dict",
    "state_dict",
    "params_ema",
    "params-ema",
    "params",
    "model",
    "net",
    "generator_ema",
    "netG_ema",
    "g_ema",
    "model_ema",
    "ema",
    "generator",
    "netG",
    "net_g",
    "generator_state_dict",
    "netG_state_dict",
    "G_state_dict",
    "g_state_dict",
    "G",
    "g",
    "weights",
)
"""Names that projects keep the network under; the first that is there is taken."""

_NOT_NETWORKS = re.compile(r"(?i)(.*optim.*|.*sched.*|opt|opt_?[gd])")
_DEEPEST = 6
_MOST_LISTED = 12


@dataclass(frozen=True)
class Unwrapped:
    """The tensors of one network, and where they were."""

    tensors: dict[str, LazyTensor]
    container: str
    """Dotted path of the dict that holds them, empty at the top."""
    prefix: str
    """What was cut off every name."""


def unwrap(saved: object, key: str | None = None) -> Unwrapped:
    """Return the network in what a file holds.

    Args:
        saved: Containers of `LazyTensor`, as a reader returns them.
        key: Dotted path of the network, where there are several: of a dict, or the
            beginning of the names that belong to it.

    Raises:
        CheckpointError: If there is no network, none at `key`, or several without it.
    """
    if isinstance(saved, Placeholder):
        raise _whole_object(saved, "")
    node, begins = saved, ""
    steps: list[str] = []
    if key is not None:
        node, steps, begins = _follow(saved, key)
    node, steps = _descend(node, steps)
    tensors = _tensors_of(node)
    _refuse_unread(node, begins)
    tensors, prefix = narrow(tensors, begins)
    tensors, cut = cut_prefixes(tensors)
    return Unwrapped(tensors, ".".join(steps), prefix + cut)


def networks_in(saved: object) -> dict[str, int]:
    """Return every dict with tensors in what a file holds, as path and their number."""
    return {
        ".".join(path): len(_tensors_of(node)) for path, node in _walk(saved, (), set())
    }


def _descend(node: object, steps: list[str]) -> tuple[object, list[str]]:
    """Go into wrappers until a dict of tensors is reached."""
    steps = list(steps)
    for _ in range(_DEEPEST):
        children = _children(node)
        known: dict[int, bool] = {}
        inside = [name for name in children if _holds(children[name], known)]
        wrapper = next((name for name in WRAPPERS if name in inside), None)
        if wrapper is None:
            if _tensors_of(node):
                return node, steps
            likely = [name for name in inside if not _NOT_NETWORKS.fullmatch(name)]
            if len(likely) != 1:
                raise _ambiguous(node, steps)
            wrapper = likely[0]
        node = children[wrapper]
        steps.append(wrapper)
    raise _ambiguous(node, steps)


def _follow(saved: object, key: str) -> tuple[object, list[str], str]:
    """Return what lies at a dotted path, its steps, and what names must begin with."""
    node, steps, rest = saved, list[str](), key
    while rest:
        children = _children(node)
        # Names may hold dots themselves: the longest that fits is taken.
        fits = [n for n in children if rest == n or rest.startswith(f"{n}.")]
        if not fits:
            break
        name = max(fits, key=len)
        node, rest = children[name], rest[len(name) + 1 :]
        steps.append(name)
    if isinstance(node, Placeholder):
        raise _whole_object(node, key)
    if not rest:
        if not _holds(node, {}):
            raise _unknown_key(saved, key)
        return node, steps, ""
    try:
        inner, inner_steps = _descend(node, steps)
    except CheckpointError:
        raise _unknown_key(saved, key) from None
    if any(name.startswith(f"{rest}.") for name in _tensors_of(inner)):
        return inner, inner_steps, f"{rest}."
    raise _unknown_key(saved, key)


def _children(node: object) -> dict[str, object]:
    if isinstance(node, dict):
        return {name: child for name, child in node.items() if isinstance(name, str)}
    if isinstance(node, list | tuple) and len(node) <= _MOST_LISTED:
        return {str(index): child for index, child in enumerate(node)}
    return {}


def _tensors_of(node: object) -> dict[str, LazyTensor]:
    """Return the tensors directly in a dict."""
    if not isinstance(node, dict):
        return {}
    found = {}
    for name, value in _children(node).items():
        tensor = value.tensor if isinstance(value, Values) else value
        if isinstance(tensor, LazyTensor):
            found[name] = tensor
    return found


def _holds(node: object, known: dict[int, bool], depth: int = 0) -> bool:
    """Return whether there is a dict with tensors at a node or below.

    Args:
        node: A container, or anything else.
        known: What is known of containers by their identity; each is looked at once.
        depth: Of the node.
    """
    if id(node) not in known:
        known[id(node)] = False
        known[id(node)] = bool(_tensors_of(node)) or (
            depth < _DEEPEST
            and any(_holds(c, known, depth + 1) for c in _children(node).values())
        )
    return known[id(node)]


def _walk(
    node: object, path: tuple[str, ...], seen: set[int]
) -> Iterator[tuple[tuple[str, ...], object]]:
    # A damaged file may hold a dict in itself, or one in many places.
    if id(node) in seen or len(path) > _DEEPEST:
        return
    seen.add(id(node))
    if _tensors_of(node):
        yield path, node
    for name, child in _children(node).items():
        if not _NOT_NETWORKS.fullmatch(name):
            yield from _walk(child, (*path, name), seen)


def _placeholders(
    node: object, path: tuple[str, ...], seen: set[int]
) -> Iterator[tuple[str, Placeholder]]:
    if id(node) in seen or len(path) > _DEEPEST:
        return
    seen.add(id(node))
    for name, child in _children(node).items():
        if isinstance(child, Placeholder):
            yield ".".join((*path, name)), child
        else:
            yield from _placeholders(child, (*path, name), seen)


def _refuse_unread(node: object, begins: str) -> None:
    """Refuse tensors of a form that is not read, rather than lose them."""
    for name, child in _children(node).items():
        if (
            isinstance(child, Placeholder)
            and "._rebuild_" in child.path
            and name.startswith(begins)
        ):
            raise CheckpointError(
                f"The tensor {name} is made by {child.path}; only plain tensors are "
                "read, no quantized, sparse or empty ones"
            )


def _ambiguous(node: object, steps: list[str]) -> CheckpointError:
    where = f" under {'.'.join(steps)}" if steps else ""
    found = networks_in(node)
    if not found:
        for path, placeholder in _placeholders(node, tuple(steps), set()):
            return _whole_object(placeholder, path)
        if isinstance(node, LazyTensor):
            return CheckpointError("The file holds one tensor; expected those of a net")
        return CheckpointError(f"The file holds no tensors{where}")
    paths = {
        ".".join((*steps, path)) if steps else path: n for path, n in found.items()
    }
    return CheckpointError(
        f"The file holds several networks{where}: {_listed(paths)}. Choose one with "
        "--key NAME"
    )


def _unknown_key(saved: object, key: str) -> CheckpointError:
    found = networks_in(saved)
    if not any(found):
        return CheckpointError(
            f"The file holds one network without a name; drop --key {key}"
        )
    guess = did_you_mean(key, found)
    return CheckpointError(
        f"The file holds no network {key!r}.{guess} It holds {_listed(found)}"
    )


def _listed(networks: dict[str, int]) -> str:
    names = [
        f"{name or 'one at the top'} ({n} tensors)" for name, n in networks.items()
    ]
    return _shortened(names)


def _shortened(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - _MOST_LISTED
    return ", ".join(names[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _whole_object(found: Placeholder, path: str) -> CheckpointError:
    where = f" under {path}" if path else ""
    return CheckpointError(
        f"The file holds a whole Python object of class {found.path}{where}; only "
        "tensors are read. Where the project that made it is installed: "
        "torch.save(model.state_dict(), FILE)"
    )
