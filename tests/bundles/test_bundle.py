import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import imgan
from imgan.bundles.bundle import WEIGHTS_NAME
from imgan.bundles.bundle import check_network
from imgan.bundles.bundle import describe_network
from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.bundles.bundle import weights_sha256
from imgan.bundles.card import Card
from imgan.bundles.card import read_card
from imgan.bundles.card import write_card
from imgan.errors import CheckpointError
from imgan.errors import OutputError
from imgan.networks.pix2pixhd import GlobalGenerator
from imgan.networks.repsr import RepSR
from imgan.networks.unet import UNetGenerator
from tests.contracts import example
from tests.contracts import randomize


def small_network(**options: Any) -> RepSR:
    network = RepSR(scale=2, num_filters=4, num_convs=1, fused=True, **options)
    randomize(network)
    return network


def card_of(network: Any, **changes: Any) -> Card:
    values = {
        "imgan_version": imgan.__version__,
        "name": "small",
        "task": "super_resolution",
        "family": "repsr",
        "network": describe_network(network),
        "scale": 2,
        "input_channels": 3,
        "output_channels": 3,
        "halo": 3,
    }
    return Card(**{**values, **changes})


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    network = small_network()
    save_bundle(network, card_of(network), tmp_path / "small")
    return tmp_path / "small"


def change_card(bundle: Path, **changes: Any) -> None:
    write_card(read_card(bundle).model_copy(update=changes), bundle)


def change_path(bundle: Path, path: str) -> None:
    network = read_card(bundle).network.model_copy(update={"path": path})
    change_card(bundle, network=network)


def test_saved_and_loaded(tmp_path: Path) -> None:
    network = small_network()
    written = save_bundle(network, card_of(network), tmp_path / "deep" / "small")
    loaded, card = load_network(tmp_path / "deep" / "small")
    assert card == written
    images = example(network, 7, 5)
    np.testing.assert_array_equal(loaded(images), network(images))
    assert sorted(path.name for path in (tmp_path / "deep").rglob("*")) == [
        "card.json",
        "generator.keras",
        "small",
    ]


def test_the_card_is_filled_in(bundle: Path) -> None:
    card = read_card(bundle)
    assert card.network.path == "imgan.networks.repsr:RepSR"
    assert card.network.config["num_filters"] == 4
    assert card.network.parameters == (27 * 4 + 4) + (36 * 4 + 4) + (36 * 12 + 12)
    file = (bundle / WEIGHTS_NAME).read_bytes()
    assert card.weights_sha256 == hashlib.sha256(file).hexdigest()
    assert weights_sha256(bundle) == card.weights_sha256


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_precision_is_chosen_when_loading(bundle: Path, dtype: str) -> None:
    network, card = load_network(bundle, dtype)
    hidden = network.get_layer("body_00").compute_dtype
    assert hidden == dtype
    assert network.get_layer("first").compute_dtype == "float32"
    assert network.get_layer("sum").compute_dtype == "float32"
    assert check_network(network, card) < 0.05


def test_changed_weights_are_refused(bundle: Path) -> None:
    file = bundle / WEIGHTS_NAME
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    expected = r"not the file that its card describes: expected sha256 \w{12}\.\.\., "
    with pytest.raises(CheckpointError, match=expected + r"received \w{12}"):
        load_network(bundle)


def test_missing_weights(bundle: Path) -> None:
    (bundle / WEIGHTS_NAME).unlink()
    with pytest.raises(CheckpointError, match=r"generator\.keras: No such file"):
        load_network(bundle)


@pytest.mark.parametrize("content", [b"", b"not a network", b"PK\x05\x06" + b"\0" * 18])
def test_files_that_are_no_network(bundle: Path, content: bytes) -> None:
    (bundle / WEIGHTS_NAME).write_bytes(content)
    change_card(bundle, weights_sha256=weights_sha256(bundle))
    with pytest.raises(CheckpointError, match=r"generator\.keras cannot be loaded: \S"):
        load_network(bundle)


def test_a_network_cut_short(bundle: Path) -> None:
    file = bundle / WEIGHTS_NAME
    file.write_bytes(file.read_bytes()[:-200])
    change_card(bundle, weights_sha256=weights_sha256(bundle))
    with pytest.raises(CheckpointError, match=r"generator\.keras cannot be loaded: \S"):
        load_network(bundle)


@pytest.mark.parametrize(
    "path",
    [
        "imgan.networks.nowhere:RepSR",
        "imgan.networks.repsr:Nothing",
        "imgan.networks.repsr",
        "",
    ],
)
def test_unknown_network(bundle: Path, path: str) -> None:
    change_path(bundle, path)
    with pytest.raises(
        CheckpointError, match="a network that this imgan does not know"
    ):
        load_network(bundle)


def test_a_card_cannot_run_a_foreign_module(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "imgan_trap.py"
    trap.write_text("raise SystemExit('ran')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for path in ("imgan_trap:Network", "imgan.networks.repsr.imgan_trap:X"):
        change_path(bundle, path)
        with pytest.raises(CheckpointError, match="import the package of the network"):
            load_network(bundle)
    assert "imgan_trap" not in sys.modules


def test_the_users_own_network_loads_once_its_module_is_imported(
    tmp_path: Path,
) -> None:
    network = Tinted()
    card = card_of(network)
    assert card.network.path == f"{__name__}:Tinted"
    save_bundle(network, card, tmp_path / "own")
    assert isinstance(load_network(tmp_path / "own")[0], Tinted)


def test_code_in_the_weights_is_refused(bundle: Path) -> None:
    images = keras.Input((None, None, 3))
    outputs = keras.layers.Lambda(lambda x: x * 2)(images)
    keras.Model(images, outputs).save(bundle / WEIGHTS_NAME)
    change_card(bundle, weights_sha256=weights_sha256(bundle))
    with pytest.raises(CheckpointError, match=r"cannot be loaded: .*[Ll]ambda"):
        load_network(bundle)


def test_self_check_notices_other_weights(bundle: Path) -> None:
    network, card = load_network(bundle)
    assert card.self_check is not None
    assert check_network(network, card) < 1e-6
    layer = network.get_layer("last")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + 0.01])
    assert check_network(network, card) == pytest.approx(0.01, rel=1e-3)
    assert check_network(network, card) > card.self_check.tolerance
    bias[1] = np.nan  # only one of the three channels
    layer.set_weights([kernel, bias])
    assert check_network(network, card) == float("inf")
    assert check_network(network, card.model_copy(update={"self_check": None})) == 0


