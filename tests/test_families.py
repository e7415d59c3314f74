import subprocess
import sys

import keras
import pytest

from imgan import families
from imgan.config import Recipe
from imgan.errors import ConfigError
from imgan.networks.base import Network
from imgan.training.experiment import Experiment


@pytest.mark.parametrize("name", families.FAMILIES)
def test_every_entry_resolves(name: str) -> None:
    family = families.get(name)
    bases = {
        family.generator: Network,
        family.discriminator or family.generator: Network,
        family.model: keras.Model,
        family.recipe: Recipe,
        family.experiment: Experiment,
    }
    for path, base in bases.items():
        kind = families.resolve(path)
        assert issubclass(kind, base)
        module, _, title = path.partition(":")
        assert (kind.__module__, kind.__name__) == (module, title)
    assert family.paper.split()[-1].startswith(("arxiv.org/abs/", "doi.org/"))


def test_unknown_family_is_met_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as error:
        families.get("compakt")
    assert str(error.value) == (
        "Unknown family 'compakt'. Did you mean 'compact'? "
        f"Known: {', '.join(families.FAMILIES)}"
    )


@pytest.mark.parametrize("path", ["imgan.nowhere:X", "imgan.families:Nothing"])
def test_paths_that_lead_nowhere(path: str) -> None:
    with pytest.raises((ImportError, AttributeError)):
        families.resolve(path)


def test_the_table_is_read_without_a_framework() -> None:
    code = (
        "import sys, imgan.families, imgan.config;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
