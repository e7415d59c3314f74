"""Runs on one device and on two."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
import yaml

from imgan.bundles.bundle import load_network
from imgan.bundles.bundle import save_bundle
from imgan.config import validate_recipe
from imgan.training import experiment as experiments
from imgan.training import generation
from imgan.training import super_resolution as enlarging
from imgan.training.run_folder import RunFolder
from imgan.training.strategy import choose_strategy
from imgan.training.train import build_experiment
from tests.marks import thorough
from tests.training import translating
from tests.training.conftest import assert_same_end
from tests.training.conftest import gan_experiment
from tests.training.conftest import gan_recipe
from tests.training.conftest import numbers
from tests.training.test_resume import as_users_have_it


def test_one_device_needs_no_strategy() -> None:
    for name in ("auto", "single"):
        chosen = choose_strategy(gan_recipe("gan", training={"strategy": name}))
        assert chosen is tf.distribute.get_strategy()


@pytest.mark.parametrize("image_pool", [0, 50])
def test_a_pool_keeps_auto_on_one_of_several_devices(
    image_pool: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gpus = [tf.config.LogicalDevice(f"/device:GPU:{n}", "GPU") for n in range(2)]
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.distribute, "MirroredStrategy", tuple)
    changes = {"strategy": "auto", "image_pool": image_pool}
    with caplog.at_level("INFO", "imgan"):
        chosen = choose_strategy(gan_recipe("gan", training=changes))
    if image_pool:
        assert chosen is tf.distribute.get_strategy()
        assert "on /device:GPU:0, 1 of 2 devices, as training.image_pool" in caplog.text
    else:
        assert chosen == tuple(gpu.name for gpu in gpus)


def start(recipe_file: Path, run_dir: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.training.mirrored"]
    return subprocess.Popen(
        [*command, str(recipe_file), str(run_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=as_users_have_it(),
        cwd=Path(__file__).parents[2],
    )


def written(experiment: dict[str, Any], folder: Path) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(experiment), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("family", ["dcgan", "cgan"])
def test_two_devices_train_and_resume_after_a_kill(family: str, tmp_path: Path) -> None:
    changes = {
        "strategy": "mirrored",
        "augment": "diff_augment",
        # Between two log lines, sums over devices are parted anew in their last bit.
        "log_every": 4,
        "steps": 16,
    }
    recipe_file = written(gan_experiment(family, training=changes), tmp_path)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    process = start(recipe_file, undisturbed)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert output.count("step") == 16
    process = start(recipe_file, disturbed)
    assert process.stdout is not None
    for line in process.stdout:
        if line == "step 10\n":
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert not (disturbed / "bundle").exists()
    process = start(recipe_file, disturbed)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert output.startswith("step 9\n")
    assert_same_end(RunFolder(disturbed), RunFolder(undisturbed))
    network, _ = load_network(undisturbed / "bundle")
    assert not network.get_config()["synchronized"]


def super_resolution(photographs: Path) -> dict[str, Any]:
    """Return what every family with a true picture has, down to its stages."""
    return {
        "name": "tiny",
        "seed": 3,
        "scale": 2,
        "generator": {"num_filters": 8, "num_convs": 1},
        "data": {
            "train": {"hr": str(photographs)},
            "validation": {"hr": str(photographs)},
            "hr_patch_size": 32,
            "batch_size": 4,
        },
        "training": dict(translating.TRAINING),
    }


def recipe_of(family: str, folder: Path, photographs: Path) -> dict[str, Any]:
    """Return the smallest recipe of a family."""
    pairs = translating.write_pairs(folder / "pairs")
    if family == "cyclegan":
        return translating.unpaired(pairs, training={"image_pool": 0})
    if family.startswith("pix2pix"):
        return translating.paired(pairs, pairs, family)
    made = super_resolution(photographs)
    if family == "repsr":
        return {**made, "family": family}
    # Not in the step: a device degrades its share of the batch by draws of its own.
    made["data"] |= {"degradation": {}, "usm_targets": True}
    made["training"] |= {"pixel_steps": 2, "feature_matching": 0.5, "artifacts": 1.0}
    return {
        **made,
        "family": family,
        "network": "repsr",
        "discriminator": {"num_filters": 4},
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "family",
    ["repsr", *map(thorough, ("cyclegan", "realesrgan", "pix2pix", "pix2pixhd"))],
)
def test_one_key_puts_every_family_on_two_devices(
    family: str, photographs: Path, tmp_path: Path
) -> None:
    values = recipe_of(family, tmp_path, photographs)
    values["training"]["strategy"] = "single"
    alone = translating.run(values, tmp_path / "alone")
    values["training"]["strategy"] = "mirrored"
    process = start(written(values, tmp_path), tmp_path / "shared")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "training on /device:CPU:0, /device:CPU:1" in errors
    shared = RunFolder(tmp_path / "shared")
    assert output.count("step") == values["training"]["steps"]
    for one, two in zip(numbers(alone), numbers(shared), strict=True):
        for key, value in one.items():
            if key.endswith("loss"):
                assert two[key] == pytest.approx(value, rel=0.02, abs=1e-3), key
    load_network(shared.bundle)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_batch_that_two_devices_cannot_share_is_refused(tmp_path: Path) -> None:
    changes = {"strategy": "mirrored"}
    experiment = gan_experiment("dcgan", data={"batch_size": 9}, training=changes)
    process = start(written(experiment, tmp_path), tmp_path / "run")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "data.batch_size must be a multiple of the 2 devices" in errors
    assert "Received: 9" in errors


@pytest.fixture
def two_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have networks built as under a strategy."""
    for module in (experiments, generation, enlarging):
        monkeypatch.setattr(module, "replica_count", lambda: 2)


def synchronized(network: Any) -> bool:
    return bool(network.get_config()["synchronized"])


@pytest.mark.usefixtures("two_devices")
def test_enlargers_are_shared_in_training_and_plain_in_a_bundle(
    experiment: dict[str, Any], tmp_path: Path
) -> None:
    """From scratch, from a bundle, and from one of another scale."""
    small = {"num_filters": 4, "num_blocks": 1}
    experiment |= {"family": "srresnet", "generator": small}
    made = build_experiment(validate_recipe(experiment))
    model = made.create()
    assert synchronized(model.generator)
    network, card = made.bundle(model, {})
    assert not synchronized(network)
    assert card.network.config["synchronized"] is False
    save_bundle(network, card, tmp_path / "bundle")
    for scale in (2, 4):
        changes = {"init": str(tmp_path / "bundle"), "scale": scale, "generator": {}}
        recipe = validate_recipe({**experiment, **changes})
        generator = build_experiment(recipe).create().generator
        assert synchronized(generator)
        assert generator.get_config()["scale"] == scale


@pytest.mark.usefixtures("two_devices")
def test_generators_that_begin_with_a_bundle_are_shared_too(tmp_path: Path) -> None:
    values = gan_experiment("dcgan")
    made = build_experiment(validate_recipe(values))
    network, card = made.bundle(made.create(), {"diversity": 1.0})
    assert not synchronized(network)
    save_bundle(network, card, tmp_path / "bundle")
    values |= {"init": str(tmp_path / "bundle"), "generator": {}}
    model = build_experiment(validate_recipe(values)).create()
    assert synchronized(model.generator)
