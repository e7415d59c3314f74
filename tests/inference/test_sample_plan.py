"""What `imgan sample` will write, decided from the card alone."""

from pathlib import Path

import pytest

from imgan.bundles.card import Card
from imgan.bundles.card import LatentSpec
from imgan.errors import CheckpointError
from imgan.errors import OutputError
from imgan.errors import UsageError
from imgan.inference.sample_plan import SampleOptions
from imgan.inference.sample_plan import folder_name
from imgan.inference.sample_plan import plan_samples
from tests.inference.networks import card as other_card


def card(**changes: object) -> Card:
    latent = LatentSpec(dim=5, distribution="normal")
    values = {"task": "generation", "latent": latent, "image_size": (8, 8)}
    return other_card(**{**values, "labels": ["cat", "dog", "cow"], **changes})


def test_files_of_every_label(tmp_path: Path) -> None:
    plan = plan_samples(card(), tmp_path / "out", SampleOptions(count=2))
    names = [path.relative_to(tmp_path).as_posix() for path in plan.files()]
    assert names == [
        f"out/{label}/0000{index}.png"
        for label in ("cat", "dog", "cow")
        for index in range(2)
    ]
    assert plan.total == 6
    assert not (tmp_path / "out").exists()


def test_chosen_labels_keep_their_numbers(tmp_path: Path) -> None:
    options = SampleOptions(count=1, labels=("cow", "cat", "cow"))
    plan = plan_samples(card(), tmp_path, options)
    assert plan.groups == ((2, tmp_path / "cow"), (0, tmp_path / "cat"))


def test_without_labels(tmp_path: Path) -> None:
    options = SampleOptions(count=3, between=4)
    plan = plan_samples(card(labels=None), tmp_path, options)
    assert plan.groups == ((None, tmp_path),)
    assert plan.total == 3 + 2 * 4
    assert [path.name for path in plan.files()][-1] == "00010.png"


@pytest.mark.parametrize(
    ("labels", "options", "shape"),
    [
        (True, SampleOptions(count=7), (3, 7)),
        (True, SampleOptions(count=7, labels=("cat",)), (3, 3)),
        (True, SampleOptions(count=4, between=6), (9, 8)),
        (False, SampleOptions(count=64), (8, 8)),
        (False, SampleOptions(count=10), (3, 4)),
        (False, SampleOptions(count=1), (1, 1)),
        (False, SampleOptions(count=4, between=1), (3, 3)),
    ],
)
def test_shape_of_the_grid(
    labels: bool, options: SampleOptions, shape: tuple[int, int], tmp_path: Path
) -> None:
    which = card() if labels else card(labels=None)
    assert plan_samples(which, tmp_path, options).shape == shape


def test_the_grid_is_one_file(tmp_path: Path) -> None:
    options = SampleOptions(grid=True)
    inside = plan_samples(card(), tmp_path / "out", options)
    assert list(inside.files()) == [tmp_path / "out" / "grid.png"]
    named = plan_samples(card(), tmp_path / "all.PNG", options)
    assert list(named.files()) == [tmp_path / "all.PNG"]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("seven of nine", "seven of nine"),
        ("größer, 大きい", "größer, 大きい"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        (".hidden", "%2Ehidden"),
        ("../../etc", "%2E.%2F..%2Fetc"),
        ("/etc/passwd", "%2Fetc%2Fpasswd"),
        ("C:\\dir", "C%3A%5Cdir"),
        ("a\0b\nc", "a%00b%0Ac"),
        ("\ud800", "%ED%A0%80"),
        ("100%", "100%25"),
        ("a%2Fb", "a%252Fb"),
        ("end.", "end%2E"),
        ("end ", "end%20"),
        ("CON", "%43ON"),
        ("nul.txt", "%6Eul.txt"),
        ("console", "console"),
    ],
)
def test_labels_are_safe_names(label: str, name: str, tmp_path: Path) -> None:
    assert folder_name(label) == name
    plan = plan_samples(card(labels=[label]), tmp_path, SampleOptions())
    assert plan.groups[0][1].resolve().parent == tmp_path.resolve()


def test_an_empty_label_has_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"do not give a folder .*: a, ''"):
        plan_samples(card(labels=["a", ""]), tmp_path, SampleOptions())


@pytest.mark.parametrize(
    ("which", "output", "options", "message"),
    [
        ({}, "o", {"labels": ("cot",)}, "no label 'cot'. Did you mean 'cat'?|'cow'?"),
        ({}, "o", {"labels": ("x",)}, "Labels: cat, dog, cow"),
        ({"labels": None}, "o", {"labels": ("cat",)}, "no labels; leave --label out"),
        ({}, "o", {"between": 2, "count": 1}, "--count must be at least 2"),
        ({}, "o", {"truncation": 0.0}, "--truncation must be above 0. Received: 0"),
        ({}, "o", {"truncation": float("nan")}, "--truncation must be above 0"),
        ({}, "o.png", {}, "o.png is a picture's name, .* Name a folder, or add --grid"),
        ({}, "o.jpg", {"grid": True}, "The grid is a PNG file"),
        ({}, "file", {}, "file is a file; expected a folder"),
        ({}, "o", {"grid": True, "count": 10**7}, "too large for one file"),
    ],
)
def test_contradictions(
    which: dict[str, object],
    output: str,
    options: dict[str, object],
    message: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=message):
        plan_samples(card(**which), tmp_path / output, SampleOptions(**options))  # type: ignore[arg-type]


def test_labels_of_one_spelling_are_apart_only_where_they_are_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that ignores case; a grid and one label need no second folder."""
    monkeypatch.setattr("imgan.io.collisions.ignores_case", lambda folder: True)
    letters = card(labels=["A", "a"])
    with pytest.raises(CheckpointError, match="a folder of its own to each: A, a"):
        plan_samples(letters, tmp_path, SampleOptions())
    for options in (SampleOptions(grid=True), SampleOptions(labels=("a",))):
        plan_samples(letters, tmp_path, options)


def test_many_labels_are_not_all_listed(tmp_path: Path) -> None:
    labels = [f"\a{index}" for index in range(30)]
    with pytest.raises(UsageError, match=r"Labels: \\x070, .*\\x0719 and 10 more$"):
        plan_samples(card(labels=labels), tmp_path, SampleOptions(labels=("q",)))


def test_pictures_that_no_file_holds(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="of 4 channels; files need 1 or 3"):
        plan_samples(card(output_channels=4), tmp_path, SampleOptions())


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "dog").mkdir()
    for name in ("00001.png", "00003.png", "00004.png"):
        (tmp_path / "dog" / name).touch()
    options = SampleOptions(count=4)
    expected = r"dog.00001\.png is there already \(and 1 more\)\. Add --overwrite"
    with pytest.raises(OutputError, match=expected):
        plan_samples(card(), tmp_path, options)
    plan_samples(card(), tmp_path, SampleOptions(count=4, overwrite=True))
    plan_samples(card(), tmp_path, SampleOptions(count=1))


def test_a_file_where_a_folder_must_be(tmp_path: Path) -> None:
    (tmp_path / "cow").touch()
    with pytest.raises(OutputError, match="Cannot write into .*cow: .*cow is a file"):
        plan_samples(card(), tmp_path, SampleOptions())
