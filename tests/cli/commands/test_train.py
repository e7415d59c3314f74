from pathlib import Path
from typing import Any

import cv2
import pytest
import skimage.data
import yaml

from imgan.cli.main import main


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    (tmp_path / "hr").mkdir()
    cv2.imwrite(str(tmp_path / "hr" / "cat.png"), skimage.data.chelsea()[:96, :128])
    recipe: dict[str, Any] = {
        "name": "tiny",
        "family": "compact",
        "scale": 2,
        "generator": {"num_filters": 4, "num_convs": 1},
        "data": {
            "train": {"hr": str(tmp_path / "hr")},
            "hr_patch_size": 16,
            "batch_size": 2,
        },
        "training": {"steps": 4, "log_every": 2},
    }
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


def test_a_run_prints_its_bundle_and_a_second_call_says_finished(
    recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(recipe_file), "--run-dir", str(tmp_path / "run")]
    assert main(words) == 0
    output = capsys.readouterr()
    assert output.out == f"{tmp_path / 'run' / 'bundle'}\n"
    assert "step 4 generator" in output.err
    report = tmp_path / "run" / "report.html"
    assert output.err.endswith(f"report: {report}\n")
    assert "finished" in report.read_text(encoding="utf-8")
    log = (tmp_path / "run" / "log.txt").read_text()
    assert log.count("step 4 generator") == 1
    assert main(words) == 0
    assert "is finished" in capsys.readouterr().err
    assert main([*words, "--set", "seed=5"]) == 2
    assert "another recipe" in capsys.readouterr().err


def test_dry_run_shows_the_plan_and_leaves_nothing(
    recipe_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(recipe_file), "--dry-run", "--set", "seed=7"]) == 0
    printed = capsys.readouterr().out
    assert "seed: 7" in printed
    assert "training pictures        1" in printed
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.step=3", "unknown key 'training.step'. Did you mean 'steps'?"),
        ("training.steps=many", "training.steps"),
        ("family=compct", "Did you mean 'compact'?"),
        ("generator.num_filter=4", "'generator.num_filter'. Did you mean"),
        ("data.hr_patch_size=17", "must be a multiple of scale (2). Received: 17"),
        ("training.steps", "--set takes key=value. Received: 'training.steps'"),
    ],
)
def test_a_broken_recipe_is_one_line_and_exit_code_2(
    recipe_file: Path, capsys: pytest.CaptureFixture[str], change: str, message: str
) -> None:
    assert main(["train", str(recipe_file), "--dry-run", "--set", change]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1


def test_a_missing_folder_is_one_line_and_exit_code_1(
    recipe_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", str(recipe_file), "--dry-run", "--set", "data.train.hr=absent"]
    assert main(words) == 1
    assert "absent is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["0001", "null", "run #1", "2026-11-30", "it's: new", "\U0001f600"]
)
def test_init_is_a_name_whatever_it_looks_like(
    recipe_file: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(recipe_file), "--dry-run", "--init", name]) == 1
    assert name in capsys.readouterr().err
