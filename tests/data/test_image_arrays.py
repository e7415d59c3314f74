import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from imgan.data.image_arrays import read_npz
from imgan.data.images import open_images
from imgan.errors import DataError
from imgan.types import Array


def photos(count: int) -> Array:
    """Pieces of a photograph, `(count, 12, 12, 3)` uint8."""
    photo = skimage.data.astronaut()
    return np.stack([photo[40 * n : 40 * n + 12, 200:212] for n in range(count)])


def written(folder: Path, **arrays: object) -> Path:
    np.savez(folder / "data.npz", **arrays)  # type: ignore[arg-type]
    return folder / "data.npz"


@pytest.mark.parametrize("names", [("images", "labels"), ("x_train", "y_train")])
def test_pictures_and_labels_are_read_by_either_name(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    arrays = dict(zip(names, (photos(4), [[3], [7], [3], [5]]), strict=True))
    path = written(tmp_path, **arrays, other=np.zeros(3))
    store = open_images(str(path), image_size=12, channels=3)
    np.testing.assert_array_equal(np.stack([store[n] for n in range(4)]), photos(4))
    assert store.labels is not None
    assert store.labels.tolist() == [0, 2, 0, 1]
    assert store.label_names == ("3", "5", "7")
    assert store.name(2) == f"{path}[2]"


@pytest.mark.parametrize("dtype", ["U3", "S3"])
def test_labels_may_be_text(tmp_path: Path, dtype: str) -> None:
    labels = np.array(["owl", "ant"]).astype(dtype)
    arrays = read_npz(written(tmp_path, images=photos(2), labels=labels))
    assert arrays.label_names == ("ant", "owl")
    assert arrays.labels is not None
    assert arrays.labels.tolist() == [1, 0]


def test_float64_becomes_float32_and_sixteen_bits_stay(tmp_path: Path) -> None:
    floats = read_npz(written(tmp_path, images=photos(2)[..., 0] / 255.0))
    assert floats.images.dtype == np.float32
    assert floats.images.max() == np.float32(photos(2)[..., 0].max() / 255.0)
    deep = photos(2).astype(np.uint16) * 256 + 1
    np.testing.assert_array_equal(read_npz(written(tmp_path, images=deep)).images, deep)


def test_arrays_of_another_size_are_refused_or_adapted(tmp_path: Path) -> None:
    path = written(tmp_path, images=photos(3))
    with pytest.raises(DataError, match=r"npz\[0\] is 12x12 \(and 2 .*data\.adapt"):
        open_images(str(path), image_size=16, channels=3)
    store = open_images(str(path), image_size=16, channels=1, adapt=True)
    assert store[0].shape == (16, 16, 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": photos(2)}, r"no array named images .*Received: pictures"),
        ({"images": photos(2)[0, 0]}, r"must have shape .*Received: \(12, 3\)"),
        ({"images": photos(2).transpose(0, 3, 1, 2)}, r"Received: \(2, 3, 12, 12\)"),
        ({"images": photos(2)[:0]}, r"holds no pictures"),
        ({"images": photos(2) / 1.0}, r"float64 from \d+ to 2\d\d; expected uint8"),
        ({"images": photos(2).astype(int)}, r"int64 from \d+ to 2\d\d; expected"),
        ({"images": photos(2) == 0}, r"holds bool; expected"),
        (
            {"images": photos(3), "labels": [0, 1]},
            r"one label for each of the 3 pictures\. Received shape: \(2,\)",
        ),
        ({"images": photos(2), "labels": [0.0, 1.5]}, r"integers or text.*float64"),
    ],
)
def test_unsuitable_arrays_are_refused_with_the_file(
    tmp_path: Path, arrays: dict[str, object], message: str
) -> None:
    path = written(tmp_path, **arrays)
    with pytest.raises(DataError, match=f"{re.escape(str(path))}.*{message}"):
        read_npz(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named_by_index(
    tmp_path: Path, value: float
) -> None:
    images = photos(4) / 255.0
    images[2, 5, 6, 1] = value
    with pytest.raises(DataError, match=r"data\.npz\[2\] holds a value that is not f"):
        read_npz(written(tmp_path, images=images))


def test_python_objects_are_never_loaded(tmp_path: Path) -> None:
    path = written(tmp_path, images=np.array([{}, {}], dtype=object))
    with pytest.raises(DataError, match=r"Python objects, which are never loaded"):
        read_npz(path)


def damaged_files() -> dict[str, bytes]:
    whole, bare, foreign = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez_compressed(whole, images=photos(4))
    np.save(bare, photos(2))
    with zipfile.ZipFile(foreign, "w") as archive:
        archive.writestr("images", "no array")
    good = whole.getvalue()
    middle = len(good) // 2
    return {
        "truncated": good[:middle],
        "changed": good[:middle] + b"\0" * 9 + good[middle + 9 :],
        "empty": b"",
        "text": b"these are no pictures",
        "bare": bare.getvalue(),
        "foreign": foreign.getvalue(),
    }


@pytest.mark.parametrize("kind", damaged_files())
def test_a_damaged_file_is_named_in_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(damaged_files()[kind])
    with pytest.raises(DataError, match=re.escape(str(path))) as caught:
        open_images(str(path), image_size=12, channels=3)
    assert "\n" not in str(caught.value)
    assert "Python objects" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.npz does not exist"):
        read_npz(tmp_path / "nothing.npz")
