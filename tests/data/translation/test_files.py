from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imgan.config.pix2pix import Pix2PixRecipe
from imgan.data.translation import TranslationFiles
from imgan.data.translation import list_translation_pairs
from imgan.data.translation.files import unique_names
from imgan.errors import DataError
from imgan.errors import ImageReadError
from tests.data.translation.helpers import paired
from tests.data.translation.helpers import save


def grey(height: int = 20, width: int = 24) -> np.ndarray:
    return np.zeros((height, width), np.uint8)


def listed(recipe: Pix2PixRecipe) -> tuple[TranslationFiles, ...]:
    return list_translation_pairs(recipe.data.train, recipe.data)


def files(pair: TranslationFiles) -> list[tuple[str, str]]:
    """Return folder and name of every file of a pair, and which half it is."""
    return [
        (f"{one.path.parent.name}/{one.path.name}", one.half)
        for one in (*pair.source, pair.target)
    ]


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    for name in ("1", "2", "10"):
        save(tmp_path / "a" / f"{name}.png", grey())
        save(tmp_path / "b" / f"{name}.tif", grey())
    return {"a": tmp_path / "a", "b": tmp_path / "b"}


def test_two_folders_are_matched_by_name_whatever_the_suffix(
    folders: dict[str, Path],
) -> None:
    pairs = listed(paired(folders))
    assert [pair.name for pair in pairs] == ["1", "10", "2"]
    assert files(pairs[1]) == [("a/10.png", "whole"), ("b/10.tif", "whole")]


def test_a_direction_exchanges_source_and_target(folders: dict[str, Path]) -> None:
    pairs = listed(paired(folders, direction="b_to_a"))
    assert files(pairs[0]) == [("b/1.tif", "whole"), ("a/1.png", "whole")]


@pytest.mark.parametrize(
    ("direction", "source", "target"),
    [("a_to_b", "left", "right"), ("b_to_a", "right", "left")],
)
def test_halves_of_combined_pictures(
    tmp_path: Path, direction: str, source: str, target: str
) -> None:
    save(tmp_path / "ab" / "x.png", grey(16, 32))
    pairs = listed(paired({"combined": tmp_path / "ab"}, direction=direction))
    assert files(pairs[0]) == [("ab/x.png", source), ("ab/x.png", target)]


def test_frames_are_in_natural_order_and_the_next_is_the_target(
    tmp_path: Path,
) -> None:
    for number in (1, 2, 9, 10, 11):
        save(tmp_path / "clip" / f"f{number}.png", grey())
    pairs = listed(paired({"frames": tmp_path / "clip"}, num_frames=2))
    assert [[path[5:-4] for path, _ in files(pair)] for pair in pairs] == [
        ["f1", "f2", "f9"],
        ["f2", "f9", "f10"],
        ["f9", "f10", "f11"],
    ]
    assert [pair.name for pair in pairs] == ["f9", "f10", "f11"]


def test_pictures_of_which_the_source_is_made(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "x.png", grey())
    recipe = paired(
        {"pictures": tmp_path / "photos"}, make="grey", source={"channels": 1}
    )
    assert files(listed(recipe)[0]) == [("photos/x.png", "whole")]


def test_rows_of_a_manifest(folders: dict[str, Path], tmp_path: Path) -> None:
    """Columns in any order beside others, a mark at the beginning, quoted, blanks."""
    manifest = tmp_path / "pairs.csv"
    manifest.write_text(
        '\ufeffsplit, B ,a\nx,b/2.tif, a/1.png\n\ny,"b/1.tif",a/1.png\n',
        encoding="utf-8",
    )
    pairs = listed(paired({"manifest": manifest}))
    assert [files(pair) for pair in pairs] == [
        [("a/1.png", "whole"), ("b/2.tif", "whole")],
        [("a/1.png", "whole"), ("b/1.tif", "whole")],
    ]
    assert len({pair.name for pair in pairs}) == 2


