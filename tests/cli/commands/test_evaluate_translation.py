"""`imgan evaluate` of a network that makes negatives."""

import json
import math
import re
from pathlib import Path

import pytest

from imgan.cli.main import main
from imgan.errors import UsageError
from imgan.evaluate import evaluate
from imgan.evaluate import evaluate_translation
from tests.evaluate.negatives import photograph
from tests.evaluate.negatives import put
from tests.evaluate.negatives import put_pairs
from tests.inference.translators import save_negative


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_negative(tmp_path_factory.mktemp("models") / "negative")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    return put_pairs(tmp_path)


def test_json_table_and_page(
    folders: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(folders / "target"), "--model", model, "--quiet"]
    words += ["--source-dir", str(folders / "source")]
    page, file = folders / "page.html", folders / "scores.json"
    assert main([*words, "--json", str(file), "--html", str(page)]) == 0
    told = capsys.readouterr().out
    assert re.search(r"^mean negative +0\.0157 +52\.98 +0\.9\d+$", told, re.MULTILINE)
    assert "mean identity" in told
    assert "L1 in units of [-1, 1]" in told
    values = json.loads(file.read_text())
    assert list(values) == [
        *("model", "task", "protocol", "images", "mean", "identity"),
        *("mean_target", "features"),
    ]
    assert values["mean"]["l1"] == pytest.approx(2 * 2 / 255)
    # Decibels of 4, 1, 3 and 2 levels, and what an equal picture scores.
    decibels = [20 * math.log10(255 / off) for off in (4, 1, 3, 2)]
    assert values["mean"]["psnr"] == pytest.approx((sum(decibels) + 100) / 5)
    html = page.read_text(encoding="utf-8")
    assert html.count("<img") == 5 * 3
    order = [
        html.index(f"{why} by L1: {name} ")
        for why, name in (("worst", 0), ("median", 4), ("best", 3))
    ]
    assert order == sorted(order)
    assert "mean target" in html
    assert not re.search(r'(src|href)="(?!data:)', html)


@pytest.mark.parametrize(
    ("more", "code", "expected"),
    [
        (["--scale", "2"], 2, "--scale does not apply"),
        (["--count", "20"], 2, "--count does not apply"),
        (["--direction", "up"], 2, "--direction must be one of"),
        (["--source-dir", "source", "--direction", "a_to_b"], 2, "--direction is for"),
        (["--source-dir", "few"], 1, "without a partner"),
        (["--html", "no/page.html"], 1, "--html no/page.html cannot be written"),
        (["--features", "absent.h5"], 1, "absent.h5"),
    ],
)
@pytest.mark.usefixtures("folders")
def test_wrong_words(
    tmp_path: Path,
    model: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    code: int,
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    put(Path("few") / "1.png", photograph(1))
    assert main(["evaluate", "target", "--model", model, "--quiet", *more]) == code
    assert expected in capsys.readouterr().err


def test_options_of_translation_are_for_translation(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(tmp_path), "--model", "bicubic"]
    for option in (["--source-dir", "x"], ["--full-size"], ["--html", "x"]):
        assert main([*words, *option]) == 2
        assert f"{option[0]} does not apply to bicubic" in capsys.readouterr().err
    with pytest.raises(UsageError, match="evaluate_translation"):
        evaluate(tmp_path, model=model)
    with pytest.raises(UsageError, match="does not translate"):
        evaluate_translation(tmp_path, model="bicubic")
