"""`imgan train` for generation: what is wrong is one line and leaves no folder."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import tifffile
import yaml

from imgan.cli.main import main

Build = Callable[[Path], None]


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    recipe: dict[str, Any] = {
        "name": "tiny",
        "family": "cgan",
        "generator": {"latent_dim": 4, "num_filters": 2},
        "discriminator": {"num_filters": 2},
        "data": {
            "train": "sklearn:digits",
            "image_size": 16,
            "channels": 3,
            "batch_size": 4,
        },
        "training": {"steps": 2},
    }
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


def refused(
    words: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Return exit code and message of a run that does not begin."""
    run_dir = tmp_path / "run"
    code = main(["train", *words, "--run-dir", str(run_dir)])
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1, output.err
    assert "Traceback" not in output.err
    assert not run_dir.exists()
    return code, output.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.los=hinge", "unknown key 'training.los'. Did you mean 'loss'?"),
        ("data.image_sise=8", "'data.image_sise'. Did you mean 'image_size'?"),
        (
            "training.generator_optimizer.rate=1",
            "unknown key 'training.generator_optimizer.rate'",
        ),
        ("training.watchdog.patient=3", "Did you mean 'patience'?"),
        ("training.loss=hing", "training.loss: "),
        ("training.loss=wasserstein", "needs training.gradient_penalty"),
        ("training.augment=all", "training.augment: "),
        ("generator.image_size=32", "generator.image_size follows from the rest"),
        ("discriminator.num_classes=3", "discriminator.num_classes follows"),
        ("generator.num_filter=8", "'generator.num_filter'. Did you mean"),
        ("discriminator.filters=8", "unknown key 'discriminator.filters'"),
        ("generator.num_filters=many", "generator.num_filters must be a whole number"),
        ("generator.latent_dim=0", "generator.latent_dim must be a whole number"),
        ("discriminator.normalization=bath", "discriminator: normalization must be"),
        ("data.image_size=24", "image_size must be a power of two"),
        ("data.image_size=0", "data.image_size: "),
        ("data.channels=2", "data.channels: "),
        ("data.train=sklearn:digit", "Did you mean 'digits'?"),
        ("data.train=sklearn:faces", "Known: sklearn:digits"),
        ("data.batch_size=0", "data.batch_size: "),
        ("init=nowhere", "nowhere"),
        ("family=cgans", "Did you mean 'cgan'?"),
    ],
)
def test_a_broken_recipe_is_one_line_and_exit_code_2(
    recipe_file: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    change: str,
    message: str,
) -> None:
    code, line = refused([str(recipe_file), "--set", change], tmp_path, capfd)
    assert message in line
    assert code == (1 if change.startswith("init") else 2)


