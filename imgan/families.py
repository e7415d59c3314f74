"""The one table of families: which network, which model, which data.

Import paths are strings and are resolved when used, so that reading the table imports
neither Keras nor TensorFlow.
"""

import importlib
from dataclasses import dataclass
from typing import Any
from typing import Literal

from imgan.errors import ConfigError
from imgan.errors import did_you_mean

Task = Literal["super_resolution", "translation", "generation"]


@dataclass(frozen=True)
class Family:
    """One combination of networks, model and data.

    Attributes:
        task: What the generator does.
        paper: Where the generator is described.
        generator: `package.module:Class` of the generator network.
        model: `package.module:Class` of the `keras.Model` with the train step.
        data: Kind of dataset batch the model takes.
    """

    task: Task
    paper: str
    generator: str
    model: str
    data: Literal["super_resolution"]


_REGRESSION = "imgan.models.regression:Regression"

FAMILIES: dict[str, Family] = {
    "repsr": Family(
        task="super_resolution",
        paper="ECBSR, doi.org/10.1145/3474085.3475291",
        generator="imgan.networks.repsr:RepSR",
        model=_REGRESSION,
        data="super_resolution",
    ),
    "span": Family(
        task="super_resolution",
        paper="SPAN, arxiv.org/abs/2311.12770",
        generator="imgan.networks.span:SPAN",
        model=_REGRESSION,
        data="super_resolution",
    ),
    "compact": Family(
        task="super_resolution",
        paper="Real-ESRGAN, arxiv.org/abs/2107.10833",
        generator="imgan.networks.compact:Compact",
        model=_REGRESSION,
        data="super_resolution",
    ),
    "srresnet": Family(
        task="super_resolution",
        paper="SRGAN, arxiv.org/abs/1609.04802",
        generator="imgan.networks.srresnet:SRResNet",
        model=_REGRESSION,
        data="super_resolution",
    ),
    "msrresnet": Family(
        task="super_resolution",
        paper="EDSR, arxiv.org/abs/1707.02921",
        generator="imgan.networks.srresnet:MSRResNet",
        model=_REGRESSION,
        data="super_resolution",
    ),
}


def get(name: str) -> Family:
    """Return a family by name.

    Raises:
        ConfigError: If there is none of that name.
    """
    if name not in FAMILIES:
        raise ConfigError(
            f"Unknown family {name!r}.{did_you_mean(name, FAMILIES)} "
            f"Known: {', '.join(FAMILIES)}"
        )
    return FAMILIES[name]


def resolve(path: str) -> Any:
    """Import `package.module:Class` and return the class."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
