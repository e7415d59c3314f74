from pathlib import Path

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.checkpoint import read_checkpoint
from tests.importing.ncnn_writer import NcnnWriter
from tests.importing.ncnn_writer import compact
from tests.importing.ncnn_writer import rrdb


def check(found: dict[str, np.ndarray], writer: NcnnWriter) -> None:
    """Check the numbers, whose order in the file is that of the names."""
    assert len(found) == len(writer.tensors)
    for (name, one), two in zip(found.items(), writer.tensors, strict=True):
        np.testing.assert_array_equal(one, two, err_msg=name)
        assert one.dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float16", "scaled"])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_compact(tmp_path: Path, dtype: str, scale: int) -> None:
    # Nine channels: the half weights of a layer do not fill whole words.
    writer = NcnnWriter(dtype)
    compact(writer, scale, width=9, depth=2)
    found = read_checkpoint(writer.save(tmp_path))
    assert found.layout == "ncnn model"
    assert list(found.tensors) == [
        "body.0.weight",
        "body.0.bias",
        "body.1.weight",
        "body.2.weight",
        "body.2.bias",
        "body.3.weight",
        "body.4.weight",
        "body.4.bias",
        "body.5.weight",
        "body.6.weight",
        "body.6.bias",
    ]
    assert found.tensors["body.6.weight"].shape == (3 * scale**2, 9, 3, 3)
    check(found.tensors, writer)


@pytest.mark.parametrize("fused", [True, False])
def test_rrdb(tmp_path: Path, fused: bool) -> None:
    writer = NcnnWriter("float16", fused)
    rrdb(writer, blocks=2)
    found = read_checkpoint(writer.save(tmp_path)).tensors
    names = [name.removesuffix(".weight") for name in found if name.endswith("weight")]
    assert names[:7] == [
        "conv_first",
        *(f"body.0.rdb1.conv{n}" for n in range(1, 6)),
        "body.0.rdb2.conv1",
    ]
    assert names[15:17] == ["body.0.rdb3.conv5", "body.1.rdb1.conv1"]
    assert names[30:] == [
        "body.1.rdb3.conv5",
        "conv_body",
        "conv_up1",
        "conv_up2",
        "conv_hr",
        "conv_last",
    ]
    check(found, writer)


@pytest.mark.parametrize(("ups", "last"), [(0, 4), (1, 7), (3, 13)])
def test_rrdb_of_other_scales_has_the_names_that_tell_it(
    tmp_path: Path, ups: int, last: int
) -> None:
    writer = NcnnWriter()
    rrdb(writer, ups)
    found = read_checkpoint(writer.save(tmp_path)).tensors
    names = [name.removesuffix(".weight") for name in found if name.endswith("weight")]
    assert names[0] == "model.0"
    assert names[15] == "model.1.sub.0.RDB3.conv5.0"
    ends = [f"model.{3 * n}" for n in range(1, ups + 1)]
    assert names[16:] == ["model.1.sub.1", *ends, f"model.{last - 2}", f"model.{last}"]
    check(found, writer)


def test_rrdb_on_an_unshuffled_picture(tmp_path: Path) -> None:
    writer = NcnnWriter()
    rrdb(writer, unshuffle=2)
    found = read_checkpoint(writer.save(tmp_path)).tensors
    assert found["conv_first.weight"].shape == (8, 12, 3, 3)
    assert "conv_up2.bias" in found


def test_either_file_may_be_given(tmp_path: Path) -> None:
    writer = NcnnWriter("float16")
    compact(writer)
    path = writer.save(tmp_path, "net.ncnn")
    check(read_checkpoint(path.with_suffix(".bin")).tensors, writer)


@pytest.mark.parametrize("suffix", [".param", ".bin"])
def test_one_file_without_the_other(tmp_path: Path, suffix: str) -> None:
    writer = NcnnWriter()
    compact(writer)
    path = writer.save(tmp_path)
    other = {".param": ".bin", ".bin": ".param"}[suffix]
    path.with_suffix(other).unlink()
    with pytest.raises(CheckpointError, match=f"other one beside it, net{other}"):
        read_checkpoint(path.with_suffix(suffix))


def test_int8_is_refused_by_name(tmp_path: Path) -> None:
    writer = NcnnWriter("int8")
    compact(writer)
    with pytest.raises(
        CheckpointError, match="layer Convolution_4 are int8; supported"
    ):
        read_checkpoint(writer.save(tmp_path))
    writer = NcnnWriter()
    writer.convolution("data", 3, 8, more=" 8=2")
    with pytest.raises(CheckpointError, match="its weights are int8"):
        read_checkpoint(writer.save(tmp_path))


