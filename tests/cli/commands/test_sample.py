"""`imgan sample` on small bundles."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from imgan.cli.main import main
from imgan.export.saved_model import export_saved_model
from imgan.inference import sample_files
from imgan.inference.sampler import load_sampler
from imgan.io.images import read_image
from imgan.types import Array
from tests.inference import generators

Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(generators.labelled(tmp_path_factory.mktemp("models") / "labelled"))


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(generators.unlabelled(tmp_path_factory.mktemp("models") / "unlabelled"))


def tree(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in files)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in tree(folder)}


def pixels(path: Path) -> Array:
    return read_image(path).pixels


def test_a_folder_for_each_label(labelled: str, tmp_path: Path, capfd: Said) -> None:
    out = tmp_path / "out"
    assert main(["sample", str(out), "--model", labelled, "--count", "18"]) == 0
    told = capfd.readouterr()
    assert told.out == f"54 pictures of 3 labels in {out}, seed 0\n"
    assert told.err.endswith("\n54 of 54\n")
    assert tree(out) == [
        f"{label}/{index:05d}.png" for label in ("one", "two", "zero")
        for index in range(18)
    ]  # fmt: skip
    sampler = load_sampler(labelled)
    for number, label in enumerate(generators.LABELS):
        drawn = sampler.draw(18, label=number)
        for index in (0, 15, 16, 17):
            made = pixels(out / label / f"{index:05d}.png")
            np.testing.assert_array_equal(made, drawn[index])


def test_a_file_depends_on_seed_label_and_number_only(
    labelled: str, tmp_path: Path
) -> None:
    words = ["sample", "--model", labelled, "--seed", "5", "--quiet"]
    assert main([*words, str(tmp_path / "all"), "--count", "20"]) == 0
    few = [str(tmp_path / "few"), "--count", "3", "--label", "two", "--label", "one"]
    assert main([*words, *few]) == 0
    everything, part = contents(tmp_path / "all"), contents(tmp_path / "few")
    assert len(part) == 6
    assert part.items() <= everything.items()


def test_grey_pictures_without_labels(
    unlabelled: str, tmp_path: Path, capfd: Said
) -> None:
    out = tmp_path / "out"
    assert main(["sample", str(out), "--model", unlabelled, "--count", "1"]) == 0
    assert capfd.readouterr().out == f"1 picture in {out}, seed 0\n"
    assert tree(out) == ["00000.png"]
    assert read_image(out / "00000.png").is_grey


def test_the_default_is_64_and_quiet_is_quiet(
    unlabelled: str, tmp_path: Path, capfd: Said
) -> None:
    assert main(["sample", str(tmp_path), "--model", unlabelled, "--quiet"]) == 0
    assert len(tree(tmp_path)) == 64
    assert capfd.readouterr() == ("", "")


def test_grid_of_labels(labelled: str, tmp_path: Path, capfd: Said) -> None:
    file = tmp_path / "all.png"
    words = ["sample", str(file), "--model", labelled, "--grid", "--count", "4"]
    assert main(words) == 0
    assert capfd.readouterr().out == f"12 pictures of 3 labels in {file}, seed 0\n"
    sheet = pixels(file)
    assert sheet.shape == (3 * 8, 4 * 8, 3)
    drawn = load_sampler(labelled).draw(4, label=2)
    np.testing.assert_array_equal(sheet[16:24, 24:32], drawn[3])
    assert tree(tmp_path) == ["all.png"]


def test_grid_without_labels(unlabelled: str, tmp_path: Path) -> None:
    words = ["sample", str(tmp_path), "--model", unlabelled, "--grid", "--count", "5"]
    assert main(words) == 0
    sheet = pixels(tmp_path / "grid.png")
    assert sheet.shape == (2 * 8, 3 * 8)
    drawn = load_sampler(unlabelled).draw(5)[..., 0]
    np.testing.assert_array_equal(sheet[8:, 8:16], drawn[4])
    assert not sheet[8:, 16:].any()


def test_interpolation(labelled: str, tmp_path: Path) -> None:
    words = ["--model", labelled, "--count", "3", "--interpolate", "2", "--quiet"]
    assert main(["sample", str(tmp_path), *words]) == 0
    assert len(tree(tmp_path)) == 3 * (3 + 2 * 2)
    sampler = load_sampler(labelled)
    drawn = sampler.draw(3, label=1)
    between = sampler.interpolate(1, 2, label=1)
    expected = [drawn[1], *between, drawn[2]]
    for index, picture in enumerate(expected, 3):
        made = pixels(tmp_path / "one" / f"{index:05d}.png")
        np.testing.assert_array_equal(made, picture)
    # A row for each pair: the second of label "one" is the fourth of all.
    assert main(["sample", str(tmp_path), *words, "--grid"]) == 0
    sheet = pixels(tmp_path / "grid.png")
    assert sheet.shape == (6 * 8, 4 * 8, 3)
    row = sheet[24:32].reshape(8, 4, 8, 3).swapaxes(0, 1)
    np.testing.assert_array_equal(row, expected)


def test_truncation(unlabelled: str, tmp_path: Path) -> None:
    words = ["--model", unlabelled, "--count", "1", "--truncation", "0.5"]
    assert main(["sample", str(tmp_path), *words]) == 0
    drawn = load_sampler(unlabelled).draw(1, truncation=0.5)[0, ..., 0]
    np.testing.assert_array_equal(pixels(tmp_path / "00000.png"), drawn)


def test_an_export_writes_the_same_files(labelled: str, tmp_path: Path) -> None:
    export_saved_model(Path(labelled), tmp_path / "served")
    for name, model in {"a": labelled, "b": str(tmp_path / "served")}.items():
        words = ["--model", model, "--count", "2", "--quiet"]
        assert main(["sample", str(tmp_path / name), *words]) == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_files_that_are_there_are_kept(
    labelled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Said
) -> None:
    words = ["sample", str(tmp_path), "--model", labelled, "--count", "2", "--quiet"]
    assert main([*words, "--label", "two"]) == 0
    before = contents(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(sample_files, "write_image", None)
        assert main([*words, "--seed", "1"]) == 1
    told = capfd.readouterr().err
    assert told.count("\n") == 1
    assert "is there already (and 1 more). Add --overwrite" in told
    assert contents(tmp_path) == before
    assert main([*words, "--seed", "1", "--overwrite"]) == 0
    after = contents(tmp_path)
    assert len(after) == 6
    assert all(after[name] != before[name] for name in before)


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (["--count", "0"], 2, "--count"),
        (["--count", "-3"], 2, "--count"),
        (["--seed", "-1"], 2, "--seed"),
        (["--interpolate", "0"], 2, "--interpolate"),
        (["--interpolate", "2", "--count", "1"], 2, "--count must be at least 2"),
        (["--truncation", "-1"], 2, "--truncation must be above 0"),
        (["--label", "tow"], 2, "no label 'tow'. Did you mean 'two'?"),
        (["--model", "x4"], 2, "use imgan upscale"),
        (["--model", "nowhere"], 1, "No model 'nowhere'"),
    ],
)
def test_wrong_words(
    options: list[str],
    code: int,
    expected: str,
    labelled: str,
    tmp_path: Path,
    capfd: Said,
) -> None:
    out = tmp_path / "out"
    assert main(["sample", str(out), "--model", labelled, *options]) == code
    told = capfd.readouterr().err
    assert expected in told
    assert "Traceback" not in told
    assert not out.exists()


def test_label_of_a_model_without(unlabelled: str, tmp_path: Path, capfd: Said) -> None:
    words = ["sample", str(tmp_path), "--model", unlabelled, "--label", "7"]
    assert main(words) == 2
    assert "has no labels; leave --label out" in capfd.readouterr().err


def test_model_is_asked_for(capfd: Said) -> None:
    assert main(["sample", "out"]) == 2
    assert "--model" in capfd.readouterr().err


def test_a_full_disk_is_one_line(
    unlabelled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Said
) -> None:
    from imgan.io import writing

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "_run", fail)
    words = ["sample", str(tmp_path / "out"), "--model", unlabelled, "--count", "2"]
    assert main(words) == 1
    told = capfd.readouterr()
    assert told.err.count("\n") == 1
    assert "00000.png: No space left on device" in told.err
    assert told.out == ""
    assert os.listdir(tmp_path / "out") == []


def test_labels_cannot_leave_the_folder(tmp_path: Path) -> None:
    model = generators.labelled(tmp_path / "model", labels=["../up", "/abs"])
    out = tmp_path / "deep" / "out"
    words = ["sample", str(out), "--model", str(model), "--count", "1", "--quiet"]
    assert main(words) == 0
    assert tree(out) == ["%2E.%2Fup/00000.png", "%2Fabs/00000.png"]
    assert tree(tmp_path / "deep") == [f"out/{name}" for name in tree(out)]


def test_what_is_drawn_can_be_trained_on(labelled: str, tmp_path: Path) -> None:
    from imgan.data.image_listing import list_images

    words = ["--model", labelled, "--count", "2", "--quiet"]
    assert main(["sample", str(tmp_path), *words]) == 0
    listing = list_images(tmp_path)
    assert listing.label_names == tuple(sorted(generators.LABELS))
    assert listing.labels is not None
    assert np.bincount(listing.labels).tolist() == [2, 2, 2]


def test_mistakes_are_told_before_tensorflow_is_imported(
    labelled: str, tmp_path: Path
) -> None:
    words = ["sample", str(tmp_path), "--model", labelled, "--label", "nobody"]
    code = (
        "import sys; from imgan.cli.main import main; "
        f"code = main({words!r}); "
        "sys.exit(code + 10 * ('tensorflow' in sys.modules or 'keras' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr


def test_inspect_describes_a_generator(labelled: str, capfd: Said) -> None:
    assert main(["inspect", labelled]) == 0
    lines = capfd.readouterr().out.splitlines()
    for line in (
        "task        generation",
        "channels    3 out [-1, 1]",
        "image size  8x8",
        "latents     5 normal",
        "labels      zero, one, two",
    ):
        assert line in lines
    assert not any(line.startswith(("halo", "tile")) for line in lines)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM")
def test_sigterm_leaves_whole_pictures_alone(unlabelled: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["sample", str(out), "--model", unlabelled, "--count", "90000", "--quiet"]
    with subprocess.Popen([sys.executable, "-m", "imgan", *words]) as process:
        until = time.monotonic() + 120
        while not (out / "00003.png").exists():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        process.terminate()
        assert process.wait(60) == 143
    names = tree(out)
    assert names == [f"{index:05d}.png" for index in range(len(names))]
    for name in names[-3:]:
        assert pixels(out / name).ndim >= 2