def test_names_are_numbered_until_none_comes_twice(tmp_path: Path) -> None:
    """The second `a` is no `a_2`, which is there already, but `a_3`."""
    stems = ("a", "a", "a_2", "a", "b")
    paths = [tmp_path / f"{stem}.png" for stem in stems]
    assert unique_names(paths, tmp_path) == ["a", "a_3", "a_2", "a_4", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a;b\n", r"columns a and b, once each. Received: a;b. Separate .* commas"),
        (b"", "Received: nothing"),
        (b"a,b,a\n", "once each. Received: a,b,a"),
        (b"a,b\n", "names no pairs"),
        (b"a,b\na/1.png\n,b/1.tif\n", "line 2 has no b; line 3 has no a. Paths are"),
        (
            b"a,b\na/1.png,b/1.tif\n\na/1.png,b/9.tif\n",
            r"line 4: no file .*b/9.tif\. Paths are relative to",
        ),
        (
            b"a,b\na/1.png,b/1.tif\na/2.png,b/2.tif\na/1.png,b/1.tif\n",
            "line 4 repeats line 2",
        ),
        (b"a,b\n" + b"a/x.png,b/1.tif\n" * 7, "; and 8 more. Paths"),
        (b"a,b\n\xff\xfe,x\n", "not in UTF-8"),
        (b'a,b\n"a/1.png,b/1.tif\n', "not valid CSV"),
    ],
)
def test_faults_of_a_manifest_are_named_by_their_line(
    folders: dict[str, Path], tmp_path: Path, text: bytes, message: str
) -> None:
    manifest = tmp_path / "pairs.csv"
    manifest.write_bytes(text)
    with pytest.raises(DataError, match=f"pairs.csv.*{message}"):
        listed(paired({"manifest": manifest}))


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"manifest .*none\.csv: No such file"):
        listed(paired({"manifest": tmp_path / "none.csv"}))


def _lose(folders: dict[str, Path]) -> None:
    (folders["b"] / "2.tif").unlink()
    save(folders["b"] / "3.png", grey())


def _resize(folders: dict[str, Path]) -> None:
    save(folders["b"] / "2.tif", grey(20, 25))


def _damage(folders: dict[str, Path]) -> None:
    (folders["b"] / "2.tif").write_text("no picture")


def _shrink(folders: dict[str, Path]) -> None:
    save(folders["a"] / "2.png", grey(15, 40))
    save(folders["b"] / "2.tif", grey(15, 40))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_lose, r"in .*a, 1 without a partner: 2\.png; in .*b, 1 .*: 3\.png"),
        (_resize, r"1 of 3 pairs have .* sizes: a/2\.png 24x20 and b/2\.tif 25x20"),
        (_shrink, r"1 of 3 pairs are smaller than data.image_size=16: 2 \(40x15\)"),
    ],
)
def test_faulty_pairs_are_named(
    folders: dict[str, Path],
    spoil: Callable[[dict[str, Path]], None],
    message: str,
) -> None:
    spoil(folders)
    with pytest.raises(DataError, match=message):
        listed(paired(folders))


def test_a_file_that_is_no_picture_is_named(folders: dict[str, Path]) -> None:
    _damage(folders)
    with pytest.raises(ImageReadError, match=r"2\.tif"):
        listed(paired(folders))


def test_small_pairs_may_be_held_out_or_enlarged(folders: dict[str, Path]) -> None:
    _shrink(folders)
    recipe = paired(folders)
    assert len(list_translation_pairs(recipe.data.train, recipe.data, held_out=True))
    assert len(listed(paired(folders, load_size=20))) == 3


def test_both_sides_in_one_folder(folders: dict[str, Path]) -> None:
    with pytest.raises(DataError, match="same folder"):
        listed(paired({"a": folders["a"], "b": folders["a"]}))


def test_pictures_that_have_no_halves(tmp_path: Path) -> None:
    save(tmp_path / "ab" / "x.png", grey(16, 32))
    save(tmp_path / "ab" / "y.png", grey(16, 33))
    with pytest.raises(DataError, match=r"1 of 2 .*ab have no halves.*y\.png \(33x16"):
        listed(paired({"combined": tmp_path / "ab"}))


def test_frames_of_two_sizes_and_too_few(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / "clip" / f"{number}.png", grey())
    train = {"frames": tmp_path / "clip"}
    with pytest.raises(DataError, match=r"3 pictures; expected more than .*frames=3"):
        listed(paired(train))
    save(tmp_path / "clip" / "1.png", grey(16, 16))
    with pytest.raises(DataError, match=r"1\.png 16x16 and clip/2\.png 24x20"):
        listed(paired(train, num_frames=1))


def test_an_empty_or_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        listed(paired({"combined": tmp_path / "none"}))
    with pytest.raises(DataError, match="holds no pictures"):
        listed(paired({"pictures": tmp_path}, make="grey", source={"channels": 1}))
