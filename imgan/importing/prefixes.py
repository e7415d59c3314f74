"""What is cut off the names of tensors: the objects that a network was wrapped in."""

import re

from imgan.importing.reading.tensors import LazyTensor

PREFIXES = (
    "module.",
    "netG.",
    "_orig_mod.",
    "generator_ema.",
    "generator.",
    "net_g.",
    "model.",
)
"""What is cut off the names if every one begins with it, as often as it does."""

_GENERATORS = ("generator_ema", "netG_ema", "generator", "netG", "net_g")
_COMPANION = re.compile(
    r"(discriminator|netd|net_d|disc|.*loss|vgg|lpips|step_counter|data_preprocessor)"
    r"\d*(_\w+)?",
    re.IGNORECASE,
)


def narrow(
    tensors: dict[str, LazyTensor], begins: str
) -> tuple[dict[str, LazyTensor], str]:
    """Return the tensors of the generator among those of a whole training.

    Args:
        tensors: By name.
        begins: What its names begin with, or empty: found where all others belong to
            what accompanies a generator.

    Returns:
        The tensors by the rest of their names, and what those begin with.
    """
    if not begins:
        groups = {name.partition(".")[0] for name in tensors}
        found = [
            group
            for group in _GENERATORS
            if any(name.startswith(f"{group}.") for name in tensors)
        ]
        others = groups - set(found)
        if found and len(groups) > 1 and all(map(_COMPANION.fullmatch, others)):
            begins = f"{found[0]}."
    return {
        name[len(begins) :]: tensor
        for name, tensor in tensors.items()
        if name.startswith(begins)
    }, begins


def cut_prefixes(
    tensors: dict[str, LazyTensor],
) -> tuple[dict[str, LazyTensor], str]:
    """Return tensors without the prefixes that every name has, and those prefixes."""
    names, cut = list(tensors), ""
    while True:
        prefix = next((p for p in PREFIXES if _can_cut(p, names)), None)
        if prefix is None:
            named = zip(names, tensors.values(), strict=True)
            return dict(named), cut
        names = [name.removeprefix(prefix) for name in names]
        cut += prefix


def _can_cut(prefix: str, names: list[str]) -> bool:
    if not names or not all(
        name.startswith(prefix) and name != prefix for name in names
    ):
        return False
    if prefix != "model.":
        return True
    # The first ESRGAN, pix2pix and CycleGAN call their own sequence so.
    rests = [name.removeprefix(prefix) for name in names]
    if any(rest[0].isdigit() for rest in rests):
        return False
    unet = any(re.match(r"model\.\d+\.model\.", rest) for rest in rests)
    return not unet
