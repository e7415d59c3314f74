"""`imgan check` on folders with known faults, and on recipes."""

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
import yaml

from imgan.cli.main import main
from imgan.io.bands import write_bands
from tests.data.checking.faulty_pairs import FAULTS
from tests.data.checking.faulty_pairs import Degrade
from tests.data.checking.faulty_pairs import bicubic
from tests.data.checking.faulty_pairs import camera
from tests.data.checking.faulty_pairs import crops
from tests.data.checking.faulty_pairs import make_faulty_pairs


def write_recipe(root: Path, **data: Any) -> Path:
    recipe = {
        "name": "tiny",
        "family": "compact",
        "scale": 4,
        "generator": {"num_filters": 4, "num_convs": 1},
        "data": {"hr_patch_size": 32, "batch_size": 2, **data},
        "training": {"steps": 4, "log_every": 2},
    }
    path = root / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


def write_crops(folder: Path, count: int, side: int = 96) -> list[Path]:
    folder.mkdir(parents=True)
    paths = [folder / f"{place:02}.png" for place in range(count)]
    for path, crop in zip(paths, crops(count, side), strict=True):
        cv2.imwrite(str(path), crop[..., ::-1])
    return paths


@pytest.mark.parametrize("degrade", [bicubic, camera])
def test_exactly_the_faults_are_found(
    degrade: Degrade, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = make_faulty_pairs(tmp_path / "pairs", crops(30, 192), degrade)
    folders = {
        part: {"hr": str(folder / "HR"), "lr": str(folder / "LR")}
        for part, folder in (("train", pairs.train), ("validation", pairs.validation))
    }
    recipe = write_recipe(tmp_path, **folders)
    report = tmp_path / "report.json"
    words = ["check", str(recipe), "--no-sheet", "--quiet"]
    assert main([*words, "--json", str(report)]) == 1
    printed = capsys.readouterr()
    values = json.loads(report.read_text(encoding="utf-8"))
    assert values["counts"] == FAULTS
    assert values["checked"] == {"train": 22, "validation": 8}
    found: dict[str, set[str]] = {}
    for finding in values["findings"]:
        found.setdefault(finding["kind"], set()).add(Path(finding["files"][0]).stem)
    assert found == pairs.faults
    assert len(values["findings"]) == 22
    assert printed.err == ""
    assert printed.out.startswith(
        "22 findings in 22 pictures of train, 8 pictures of validation\n"
    )
    lines = printed.out.splitlines()
    assert sum(line.startswith("  ") for line in lines) == 22
    assert lines[2:7] == [
        "unpaired       12",
        "swapped        3",
        "wrong_size     2",
        "misregistered  1",
        "leak           4",
    ]


def test_faults_say_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = make_faulty_pairs(tmp_path, crops(30, 192), bicubic)
    words = ["check", str(pairs.train / "HR"), str(pairs.train / "LR")]
    assert main([*words, "--json", "-", "--quiet"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    by_kind = {finding["kind"]: finding for finding in findings}
    unpaired = by_kind["unpaired"]
    name, low = (Path(path) for path in unpaired["files"])
    assert low.name.startswith("img")
    assert unpaired["message"].endswith(f"rename that to {name.stem}.png")
    partner = {
        Path(finding["files"][0]).stem: Path(finding["files"][2]).stem
        for finding in findings
        if finding["kind"] == "swapped"
    }
    start = next(iter(partner))
    assert partner[partner[partner[start]]] == start
    assert (
        "must be 1/4 of 192x192, 48x48. Received: 36x36"
        in (by_kind["wrong_size"]["message"])
    )
    shifted = by_kind["misregistered"]["message"]
    assert float(shifted.split("shifted by ")[1].split()[0]) == pytest.approx(3, abs=1)
    assert "right" in shifted


def test_a_folder_of_train_and_validation_is_understood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_faulty_pairs(tmp_path, crops(30, 128), bicubic)
    assert main(["check", str(tmp_path), "--json", "-", "--quiet"]) == 1
    assert json.loads(capsys.readouterr().out)["counts"] == FAULTS


def test_good_pictures_and_a_contact_sheet(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_crops(tmp_path / "hr", 5)
    recipe = write_recipe(tmp_path, train={"hr": "hr"})
    assert main(["check", str(recipe)]) == 0
    printed = capsys.readouterr()
    assert printed.out == "0 findings in 5 pictures of train\n"
    assert printed.err.endswith(
        "contact sheet: tiny-sheet.png "
        "(left: low resolution, enlarged; right: high resolution)\n"
    )
    sheet = cv2.imread("tiny-sheet.png")
    assert sheet is not None
    # 24 samples of 32 + 2 + 32 pixels and a margin of 8, as 6 rows of 4.
    assert sheet.shape == (6 * (32 + 8) + 8, 4 * (66 + 8) + 8, 3)
    assert main(["check", str(recipe), "--quiet"]) == 0
    cv2.imwrite("mine.png", np.zeros((8, 8, 3), np.uint8))
    assert main(["check", str(recipe), "--sheet", "mine.png"]) == 1
    assert "is no contact sheet of imgan" in capsys.readouterr().err


def test_a_generators_recipe(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = write_crops(tmp_path / "faces", 4, 64)
    cv2.imwrite(
        str(tmp_path / "faces" / "flat.png"), np.full((64, 64, 3), 90, np.uint8)
    )
    cv2.imwrite(str(tmp_path / "faces" / "odd.png"), cv2.imread(str(paths[0]))[:50])
    (tmp_path / "faces" / "zz.png").write_bytes(paths[1].read_bytes())
    values = yaml.safe_load(write_recipe(tmp_path).read_text(encoding="utf-8"))
    values |= {"family": "gan", "data": {"train": "faces", "image_size": 64}}
    del values["scale"], values["generator"]
    Path("gan.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    assert main(["check", "gan.yaml", "--json", "-", "--quiet"]) == 1
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert counts == {"wrong_size": 1, "duplicate": 1, "near_empty": 1}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["absent"], 2, "absent is neither a recipe nor a folder"),
        (["a", "b", "c"], 2, "Expected a recipe, a folder of pictures"),
        (["hr", "--set", "seed=3"], 2, "--set applies to recipes"),
        (["hr", "lr", "--quick"], 2, "--quick applies to recipes"),
        (["lr", "hr"], 2, "Give the high resolution first"),
        (["hr", "empty"], 1, "holds no pictures"),
        (["hr", "--json", "no/such/folder.json"], 1, "cannot be written"),
        (["hr", "--json", "hr/00.png"], 2, "is named like a picture or a clip"),
    ],
)
def test_impossible_requests(
    words: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = write_crops(tmp_path / "hr", 2)
    (tmp_path / "lr").mkdir()
    (tmp_path / "empty").mkdir()
    for path in paths:
        low = bicubic(cv2.imread(str(path)), 0)
        cv2.imwrite(str(tmp_path / "lr" / path.name), low)
    assert main(["check", *words]) == code
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_check_loads_no_framework(tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "cat.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "cat.png"), skimage.data.chelsea())
    code = (
        "import sys; from imgan.cli.main import main\n"
        "status = main(['check', sys.argv[1], '--quiet'])\n"
        "sys.exit('heavy' if {'tensorflow', 'keras'} & set(sys.modules) else status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "0 findings in 1 pictures\n")


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_names_that_are_no_text_do_not_cost_the_report(tmp_path: Path) -> None:
    folder, report = tmp_path / "hr", tmp_path / "report.json"
    folder.mkdir()
    name = os.fsdecode(b"caf\xe9.png")
    (folder / name).write_bytes(b"no picture")
    main(["check", str(folder), "--json", str(report), "--quiet"])
    (finding,) = json.loads(report.read_text(encoding="utf-8"))["findings"]
    assert finding["files"][0].endswith(name)


def test_pictures_of_many_bands(tmp_path: Path) -> None:
    """Sides that are no multiples of a fingerprint's, which OpenCV treats apart."""
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        bands = random.integers(0, 65536, (100, 90, 8), np.uint16)
        write_bands(bands, tmp_path / "in" / f"{name}.tif")
    assert main(["check", str(tmp_path / "in"), "--quiet"]) == 0