def test_weights_of_unknown_type(tmp_path: Path) -> None:
    writer = NcnnWriter()
    compact(writer)
    path = writer.save(tmp_path)
    path.with_suffix(".bin").write_bytes(b"\1\2\3\4" + writer.data[4:])
    with pytest.raises(CheckpointError, match="of unknown type 0x04030201"):
        read_checkpoint(path)


@pytest.mark.parametrize("change", [-1, -4000, 4])
def test_files_that_do_not_belong_together(tmp_path: Path, change: int) -> None:
    writer = NcnnWriter()
    compact(writer)
    path = writer.save(tmp_path)
    data = writer.data + bytes(change) if change > 0 else writer.data[:change]
    path.with_suffix(".bin").write_bytes(data)
    with pytest.raises(CheckpointError, match="truncated|do not belong together"):
        read_checkpoint(path)


REFUSED = {
    "residual": (
        {"residual": 0.1},
        "after layer Convolution_11 expected a sum that we",
    ),
    "slope": ({"slope": 0.1}, "after layer Convolution_3 expected a LeakyReLU of slop"),
    "ups": ({"ups": 4}, "has 23 convolutions and 4 nearest"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_numbers_in_the_graph(tmp_path: Path, case: str) -> None:
    options, message = REFUSED[case]
    writer = NcnnWriter()
    rrdb(writer, **options)
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(writer.save(tmp_path))


def replaced(folder: Path, old: str, new: str) -> Path:
    writer = NcnnWriter()
    compact(writer)
    path = writer.save(folder)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("PixelShuffle", "Sigmoid", r"layer PixelShuffle_11 \(Sigmoid\) that is not"),
        ("0=8 1=3 4=1", "0=8 1=5 4=2", "is a 5x5 convolution, dilation 1, stride 1"),
        ("0=8 1=3 4=1", "0=8 1=3 3=2 4=1", "stride 2, padding 1"),
        ("5=1", "5=0", "bias 0"),
        ("6=216", "6=216 9=4", "it has activation 4"),
        ("6=216", "6=215", "says 215 weights for 8 channels"),
        ("0=1 1=2.0", "0=2 1=2.0", "resizes by 2x2 in way 2; expected 1, nearest"),
        ("0=1 1=2.0", "0=1 1=3.0", "resizes by 3x2 in way 1"),
        ("PixelShuffle_11 1 1 10", "PixelShuffle_11 1 1 no", "reads no, which nothing"),
        ("0=0", "0=1", "it is operation 1; expected a sum"),
        ("0=2", "0=4", "after layer Input_1 expected nearest x4"),
        (" 5=1", " 5=x", "param file is damaged"),
        (" 5=1", " 5=1e999", "param file is damaged"),
        (" 5=1", " 5=1 -23310=", "param file is damaged"),
        (" 5=1", " 5=1 -23310=2,0.2", "param file is damaged"),
        ("7767517\n13", "7767517\n14", "it says 14 layers and holds 12"),
        ("PReLU", "nn.PReLU", r"one of pnnx \(nn.PReLU\); expected the .ncnn.param"),
    ],
)
def test_what_is_not_read_is_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    if old.startswith("7767517"):
        old, new = "7767517\n12", "7767517\n14"
    with pytest.raises(CheckpointError, match=message):
        read_checkpoint(replaced(tmp_path, old, new))


def test_network_that_is_reduced_at_its_end(tmp_path: Path) -> None:
    # Real-ESRGAN's x2 and x3 files of animevideov3.
    writer = NcnnWriter()
    compact(writer)
    writer.layer("Interp", ["output"], "0=3 1=5.0e-01 2=5.0e-01")
    with pytest.raises(CheckpointError, match=r"0\.5x0\.5 in way 3.*import that"):
        read_checkpoint(writer.save(tmp_path))


def test_more_than_one_result(tmp_path: Path) -> None:
    writer = NcnnWriter()
    compact(writer)
    writer.layer("PixelShuffle", ["5"], "0=2", blob="more")
    with pytest.raises(CheckpointError, match="BinaryOp_13, PixelShuffle_14; expected"):
        read_checkpoint(writer.save(tmp_path))


def test_text_of_too_many_lines(tmp_path: Path) -> None:
    path = replaced(tmp_path, "7767517", "7767517" + "\nx" * 30_000)
    with pytest.raises(CheckpointError, match="has 30014 lines: not of a net"):
        read_checkpoint(path)


def test_binary_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.param.bin"
    path.write_bytes((7767517).to_bytes(4, "little") + bytes(40))
    with pytest.raises(CheckpointError, match=r"an ncnn \.param\.bin; expected the"):
        read_checkpoint(path)
