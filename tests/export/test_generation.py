import json
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.errors import CheckpointError
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.export.generation import export_generation
from imgan.inference.sampler import load_sampler
from tests.inference import generators

KINDS = {
    "labelled": (generators.labelled, 2),
    "unlabelled": (generators.unlabelled, None),
    "perceptron": (generators.perceptron, None),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a bundle `labelled` and its export `served`."""
    folder = tmp_path_factory.mktemp("exported")
    export_generation(generators.labelled(folder / "labelled"), folder / "served")
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_draws_what_the_bundle_draws(kind: str, tmp_path: Path) -> None:
    make, label = KINDS[kind]
    bundle = make(tmp_path / "bundle")
    version = export_generation(bundle, tmp_path / "served")
    assert version == tmp_path / "served" / "1"
    expected = load_sampler(str(bundle)).draw(70, label=label, seed=3)
    for model in (version, version.parent):
        sampler = load_sampler(str(model))
        assert sampler.card == read_card(bundle)
        drawn = sampler.draw(70, label=label, seed=3)
        np.testing.assert_array_equal(drawn, expected)


def test_signature_for_other_programs(exported: Path) -> None:
    served = tf.saved_model.load(str(exported / "served" / "1"))
    assert list(served.signatures) == ["serving_default"]
    serve = served.signatures["serving_default"]
    inputs, outputs = serve.structured_input_signature[1], serve.structured_outputs
    described = {
        name: (spec.shape.as_list(), spec.dtype.name)
        for name, spec in {**inputs, **outputs}.items()
    }
    assert described == {
        "latent": ([None, 5], "float32"),
        "label": ([None], "int32"),
        "images": ([None, 8, 8, 3], "uint8"),
    }
    # One call may mix labels and have any number of pictures.
    latent = np.linspace(-1, 1, 15, dtype=np.float32).reshape(3, 5)
    images = serve(latent=tf.constant(latent), label=tf.constant([2, 0, 1]))["images"]
    assert images.shape == (3, 8, 8, 3)
    assert len(np.unique(np.asarray(images), axis=0)) == 3


def test_the_card_travels_along(exported: Path) -> None:
    stored = exported / "served" / "1" / "assets.extra" / "card.json"
    original = (exported / "labelled" / "card.json").read_text(encoding="utf-8")
    assert json.loads(stored.read_text(encoding="utf-8")) == json.loads(original)


def test_versions_count_up_and_the_last_is_taken(
    exported: Path, tmp_path: Path
) -> None:
    bundle, output = exported / "labelled", tmp_path / "served"
    (output / "9").mkdir(parents=True)
    (output / "notes").mkdir()
    assert export_generation(bundle, output) == output / "10"
    assert sorted(os.listdir(output)) == ["10", "9", "notes"]
    assert load_sampler(str(output)).labels == generators.LABELS


def test_a_failure_leaves_nothing(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("imgan.export.generation.write_card", fail)
    with pytest.raises(OutputError, match="served: No space left on device"):
        export_generation(exported / "labelled", tmp_path / "served")
    assert os.listdir(tmp_path / "served") == []


def test_a_place_that_is_a_file(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Cannot write .*file: "):
        export_generation(exported / "labelled", tmp_path / "file")


def test_only_generators_of_noise() -> None:
    from imgan.bundles.register import resolve

    with pytest.raises(UsageError, match="use imgan upscale"):
        export_generation(resolve("x4"), Path("nowhere"))


@pytest.mark.parametrize("damage", ["card", "labels", "graph", "weights"])
def test_damaged_exports(damage: str, exported: Path, tmp_path: Path) -> None:
    version = export_generation(exported / "labelled", tmp_path)
    extra = version / "assets.extra"
    if damage == "card":
        (extra / "card.json").unlink()
    elif damage == "labels":
        write_card(read_card(extra).model_copy(update={"labels": None}), extra)
    elif damage == "graph":
        (version / "saved_model.pb").write_bytes(b"not a graph")
    else:
        (version / "variables" / "variables.index").write_bytes(b"no weights")
    expected = {
        "card": r"card\.json cannot be read as a card",
        "labels": "must take latent, as its card says. Received: latent, label",
    }
    with pytest.raises(CheckpointError, match=expected.get(damage, "cannot be loaded")):
        load_sampler(str(version))
