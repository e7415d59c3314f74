from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from imgan.bundles.bundle import load_network
from imgan.errors import UsageError
from imgan.importing.importer import import_checkpoint
from imgan.importing.network import ImportOptions
from imgan.types import Array
from tests.importing.files import compact_file


def unet_tensors() -> dict[str, Array]:
    """A U-Net of three levels as the authors of pix2pix name it, batch-normalised."""
    random = np.random.default_rng(1)

    def numbers(*shape: int) -> Array:
        return random.standard_normal(shape).astype(np.float32)

    def norm(name: str, width: int) -> dict[str, Array]:
        return {
            f"{name}.weight": 1 + numbers(width) / 4,
            f"{name}.bias": numbers(width),
            f"{name}.running_mean": numbers(width),
            f"{name}.running_var": numbers(width) ** 2,
            f"{name}.num_batches_tracked": np.array(7),
        }

    middle, bottom = "model.model.1.model", "model.model.1.model.3.model"
    return {
        "model.model.0.weight": numbers(2, 3, 4, 4) / 4,
        f"{middle}.1.weight": numbers(4, 2, 4, 4) / 4,
        **norm(f"{middle}.2", 4),
        f"{bottom}.1.weight": numbers(8, 4, 4, 4) / 4,
        f"{bottom}.3.weight": numbers(8, 4, 4, 4) / 4,
        **norm(f"{bottom}.4", 4),
        f"{middle}.5.weight": numbers(8, 2, 4, 4) / 4,
        **norm(f"{middle}.6", 2),
        "model.model.3.weight": numbers(4, 3, 4, 4) / 4,
        "model.model.3.bias": numbers(3),
    }


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("statistics") / "unet.safetensors"
    save_file(unet_tensors(), path)
    return path


def test_a_pictures_own_are_those_of_a_batch_of_one(
    checkpoint: Path, tmp_path: Path
) -> None:
    stored = import_checkpoint(checkpoint, tmp_path / "stored").folder
    own = import_checkpoint(
        checkpoint, tmp_path / "own", ImportOptions(own_statistics=True)
    )
    network, card = load_network(own.folder)
    assert card.inference_mode.normalization == "instance"
    assert card.halo is None
    batch = load_network(stored)[0].variant(dropout=0.0)
    images = np.random.default_rng(0).uniform(-1, 1, (1, 24, 16, 3)).astype(np.float32)
    made = np.asarray(network(images))
    np.testing.assert_allclose(made, batch(images, training=True), atol=2e-5)
    assert np.abs(made - np.asarray(batch(images))).max() > 0.1


def test_the_choice_is_told(checkpoint: Path, tmp_path: Path) -> None:
    stored = import_checkpoint(checkpoint, tmp_path / "stored")
    assert any("--statistics picture" in remark for remark in stored.remarks)
    assert stored.card.inference_mode.normalization == "stored"
    assert stored.card.halo == 21
    options = ImportOptions(own_statistics=True)
    own = import_checkpoint(checkpoint, tmp_path / "own", options)
    assert not any("--statistics picture" in remark for remark in own.remarks)


def test_there_must_be_batch_normalisation(tmp_path: Path) -> None:
    compact = compact_file(tmp_path / "compact.safetensors")
    options = ImportOptions(own_statistics=True)
    with pytest.raises(UsageError, match="--statistics picture is for pix2pix"):
        import_checkpoint(compact, tmp_path / "mine", options)