@pytest.mark.parametrize(
    ("kind", "arguments", "size"),
    [
        (RepSR, {"scale": 2, "num_convs": 1}, (24, 20)),
        (UNetGenerator, {"num_levels": 3}, (24, 24)),
        (UNetGenerator, {"num_levels": 5}, (32, 32)),
        (GlobalGenerator, {"num_residual_blocks": 1, "num_downsamplings": 4}, (32, 32)),
    ],
)
def test_the_self_check_is_of_a_size_that_the_network_takes(
    tmp_path: Path, kind: Any, arguments: dict[str, Any], size: tuple[int, int]
) -> None:
    """Multiples of 1, 8, 32, and of 16 that are at least 32."""
    network = kind(num_filters=2, **arguments)
    card = save_bundle(network, card_of(network), tmp_path / "bundle")
    assert card.self_check is not None
    assert card.self_check.size == size
    loaded, card = load_network(tmp_path / "bundle")
    assert check_network(loaded, card) == pytest.approx(0.0, abs=1e-5)


def test_an_older_bundle_is_replaced_whole(bundle: Path) -> None:
    """And nothing but the bundle: what its owner has put beside it stays."""
    (bundle / "preview.png").write_bytes(b"of the old one")
    (bundle / "LICENSE.txt").write_text("mine", encoding="utf-8")
    (bundle / "source").mkdir()
    (bundle / "source" / "original.pth").write_bytes(b"weights")
    (bundle / "link").symlink_to("LICENSE.txt")
    network = small_network()
    network.get_layer("last").bias.assign([0.5] * 12)
    save_bundle(network, card_of(network, name="newer"), bundle)
    assert read_card(bundle).name == "newer"
    own, others = {"card.json", "generator.keras"}, {"LICENSE.txt", "source", "link"}
    assert {path.name for path in bundle.iterdir()} == own | others
    assert (bundle / "LICENSE.txt").read_text(encoding="utf-8") == "mine"
    assert (bundle / "source" / "original.pth").read_bytes() == b"weights"
    assert (bundle / "link").readlink() == Path("LICENSE.txt")
    assert os.listdir(bundle.parent) == ["small"]


def test_a_failure_leaves_the_older_bundle(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    before = read_card(bundle)
    monkeypatch.setattr(RepSR, "save", fail)
    network = small_network()
    with pytest.raises(OSError, match="disk full"):
        save_bundle(network, card_of(network, name="newer"), bundle)
    assert read_card(bundle) == before
    assert weights_sha256(bundle) == before.weights_sha256
    assert os.listdir(bundle.parent) == ["small"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_other_peoples_folders_are_not_replaced(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "pictures"
    if kind == "folder":
        place.mkdir()
        (place / "holiday.jpg").write_bytes(b"dear")
    else:
        place.write_bytes(b"dear")
    network = small_network()
    with pytest.raises(OutputError, match="pictures is there and is not a bundle"):
        save_bundle(network, card_of(network), place)
    kept = place / "holiday.jpg" if kind == "folder" else place
    assert kept.read_bytes() == b"dear"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    network = small_network()
    (tmp_path / "empty").mkdir()
    save_bundle(network, card_of(network), tmp_path / "empty")
    assert read_card(tmp_path / "empty").name == "small"


def test_a_bundle_that_lost_its_card_may_be_written_anew(bundle: Path) -> None:
    (bundle / "card.json").unlink()
    network = small_network()
    save_bundle(network, card_of(network, name="newer"), bundle)
    assert read_card(bundle).name == "newer"


def test_weights_that_compute_nonsense_are_not_kept(tmp_path: Path) -> None:
    network = small_network()
    network.get_layer("last").bias.assign([np.nan] * 12)
    with pytest.raises(CheckpointError, match="output of small must be finite"):
        save_bundle(network, card_of(network), tmp_path / "broken")
    assert list(tmp_path.iterdir()) == []


@keras.saving.register_keras_serializable(package="imgan_tests")
class Tinted(RepSR):
    """A network from outside imgan."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"scale": 2, "num_filters": 4, "num_convs": 1, **options})


def test_what_a_killed_process_left_of_a_bundle_is_removed(tmp_path: Path) -> None:
    """Process 1 is there always; no process has a number of 9 digits."""
    network = small_network()
    for name in (".small.1", ".small.999999999", f".small.{os.getpid()}", ".other.99"):
        (tmp_path / name).mkdir()
        (tmp_path / name / WEIGHTS_NAME).write_bytes(b"half")
    save_bundle(network, card_of(network), tmp_path / "small")
    # A kill after the first of two renames leaves a whole bundle under such a name,
    # which is kept until there is another one.
    for pid in (999_999_999, os.getpid()):
        (tmp_path / f".small.{pid}.old").mkdir()
        (tmp_path / f".small.{pid}.old" / WEIGHTS_NAME).write_bytes(b"whole")
    save_bundle(network, card_of(network), tmp_path / "small")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [".other.99", ".small.1", "small"]
