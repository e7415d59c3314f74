import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from imgan.bundles.bundle import save_bundle
from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.bundles.drawing import drawing_function
from imgan.bundles.picture_graph import freeze
from imgan.bundles.register import resolve
from imgan.errors import CheckpointError
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.export import saved_model
from imgan.export.saved_model import export_saved_model
from imgan.inference.sampler import load_sampler
from imgan.io.temporaries import machine_name
from tests.export import bundles
from tests.export.sessions import load_session
from tests.inference import generators

DRAWING = {
    "labelled": (generators.labelled, 2),
    "unlabelled": (generators.unlabelled, None),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a bundle `labelled` and its export `served`."""
    folder = tmp_path_factory.mktemp("exported")
    export_saved_model(generators.labelled(folder / "labelled"), folder / "served")
    return folder


@pytest.mark.parametrize("kind", DRAWING)
def test_an_export_draws_what_the_bundle_draws(kind: str, tmp_path: Path) -> None:
    make, label = DRAWING[kind]
    bundle = make(tmp_path / "bundle")
    version = export_saved_model(bundle, tmp_path / "served").folder
    assert version == tmp_path / "served" / "1"
    expected = load_sampler(str(bundle)).draw(70, label=label, seed=3)
    for model in (version, version.parent):
        drawn = load_sampler(str(model)).draw(70, label=label, seed=3)
        np.testing.assert_array_equal(drawn, expected)


def test_signatures_for_other_programs(exported: Path) -> None:
    served = tf.saved_model.load(str(exported / "served" / "1"))
    assert set(served.signatures) == {"serving_default", "seed", "image_bytes", "card"}
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


def test_a_wrong_label_is_an_error_of_its_own(exported: Path) -> None:
    call = load_session(exported / "served" / "1")
    labels = np.array([0, 3, -1, 2], np.int32)
    answer = call("image_bytes", seed=np.arange(4, dtype=np.int64), label=labels)
    wrong = b"label must be from 0 to 2"
    assert answer["error"].tolist() == [b"", wrong, wrong, b""]
    assert [bool(file) for file in answer["output_bytes"]] == [True, False, False, True]


def test_the_card_and_the_labels_travel_along(exported: Path) -> None:
    version, bundle = exported / "served" / "1", exported / "labelled"
    card = read_card(version)
    assert card.model_copy(update={"export": None}) == read_card(bundle)
    assert card.export is not None
    assert card.export.precision == "float32"
    assert list(card.export.files) == ["saved_model.pb"]
    labels = (version / "assets.extra" / "labels.txt").read_text(encoding="utf-8")
    assert labels.splitlines() == list(generators.LABELS)
    answer = load_session(version)("card", query=np.array([b"", b"?"]))["card"]
    assert answer[0] == answer[1]
    told = json.loads(answer[0])
    assert told["export"]["signatures"] == card.export.signatures
    assert told["labels"] == list(generators.LABELS)


def test_versions_count_up_and_the_last_is_taken(
    exported: Path, tmp_path: Path
) -> None:
    bundle, output = exported / "labelled", tmp_path / "served"
    (output / "9").mkdir(parents=True)
    (output / "notes").mkdir()
    assert export_saved_model(bundle, output).folder == output / "10"
    assert sorted(os.listdir(output)) == ["10", "9", "notes"]
    assert load_sampler(str(output)).labels == generators.LABELS


def test_a_failure_leaves_nothing(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("imgan.export.saved_model.write_card", fail)
    with pytest.raises(OutputError, match="served: No space left on device"):
        export_saved_model(exported / "labelled", tmp_path / "served")
    assert os.listdir(tmp_path / "served") == []


def test_an_export_that_computes_something_else_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(function: Any, signature: Any) -> Any:
        return freeze(lambda images: function(images) + 0.01, signature)

    monkeypatch.setattr("imgan.export.pictures.freeze", spoilt)
    bundle = bundles.make("repsr", tmp_path / "small")
    with pytest.raises(CheckpointError, match="must compute what its bundle does"):
        export_saved_model(bundle, tmp_path / "served")
    assert os.listdir(tmp_path / "served") == []


def test_a_place_that_is_a_file(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Cannot write .*file: "):
        export_saved_model(exported / "labelled", tmp_path / "file")


def test_what_cannot_be_exported(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--precision must be one of"):
        export_saved_model(resolve("x4"), tmp_path, precision="int8")
    with pytest.raises(CheckpointError, match="is an exported SavedModel"):
        export_saved_model(exported / "served" / "1", tmp_path)


@pytest.mark.parametrize("damage", ["card", "labels", "graph"])
def test_damaged_exports(damage: str, exported: Path, tmp_path: Path) -> None:
    version = export_saved_model(exported / "labelled", tmp_path).folder
    extra = version / "assets.extra"
    if damage == "card":
        (extra / "card.json").unlink()
    elif damage == "labels":
        write_card(read_card(version).model_copy(update={"labels": None}), extra)
    else:
        (version / "saved_model.pb").write_bytes(b"not a graph")
    expected = {
        "card": r"card\.json cannot be read as a card",
        "labels": "must take latent, as its card says. Received: latent, label",
    }
    with pytest.raises(CheckpointError, match=expected.get(damage, "cannot be loaded")):
        load_sampler(str(version))


def test_raw_values_stay_in_their_units(tmp_path: Path) -> None:
    """A model of metres takes and gives metres, and no encoded pictures."""
    from imgan.networks.repsr import RepSR
    from tests.contracts import randomize

    network = RepSR(num_filters=4, num_convs=1, channels=1, scale=2).fused()
    randomize(network)
    bundle = bundles.save(network, tmp_path / "depth", "repsr", "super_resolution", 2)
    card = read_card(bundle).model_copy(update={"pixel_range": (0.0, 80.0)})
    save_bundle(network, card, bundle)
    made = export_saved_model(bundle, tmp_path / "served")
    assert "image_bytes" not in made.signatures
    metres = np.linspace(-5, 120, 300, dtype=np.float32).reshape(1, 20, 15, 1)
    served = load_session(made.folder)("serving_default", images=metres)["images"]
    import imgan

    expected = imgan.load(str(bundle))(metres[0])
    np.testing.assert_allclose(served[0], expected, rtol=1e-5, atol=1e-4)
    assert served.max() > 80


def test_what_a_killed_export_left_is_removed(tmp_path: Path) -> None:
    """Process 1 is there always; no process has a number of 9 digits."""
    served, here = tmp_path / "served", machine_name()
    elsewhere = ".export.999999999@elsewhere.imgan-tmp"
    alive = f".export.1@{here}.imgan-tmp"
    for name in (f".export.999999999@{here}.imgan-tmp", alive, elsewhere):
        (served / name).mkdir(parents=True)
        (served / name / "saved_model.pb").write_bytes(b"half")
    bundle = generators.labelled(tmp_path / "labelled")
    export_saved_model(bundle, served)
    assert {path.name for path in served.iterdir()} == {alive, elsewhere, "1"}


def test_a_number_that_another_export_takes_meanwhile_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, numbers = tmp_path / "served", iter((1, 2))
    (served / "1").mkdir(parents=True)
    (served / "1" / "saved_model.pb").write_bytes(b"another")
    monkeypatch.setattr(saved_model, "next_version", lambda _: next(numbers))
    bundle = generators.labelled(tmp_path / "labelled")
    assert export_saved_model(bundle, served).folder == served / "2"
    assert sorted(path.name for path in served.iterdir()) == ["1", "2"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_export_that_draws_something_else_gets_no_name(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def black(network: Any, card: Any) -> Any:
        drawn = drawing_function(network, card)

        def draw(**inputs: Any) -> dict[str, Any]:
            return {"images": tf.zeros_like(drawn(**inputs)["images"])}

        return draw

    monkeypatch.setattr("imgan.export.parity.drawing_function", black)
    bundle = generators.labelled(tmp_path / "labelled")
    with pytest.raises(CheckpointError, match="must compute what its bundle does"):
        export_saved_model(bundle, tmp_path / "served", precision=precision)
    assert not list((tmp_path / "served").iterdir())
