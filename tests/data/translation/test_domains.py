import logging
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from imgan.data.translation import DomainSampler
from imgan.data.translation import domain_dtype
from imgan.data.translation import open_domains
from imgan.data.translation import open_held_out_domains
from imgan.errors import DataError
from tests.data.translation.helpers import ramp
from tests.data.translation.helpers import save
from tests.data.translation.helpers import unpaired


@pytest.fixture
def domains(tmp_path: Path) -> tuple[Path, Path]:
    """Six pictures and four, each of one level."""
    for level in range(6):
        save(tmp_path / "a" / f"{level}.png", np.full((16, 17), level, np.uint8))
    for level in range(4):
        save(tmp_path / "b" / f"{level}.png", np.full((18, 16), level * 9, np.uint16))
    return tmp_path / "a", tmp_path / "b"


def numbers(sampler: DomainSampler, count: int) -> tuple[list[int], list[int]]:
    samples = [sampler(sample) for sample in range(count)]
    return (
        [round(float(one.domain_a.max()) * 255) for one in samples],
        [round(float(one.domain_b.max()) * 65535 / 9) for one in samples],
    )


def test_the_larger_domain_goes_round_the_smaller(domains: tuple[Path, Path]) -> None:
    sampler = open_domains(unpaired(*domains))
    assert len(sampler) == 6
    a, b = numbers(sampler, 12)
    assert sorted(a[:6]) == sorted(a[6:]) == list(range(6))
    assert all(sorted(b[start : start + 4]) == list(range(4)) for start in (0, 4, 8))
    assert a[:6] != a[6:]


@pytest.mark.parametrize(("memory", "keep"), [(47_232, True), (47_231, False)])
def test_both_domains_are_kept_or_neither(
    domains: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    memory: int,
    keep: bool,
) -> None:
    """6 of 16 by 17 RGB and 4 of 18 by 16 of 16 bits: 4,896 and 6,912 bytes."""
    total = type("Memory", (), {"total": memory})
    monkeypatch.setattr("psutil.virtual_memory", total)
    sampler = open_domains(unpaired(*domains))
    # The first of each was read to look at it.
    for folder in domains:
        (folder / "0.png").unlink()
    for pictures in (sampler.a, sampler.b):
        with nullcontext() if keep else pytest.raises(DataError):
            pictures[0]


def test_domains_have_orders_of_their_own(domains: tuple[Path, Path]) -> None:
    (domains[0] / "4.png").unlink()
    (domains[0] / "5.png").unlink()
    a, b = numbers(open_domains(unpaired(*domains)), 40)
    assert a != b


def test_cuts_and_mirrors_are_independent_and_repeatable(tmp_path: Path) -> None:
    save(tmp_path / "a" / "x.png", ramp(30, 40))
    save(tmp_path / "b" / "x.png", ramp(30, 40))
    sampler = open_domains(unpaired(tmp_path / "a", tmp_path / "b"))
    samples = [sampler(sample) for sample in range(20)]
    assert {one.domain_a.shape for one in samples} == {(16, 16, 3)}
    mirrored = np.array(
        [[image[0, 1, 0] < image[0, 0, 0] for image in one] for one in samples]
    )
    assert set(map(tuple, mirrored.tolist())) == {
        (one, other) for one in (False, True) for other in (False, True)
    }
    again = open_domains(unpaired(tmp_path / "a", tmp_path / "b", cache="never"))
    for sample in reversed(range(20)):
        np.testing.assert_array_equal(again(sample), samples[sample])


def test_sides_have_channels_of_their_own(domains: tuple[Path, Path]) -> None:
    recipe = unpaired(*domains, b={"channels": 1}, load_size=20)
    sampler = open_domains(recipe)
    assert (sampler.a.channels, sampler.b.channels) == (3, 1)
    assert sampler(0).domain_b.shape == (16, 16, 1)
    assert domain_dtype(recipe, "a") == "uint8"
    assert domain_dtype(recipe, "b") == "uint16"


def test_small_pictures_and_one_folder_are_refused(domains: tuple[Path, Path]) -> None:
    save(domains[1] / "small.png", ramp(15, 30))
    with pytest.raises(
        DataError, match=r"1 of 5 pictures in .*b are.*small\.png \(30x"
    ):
        open_domains(unpaired(*domains))
    with pytest.raises(DataError, match="same folder"):
        open_domains(unpaired(domains[0], domains[0]))


def test_held_out_pairs_of_both_directions(tmp_path: Path) -> None:
    save(tmp_path / "a" / "x.png", ramp(16, 16))
    save(tmp_path / "b" / "x.png", ramp(16, 16))
    save(tmp_path / "c" / "y.png", ramp(20, 24))
    save(tmp_path / "d" / "y.bmp", 255 - ramp(20, 24))
    recipe = unpaired(
        tmp_path / "a",
        tmp_path / "b",
        validation={"a": str(tmp_path / "c"), "b": str(tmp_path / "d")},
        validation_pairs=True,
    )
    held_out = open_held_out_domains(recipe)
    assert held_out is not None
    np.testing.assert_array_equal(held_out.a[0], ramp(20, 24))
    pairs = held_out.as_pairs("b_to_a")
    assert pairs is not None
    assert pairs[0].name == "y"
    np.testing.assert_array_equal(pairs[0].source, held_out.b[0])
    np.testing.assert_array_equal(pairs[0].target, held_out.a[0])
    save(tmp_path / "d" / "y.bmp", ramp(20, 23))
    with pytest.raises(DataError, match=r"c/y\.png 24x20 and d/y\.bmp 23x20"):
        open_held_out_domains(recipe)


def test_held_out_domains_need_not_match_and_leaks_are_warned_of(
    domains: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert open_held_out_domains(unpaired(*domains)) is None
    save(tmp_path / "c" / "y.png", ramp(20, 24))
    recipe = unpaired(
        *domains, validation={"a": str(tmp_path / "c"), "b": str(domains[1])}
    )
    with caplog.at_level(logging.WARNING):
        held_out = open_held_out_domains(recipe)
    assert held_out is not None
    assert held_out.as_pairs("a_to_b") is None
    assert (len(held_out.a), len(held_out.b)) == (1, 4)
    assert "4 of 4 samples of data.validation.b" in caplog.text
    assert "data.validation.a" not in caplog.text
