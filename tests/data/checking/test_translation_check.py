"""One fault at a time in pairs, combined pictures, manifests, frames and domains."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from imgan.config import Recipe
from imgan.config import validate_recipe
from imgan.data.checking.findings import CheckResult
from imgan.data.checking.translation_check import check_translation
from imgan.data.checking.translation_sets import TranslationSet
from imgan.data.checking.translation_sources import open_combined_folders
from imgan.data.checking.translation_sources import open_pair_folders
from imgan.data.checking.translation_sources import open_translation
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.types import Array
from tests.data.checking.faulty_pairs import crops

_PHOTOS = crops(24, 96)


def save(path: Path, pixels: Array) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    cv2.imwrite(str(path), pixels[..., ::-1] if pixels.ndim == 3 else pixels)


def load(path: Path) -> Array:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image[..., ::-1] if image.ndim == 3 else image


def target(photo: Array) -> Array:
    """Return the negative in grey: as good a truth as any."""
    return 255 - np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    for number, photo in enumerate(_PHOTOS):
        save(tmp_path / "a" / f"p{number:02}.png", photo)
        save(tmp_path / "b" / f"p{number:02}.png", target(photo))
    return tmp_path


@pytest.fixture
def combined(tmp_path: Path) -> Path:
    for number, photo in enumerate(_PHOTOS):
        negative = np.repeat(target(photo)[..., np.newaxis], 3, axis=2)
        save(tmp_path / f"c{number:02}.png", np.hstack([photo, negative]))
    return tmp_path


def recipe_of(train: dict[str, Any], **data: Any) -> Recipe:
    return validate_recipe(
        {
            "name": "tiny",
            "family": "pix2pix",
            "data": {
                "train": {key: str(value) for key, value in train.items()},
                "target": {"channels": 1},
                "image_size": 32,
                "load_size": None,
                **data,
            },
            "training": {"steps": 1},
        }
    )


def domains_of(train: Path, **data: Any) -> Recipe:
    return validate_recipe(
        {
            "name": "tiny",
            "family": "cyclegan",
            "data": {
                "train": {"a": str(train / "a"), "b": str(train / "b")},
                "image_size": 32,
                "load_size": None,
                **data,
            },
            "training": {"steps": 1},
        }
    )


def check(folder: Path) -> CheckResult:
    return check_translation(open_pair_folders([folder]))


def check_recipe(recipe: Recipe) -> CheckResult:
    return check_translation(opened(recipe))


def opened(recipe: Recipe) -> Sequence[TranslationSet]:
    sets = open_translation(recipe)
    assert sets is not None
    return sets


def rows(result: CheckResult) -> list[tuple[str, list[str]]]:
    return [
        (finding.kind, [path.name for path in finding.files])
        for finding in result.findings
    ]


def test_good_pairs_have_no_findings(pairs: Path) -> None:
    seen = []
    result = check_translation(
        open_pair_folders([pairs]), lambda done, total: seen.append((done, total))
    )
    assert rows(result) == []
    assert result.remarks == ()
    assert result.checked == {"pictures": 24}
    assert seen == [(done, 48) for done in range(2, 49, 2)]
    recipe = recipe_of({"a": pairs / "a", "b": pairs / "b"})
    assert rows(check_recipe(recipe)) == []


def test_exchanged_targets_are_named(pairs: Path) -> None:
    one, other = pairs / "b" / "p03.png", pairs / "b" / "p11.png"
    first, second = load(one), load(other)
    save(one, second)
    save(other, first)
    result = check(pairs)
    assert rows(result) == [
        ("swapped", ["p03.png", "p03.png", "p11.png"]),
        ("swapped", ["p11.png", "p11.png", "p03.png"]),
    ]
    assert result.findings[0].message == (
        "b/p03.png belongs to another picture; the B of this one is b/p11.png"
    )
    assert "low-resolution" not in result.advice["swapped"]


def test_exchanged_pictures_of_other_sizes_are_not_wrong_in_size(pairs: Path) -> None:
    a, b = (pairs / side / "p03.png" for side in "ab")
    for path in (a, b):
        save(path, np.ascontiguousarray(load(path)[:80]))
    other = pairs / "b" / "p11.png"
    first, second = load(b), load(other)
    save(b, second)
    save(other, first)
    assert check(pairs).counts == {"swapped": 2}


def test_files_without_a_partner(pairs: Path) -> None:
    """One has another name, which its content tells; one is missing on each side."""
    (pairs / "b" / "p02.png").rename(pairs / "b" / "scan.png")
    (pairs / "b" / "p05.png").unlink()
    (pairs / "a" / "p07.png").unlink()
    result = check(pairs)
    assert rows(result) == [
        ("unpaired", ["p02.png", "scan.png"]),
        ("unpaired", ["p05.png"]),
        ("unpaired", ["p07.png"]),
    ]
    assert result.findings[0].message.endswith("rename that to p02.png")
    assert result.findings[1].message == "no picture of B has this name"
    assert result.findings[2].message == "no picture of A has this name"


def test_partners_of_nearly_one_name(pairs: Path) -> None:
    """In few pairs names alone tell; another number is another picture."""
    for number in range(8, 24):
        for side in "ab":
            (pairs / side / f"p{number:02}.png").unlink()
    (pairs / "b" / "p02.png").rename(pairs / "b" / "p02_map.png")
    (pairs / "b" / "p05.png").rename(pairs / "b" / "p55.png")
    result = check(pairs)
    assert rows(result) == [
        ("unpaired", ["p02.png", "p02_map.png"]),
        ("unpaired", ["p05.png"]),
        ("unpaired", ["p55.png"]),
    ]
    assert "that takes 16 pairs, and there are 6" in result.remarks[0]


def test_files_that_do_not_suit(pairs: Path) -> None:
    (pairs / "b" / "p01.png").write_bytes(b"no picture")
    b = pairs / "b"
    save(b / "p02.png", np.ascontiguousarray(load(b / "p02.png")[:90]))
    save(b / "p03.png", load(b / "p03.png").astype(np.uint16) * 257)
    save(b / "p04.png", np.full((96, 96), 50, np.uint8))
    for side in "ab":
        path = pairs / side / "p05.png"
        save(path, np.ascontiguousarray(load(path)[:, :20]))
    recipe = recipe_of({"a": pairs / "a", "b": pairs / "b"})
    result = check_recipe(recipe)
    assert rows(result) == [
        ("unreadable", ["p01.png"]),
        ("wrong_size", ["p02.png", "p02.png"]),
        ("near_empty", ["p04.png"]),
        ("depth", ["p03.png"]),
        ("small", ["p05.png"]),
    ]
    assert result.findings[1].message == "is 96x96, but b/p02.png is 96x90"
    assert "data.load_size" in result.advice["small"]
    larger = recipe_of({"a": pairs / "a", "b": pairs / "b"}, load_size=40)
    assert "small" not in check_recipe(larger).counts


def test_channels_that_training_does_not_convert(pairs: Path) -> None:
    recipe = recipe_of(
        {"a": pairs / "a", "b": pairs / "b"},
        target={"channels": 1, "value_range": [0, 255]},
    )
    assert rows(check_recipe(recipe)) == []
    path = pairs / "b" / "p06.png"
    save(path, np.repeat(load(path)[..., np.newaxis], 3, axis=2))
    (finding,) = check_recipe(recipe).findings
    assert finding.kind == "channels"
    assert finding.message == "is RGB; expected grey, as data.target.channels says"
    narrow = recipe_of(
        {"a": pairs / "a", "b": pairs / "b"},
        target={"channels": 1, "value_range": [0, 1]},
    )
    result = check_recipe(narrow)
    assert result.counts["values"] == 24
    assert "data.target.value_range=[0, 1]" in result.findings[0].message


def test_copies_of_pairs_and_two_targets_of_one_source(pairs: Path) -> None:
    for side in "ab":
        save(pairs / side / "p23.png", load(pairs / side / "p00.png"))
    save(pairs / "a" / "p09.png", load(pairs / "a" / "p08.png"))
    changed = load(pairs / "b" / "p08.png").copy()
    changed[:40] = 255 - changed[:40]
    save(pairs / "b" / "p09.png", changed)
    result = check(pairs)
    assert rows(result) == [
        ("duplicate", ["p23.png", "p00.png"]),
        ("ambiguous", ["p09.png", "p08.png"]),
    ]


def test_validation_on_what_is_trained_on(pairs: Path, tmp_path: Path) -> None:
    held_out = tmp_path / "held"
    for side in "ab":
        save(held_out / side / "x.png", load(pairs / side / "p04.png"))
    recipe = recipe_of(
        {"a": pairs / "a", "b": pairs / "b"},
        validation={"a": str(held_out / "a"), "b": str(held_out / "b")},
    )
    assert rows(check_recipe(recipe)) == [("leak", ["x.png", "p04.png"])]


def test_combined_pictures(combined: Path) -> None:
    assert rows(check_translation(open_combined_folders([combined]))) == []
    paths = sorted(combined.iterdir())
    one, other = load(paths[2]).copy(), load(paths[6]).copy()
    one[:, 96:], other[:, 96:] = other[:, 96:].copy(), one[:, 96:].copy()
    save(paths[2], one)
    save(paths[6], other)
    save(paths[9], np.ascontiguousarray(load(paths[9])[:, :-1]))
    paths[12].write_bytes(b"")
    result = check_translation(open_combined_folders([combined]))
    assert rows(result) == [
        ("unreadable", ["c12.png"]),
        ("swapped", ["c02.png", "c06.png"]),
        ("swapped", ["c06.png", "c02.png"]),
        ("wrong_size", ["c09.png"]),
    ]
    assert "the right half of" in result.findings[1].message
    assert result.findings[3].message == "is 191x96: an odd width has no halves"


def test_rows_of_a_manifest_that_name_nothing(pairs: Path) -> None:
    lines = [f"a/p{number:02}.png,b/p{number:02}.png" for number in range(20)]
    faulty = ["a/gone.png,b/p20.png", "a/p21.png,", lines[3]]
    manifest = pairs / "pairs.csv"
    manifest.write_text("\n".join(["a,b", *lines]), encoding="utf-8")
    recipe = recipe_of({"manifest": manifest})
    assert rows(check_recipe(recipe)) == []
    manifest.write_text("\n".join(["a,b", *lines, *faulty]), encoding="utf-8")
    result = check_recipe(recipe)
    assert result.counts == {"missing": 2, "duplicate": 1}
    assert {finding.message for finding in result.findings} == {
        f"line 22 names {pairs / 'a' / 'gone.png'}, which is not there",
        "line 23 names no B",
        "line 24 repeats line 5",
    }
    manifest.write_text("first,second\n", encoding="utf-8")
    with pytest.raises(DataError, match="names the columns a and b"):
        opened(recipe)


def test_a_manifest_with_an_open_quote_says_so(pairs: Path) -> None:
    lines = [f"a/p{number:02}.png,b/p{number:02}.png" for number in range(20)]
    lines[3] = '"' + lines[3]
    manifest = pairs / "pairs.csv"
    manifest.write_text("\n".join(["a,b", *lines]), encoding="utf-8")
    with pytest.raises(DataError, match="is not valid CSV"):
        check_recipe(recipe_of({"manifest": manifest}))


def test_frames_of_other_sizes(tmp_path: Path) -> None:
    """Frames look alike and that is right."""
    photo = crops(1, 128)[0]
    for number in range(8):
        frame = np.ascontiguousarray(photo[number : number + 96, :96])
        save(tmp_path / f"f{number}.png", frame if number != 5 else frame[:90])
    recipe = recipe_of({"frames": tmp_path}, target={"channels": 3})
    result = check_recipe(recipe)
    assert rows(result) == [("wrong_size", ["f5.png"])]
    assert result.findings[0].message == "is 96x90, most other frames 96x96"


def test_domains_need_no_partners(tmp_path: Path) -> None:
    for number, photo in enumerate(_PHOTOS):
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        save(path, photo if number % 2 else 255 - photo)
    recipe = domains_of(tmp_path)
    assert rows(check_recipe(recipe)) == []
    save(tmp_path / "b" / "same.png", load(tmp_path / "a" / "2.png"))
    save(tmp_path / "b" / "twice.png", load(tmp_path / "b" / "3.png"))
    save(tmp_path / "b" / "red.png", np.full((96, 96, 3), (200, 0, 0), np.uint8))
    assert rows(check_recipe(recipe)) == [
        ("duplicate", ["twice.png", "3.png"]),
        ("both_domains", ["same.png", "2.png"]),
        ("near_empty", ["red.png"]),
    ]


def test_domains_of_one_scene_in_two_looks_share_nothing(pairs: Path) -> None:
    """The unpaired form of pairs: colours tell that no picture is in both."""
    recipe = domains_of(pairs, b={"channels": 1})
    assert rows(check_recipe(recipe)) == []


def test_maps_of_few_numbers_are_not_empty(pairs: Path) -> None:
    for path in (pairs / "b").iterdir():
        save(path, load(path) // 16)
    assert rows(check(pairs)) == []


def test_folders_that_cannot_be_pairs(pairs: Path) -> None:
    with pytest.raises(DataError, match="are the same folder"):
        open_pair_folders([pairs / "a", pairs / "a"])
    with pytest.raises(DataError, match="has no folders A and B inside"):
        open_pair_folders([pairs / "a"])
    with pytest.raises(UsageError, match="Received 3 folders"):
        open_pair_folders([pairs] * 3)
    with pytest.raises(UsageError, match="one folder"):
        open_combined_folders([pairs] * 2)
