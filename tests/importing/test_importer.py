import hashlib
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file

import imgan
from imgan.bundles.bundle import check_network
from imgan.bundles.bundle import load_network
from imgan.bundles.card import read_card
from imgan.errors import CheckpointError
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.importing.importer import import_checkpoint
from imgan.importing.network import ImportOptions
from tests.importing.files import compact_file
from tests.importing.files import compact_tensors


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return compact_file(tmp_path / "compact.safetensors")


def keras_file(path: Path, activation: str = "tanh") -> Path:
    images = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(images)
    outputs = keras.layers.Conv2D(3, 3, padding="same", activation=activation)(x)
    keras.Model(images, outputs, name="painter").save(path)
    return path


def test_the_card_says_what_the_file_is(checkpoint: Path, tmp_path: Path) -> None:
    made = import_checkpoint(
        checkpoint,
        tmp_path / "mine",
        ImportOptions(licence="BSD-3-Clause", attribution="somebody"),
    )
    card = read_card(tmp_path / "mine")
    assert card == made.card
    assert (card.name, card.task, card.family, card.scale) == (
        "mine",
        "super_resolution",
        "compact",
        2,
    )
    assert (card.input_channels, card.output_channels, card.halo) == (3, 3, 3)
    assert (card.licence, card.attribution) == ("BSD-3-Clause", "somebody")
    assert card.network.config["num_filters"] == 4
    assert card.origin is not None
    assert card.origin.file == "compact.safetensors"
    assert card.origin.layout == "safetensors"
    assert card.origin.sha256 == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert card.origin.likeness is not None
    assert card.origin.likeness > 15
    assert card.self_check is not None


def test_the_bundle_is_one_like_any_other(checkpoint: Path, tmp_path: Path) -> None:
    import_checkpoint(checkpoint, tmp_path / "mine")
    network, card = load_network(tmp_path / "mine")
    assert check_network(network, card) == 0
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    enlarged = imgan.load(str(tmp_path / "mine"))(picture)
    assert enlarged.shape == (18, 14, 3)


def test_what_is_not_said_is_a_remark(checkpoint: Path, tmp_path: Path) -> None:
    made = import_checkpoint(checkpoint, tmp_path / "mine")
    assert made.card.licence == "unknown"
    assert [remark for remark in made.remarks if "licence" in remark]
    named = ImportOptions(licence="MIT", name="other", overwrite=True)
    again = import_checkpoint(checkpoint, tmp_path / "mine", named)
    assert again.remarks == ()
    assert again.card.name == "other"


def test_results_that_resemble_nothing_are_a_remark(tmp_path: Path) -> None:
    tensors = compact_tensors()
    tensors["body.4.weight"] = tensors["body.4.weight"] * 1e3
    save_file(tensors, tmp_path / "wild.safetensors")
    made = import_checkpoint(tmp_path / "wild.safetensors", tmp_path / "wild")
    assert any("hardly resemble" in remark for remark in made.remarks)


def test_what_is_there_is_not_replaced(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    import_checkpoint(checkpoint, folder)
    with pytest.raises(OutputError, match="is there.*--overwrite to replace it"):
        import_checkpoint(checkpoint, folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "diary.txt").write_text("dear")
    for options in (ImportOptions(), ImportOptions(overwrite=True)):
        for there in (other, other / "diary.txt"):
            with pytest.raises(OutputError, match="not a bundle, so it is not repl"):
                import_checkpoint(checkpoint, there, options)
    assert (other / "diary.txt").read_text() == "dear"


def test_where_no_folder_can_be_made(checkpoint: Path) -> None:
    inside = checkpoint / "deep" / "mine"
    with pytest.raises(OutputError, match="cannot be made: .*compact.safetensors is"):
        import_checkpoint(checkpoint, inside)


def test_a_mismatch_leaves_nothing_behind(tmp_path: Path) -> None:
    tensors = compact_tensors()
    tensors["body.9.weight"] = tensors.pop("body.2.bias")
    save_file(tensors, tmp_path / "cut.safetensors")
    with pytest.raises(CheckpointError, match="cut.safetensors: .*body"):
        import_checkpoint(tmp_path / "cut.safetensors", tmp_path / "cut")
    assert [path.name for path in tmp_path.iterdir()] == ["cut.safetensors"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ImportOptions(input_range=(0, 255)), "--input-range is for Keras models"),
        (ImportOptions(output_range=(0, 255)), "--output-range is for Keras models"),
        (ImportOptions(lambdas={"a": "clip:0:1"}), "--lambda is for Keras models"),
    ],
)
def test_options_for_files_of_another_kind(
    checkpoint: Path, tmp_path: Path, options: ImportOptions, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        import_checkpoint(checkpoint, tmp_path / "mine", options)
    if options.input_range:
        keras_options = ImportOptions(key="generator")
        with pytest.raises(UsageError, match="--key is for checkpoints of PyTorch"):
            import_checkpoint(
                keras_file(tmp_path / "k.keras"), tmp_path / "mine", keras_options
            )


def test_a_name_of_a_file_for_the_bundle(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a bundle is a folder"):
        import_checkpoint(checkpoint, tmp_path / "mine.keras")


def test_a_keras_model_becomes_a_translation(tmp_path: Path) -> None:
    made = import_checkpoint(keras_file(tmp_path / "k.keras"), tmp_path / "mine")
    card = made.card
    assert (card.task, card.family, card.halo) == ("translation", "imported", 2)
    assert (card.input_range, card.output_range) == ((-1, 1), (-1, 1))
    assert card.origin is not None
    assert len(card.origin.assumptions) == 2, "ranges are guessed"
    assert card.origin.likeness is None
    original = keras.saving.load_model(tmp_path / "k.keras", compile=False)
    network, _ = load_network(tmp_path / "mine")
    images = np.random.default_rng(0).uniform(-1, 1, (1, 9, 7, 3)).astype(np.float32)
    np.testing.assert_allclose(network(images), original(images), atol=1e-6)


def test_ranges_that_are_said_are_not_guessed(tmp_path: Path) -> None:
    options = ImportOptions(
        input_range=(0, 255), output_range=(0, 255), licence="CC0-1.0"
    )
    source = keras_file(tmp_path / "k.keras", "linear")
    made = import_checkpoint(source, tmp_path / "mine", options)
    assert made.card.input_range == made.card.output_range == (0, 255)
    assert made.remarks == ()


def test_dense_layers_that_work_on_pixels(tmp_path: Path) -> None:
    images = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(images)
    made = keras.layers.Dense(3, activation="sigmoid")(x)
    keras.Model(images, made).save(tmp_path / "k.keras")
    card = import_checkpoint(tmp_path / "k.keras", tmp_path / "mine").card
    assert (card.task, card.halo) == ("translation", 1)


def test_a_folder_without_a_name(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(UsageError, match="has no name"):
        import_checkpoint(checkpoint, Path("."))