def picture(
    path: Path, height: int = 16, width: int = 16, *, grey: bool = False
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = skimage.data.astronaut()[100 : 100 + height, 200 : 200 + width, ::-1]
    cv2.imwrite(str(path), np.ascontiguousarray(image[..., 0] if grey else image))


def classes(folder: Path) -> None:
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/2.png"):
        picture(folder / name)


def empty(folder: Path) -> None:
    folder.mkdir()


def no_pictures(folder: Path) -> None:
    folder.mkdir()
    (folder / "notes.txt").write_text("no picture")


def one_class(folder: Path) -> None:
    picture(folder / "cats" / "1.png")
    picture(folder / "cats" / "2.png")


def flat(folder: Path) -> None:
    picture(folder / "1.png")
    picture(folder / "2.png")


def empty_class(folder: Path) -> None:
    classes(folder)
    (folder / "c").mkdir()


def beside(folder: Path) -> None:
    classes(folder)
    picture(folder / "lost.png")


def mixed_sizes(folder: Path) -> None:
    classes(folder)
    picture(folder / "b" / "wide.png", width=20)


def mixed_channels(folder: Path) -> None:
    classes(folder)
    picture(folder / "b" / "pale.png", grey=True)


def damaged(folder: Path) -> None:
    classes(folder)
    whole = (folder / "b" / "2.png").read_bytes()
    (folder / "b" / "2.png").write_bytes(whole[: len(whole) // 2])


def not_finite(folder: Path) -> None:
    classes(folder)
    values = np.full((16, 16, 3), 0.5, np.float32)
    values[3, 4, 1] = np.nan
    tifffile.imwrite(folder / "b" / "hole.tif", values, photometric="rgb")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda folder: None, "{folder}"),
        (empty, "{folder}"),
        (no_pictures, "{folder}"),
        (one_class, "needs at least two classes. Received one, 'cats', in {folder}"),
        (flat, "Received pictures without labels: {folder}"),
        (empty_class, "{folder}/c is a class folder without pictures"),
        (beside, "{folder} holds pictures (lost.png) and also folders"),
        (mixed_sizes, "{folder}/b/wide.png is 20x16"),
        (mixed_channels, "{folder}/b/pale.png is 16x16 grey"),
        (damaged, "{folder}/b/2.png is a truncated"),
        (not_finite, "{folder}/b/hole.tif holds a value that is not finite"),
    ],
)
def test_unsuitable_pictures_are_one_line_and_exit_code_1(
    recipe_file: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    build: Build,
    message: str,
) -> None:
    folder = tmp_path / "pictures"
    build(folder)
    change = f"data.train={folder}"
    code, line = refused([str(recipe_file), "--set", change], tmp_path, capfd)
    assert message.format(folder=folder) in line
    assert code == 1


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pixels": np.zeros((4, 16, 16, 3), np.uint8)}, "no array named images"),
        ({"images": np.zeros((0, 16, 16, 3), np.uint8)}, "holds no pictures"),
        ({"images": np.zeros((4, 16, 16, 3), np.uint8)}, "without labels"),
        (
            {"images": np.zeros((4, 16, 16, 3), np.uint8), "labels": np.arange(3)},
            "one label for each of the 4 pictures",
        ),
        (
            {
                "images": np.stack([np.full((16, 16, 3), v) for v in (0.5, np.nan)]),
                "labels": np.arange(2),
            },
            "pictures.npz[1] holds a value that is not finite",
        ),
    ],
)
def test_unsuitable_arrays_are_one_line_and_exit_code_1(
    recipe_file: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    arrays: dict[str, Any],
    message: str,
) -> None:
    path = tmp_path / "pictures.npz"
    np.savez(path, **arrays)
    change = f"data.train={path}"
    code, line = refused([str(recipe_file), "--set", change], tmp_path, capfd)
    assert message in line
    assert str(path) in line
    assert code == 1


def test_what_shows_only_in_training_is_one_line_and_on_the_page(
    recipe_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With `adapt` nothing is decoded before training."""
    not_finite(tmp_path / "pictures")
    run_dir = tmp_path / "run"
    changes = [f"data.train={tmp_path / 'pictures'}", "data.adapt=true"]
    words = ["train", str(recipe_file), "--run-dir", str(run_dir), "--quiet"]
    for change in changes:
        words += ["--set", change]
    assert main(words) == 1
    errors = capfd.readouterr().err
    assert errors.count("\n") == 1, errors
    assert "hole.tif holds a value that is not finite" in errors
    page = (run_dir / "report.html").read_text(encoding="utf-8")
    assert "hole.tif holds a value that is not finite" in page


@pytest.mark.slow
def test_a_batch_larger_than_the_data_goes_on_into_the_next_epoch(
    recipe_file: Path, tmp_path: Path
) -> None:
    classes(tmp_path / "pictures")
    words = ["train", str(recipe_file), "--run-dir", str(tmp_path / "run"), "--quiet"]
    words += ["--set", f"data.train={tmp_path / 'pictures'}"]
    words += ["--set", "data.batch_size=11"]
    # In a process of its own: TensorFlow tells of what other tests have traced.
    done = subprocess.run(
        [sys.executable, "-m", "imgan", *words], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_init_of_another_size_or_colour_or_number_of_labels_is_refused(
    recipe_file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(recipe_file), "--quiet", "--run-dir"]
    assert main([*words, str(tmp_path / "first")]) == 0
    bundle = str(tmp_path / "first" / "bundle")
    capfd.readouterr()
    classes(tmp_path / "pictures")
    for change, message in (
        ("data.image_size=32", "image_size"),
        ("data.channels=1", "output_channels"),
        (f"data.train={tmp_path / 'pictures'}", "of 2 labels"),
    ):
        run_dir = str(tmp_path / "second")
        assert main([*words, run_dir, "--init", bundle, "--set", change]) == 2
        errors = capfd.readouterr().err
        assert errors.count("\n") == 1, errors
        assert message in errors
        assert bundle in errors
        assert not Path(run_dir).exists()
    assert main([*words, str(tmp_path / "third"), "--init", bundle]) == 0
