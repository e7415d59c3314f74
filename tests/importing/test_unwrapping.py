import itertools

import numpy as np
import pytest

from imgan.errors import CheckpointError
from imgan.importing.reading.known import Placeholder
from imgan.importing.reading.tensors import LazyTensor
from imgan.importing.reading.tensors import Storage
from imgan.importing.reading.tensors import describe_tensor
from imgan.importing.unwrapping import WRAPPERS
from imgan.importing.unwrapping import networks_in
from imgan.importing.unwrapping import unwrap


def net(*names: str) -> dict[str, LazyTensor]:
    names = names or ("conv_first.weight", "conv_last.weight")
    return {name: one() for name in names}


def one() -> LazyTensor:
    storage = Storage("0", "float32", 1, lambda: np.zeros(1, np.float32).tobytes())
    return describe_tensor(storage, 0, (), ())


def found(saved: object, key: str | None = None) -> tuple[list[str], str, str]:
    result = unwrap(saved, key)
    return list(result.tensors), result.container, result.prefix


PLAIN = ["conv_first.weight", "conv_last.weight"]


def test_bare_network() -> None:
    assert found(net()) == (PLAIN, "", "")


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrapper(wrapper: str) -> None:
    saved = {"epoch": 3, "other": net(), wrapper: net(), "optimizer": {0: one()}}
    assert found(saved) == (PLAIN, wrapper, "")


@pytest.mark.parametrize(("first", "second"), list(itertools.pairwise(WRAPPERS)))
def test_wrappers_in_their_order(first: str, second: str) -> None:
    assert found({second: net("b"), first: net("a")}) == (["a"], first, "")


def test_empty_wrapper_and_wrapper_that_is_no_dict_are_passed_over() -> None:
    saved = {"state_dict": {}, "params_ema": None, "model": "RRDB", "net": net()}
    assert found(saved) == (PLAIN, "net", "")


def test_wrappers_in_wrappers() -> None:
    saved = {"state_dict": {"generator": net(), "discriminator": net("a")}}
    assert found(saved) == (PLAIN, "state_dict.generator", "")


def test_only_dict_with_tensors_is_taken() -> None:
    saved = {"weights of epoch 3": net(), "config": {"lr": 0.1}, "iter": one}
    assert found(saved) == (PLAIN, "weights of epoch 3", "")


def test_optimizers_are_no_networks() -> None:
    state = {"state": {0: {"exp_avg": one(), "exp_avg_sq": one()}}}
    saved = {"best": net(), "optimizer_g": state, "lr_schedulers": {"last": one()}}
    assert found(saved) == (PLAIN, "best", "")


def test_other_entries_among_the_tensors_are_ignored() -> None:
    saved = {**net(), "epoch": 3, 7: one(), "args": Placeholder("argparse.Namespace")}
    assert found(saved) == (PLAIN, "", "")


def test_list_of_what_was_saved() -> None:
    assert found((net(), 17)) == (PLAIN, "0", "")


PREFIXED = {
    "module.": ("module.a.b", "module.c"),
    "netG.module.": ("netG.module.a.b", "netG.module.c"),
    "module.module.": ("module.module.a.b", "module.module.c"),
    "_orig_mod.": ("_orig_mod.a.b", "_orig_mod.c"),
    "model.": ("model.a.b", "model.c"),
    "generator.model.": ("generator.model.a.b", "generator.model.c"),
}


@pytest.mark.parametrize("prefix", PREFIXED)
def test_prefixes_are_cut(prefix: str) -> None:
    assert found(net(*PREFIXED[prefix])) == (["a.b", "c"], "", prefix)


@pytest.mark.parametrize(
    "names",
    [
        # The first ESRGAN, CycleGAN's ResNet and pix2pix's U-Net of PyTorch.
        ("model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight", "model.3.weight"),
        ("model.1.weight", "model.10.conv_block.1.weight"),
        ("model.model.0.weight", "model.model.1.model.1.weight"),
        ("module.a", "b"),
        ("module.", "module.a"),
    ],
)
def test_names_that_begin_so_themselves_are_kept(names: tuple[str, ...]) -> None:
    assert found(net(*names)) == (list(names), "", "")


def test_old_network_inside_another_object() -> None:
    names = ("model.model.0.weight", "model.model.1.sub.0.RDB1.conv1.0.weight")
    cut = [name.removeprefix("model.") for name in names]
    assert found(net(*names)) == (cut, "", "model.")


def test_generator_among_the_parts_of_a_training() -> None:
    names = ("discriminator.a", "perceptual_loss.vgg.b", "step_counter", "generator.c")
    assert found({"state_dict": net(*names)}) == (["c"], "state_dict", "generator.")
    averaged = (*names, "generator_ema.module.c")
    assert found(net(*averaged)) == (["c"], "", "generator_ema.module.")


def test_tensor_named_like_a_generator() -> None:
    names = ["generator", "discriminator.a"]
    assert found(net(*names)) == (names, "", "")


def test_generator_that_is_only_a_part_is_kept_with_the_rest() -> None:
    names = ["generator.a", "encoder.b"]
    assert found(net(*names)) == (names, "", "")


SEVERAL = {
    "netG_A": net("a", "b"),
    "netG_B": net("a"),
    "netD_A": net("d"),
    "optimizer": {"state": {"x": one()}},
}


def test_several_networks_are_listed() -> None:
    message = (
        r"holds several networks: netG_A \(2 tensors\), netG_B \(1 tensors\), netD_A "
        r".*Choose one with --key NAME"
    )
    with pytest.raises(CheckpointError, match=message):
        unwrap(SEVERAL)
    with pytest.raises(CheckpointError, match=r"under models: models\.netG_A \(2 "):
        unwrap({"models": SEVERAL})


def test_key_chooses() -> None:
    assert found(SEVERAL, "netG_B") == (["a"], "netG_B", "")
    assert found({"models": SEVERAL}, "models.netG_A")[:2] == (
        ["a", "b"],
        "models.netG_A",
    )
    dotted = {"net.v1": {"ema": net("module.a")}, "net": net("b")}
    assert found(dotted, "net.v1.ema") == (["a"], "net.v1.ema", "module.")
    # Wrappers inside are unwrapped as without a key.
    assert found(dotted, "net.v1") == (["a"], "net.v1.ema", "module.")
    assert found({"params": net("a"), "params_ema": net("b")}, "params")[0] == ["a"]


def test_key_chooses_among_names() -> None:
    names = ("netG_A.a", "netG_A.b", "netG_B.a")
    assert found({"state_dict": net(*names)}, "netG_B") == (
        ["a"],
        "state_dict",
        "netG_B.",
    )
    assert found({"state_dict": net(*names)}, "state_dict.netG_A")[0] == ["a", "b"]


def test_unknown_key_gets_a_guess() -> None:
    with pytest.raises(CheckpointError, match="no network 'netG_C'. Did you mean 'net"):
        unwrap(SEVERAL, "netG_C")
    with pytest.raises(CheckpointError, match="no network 'optimizer.lr'"):
        unwrap(SEVERAL, "optimizer.lr")
    with pytest.raises(CheckpointError, match="one network without a name; drop --key"):
        unwrap(net(), "params")


def test_whole_objects_are_named() -> None:
    whole = Placeholder("models.rrdb.RRDBNet")
    message = (
        r"whole Python object of class models\.rrdb\.RRDBNet; only tensors are read\. "
        r"Where the project that made it is installed: torch\.save\(model\.state_dict"
    )
    with pytest.raises(CheckpointError, match=message):
        unwrap(whole)
    with pytest.raises(CheckpointError, match=r"RRDBNet under model; only"):
        unwrap({"epoch": 1, "model": whole})
    with pytest.raises(CheckpointError, match=r"RRDBNet under model; only"):
        unwrap({"model": whole, "optimizer": {"state": {"a": one()}}})
    with pytest.raises(CheckpointError, match=r"RRDBNet under model; only"):
        unwrap({"model": whole, "params": net()}, "model")
    assert found({"model": whole, "params": net()}) == (PLAIN, "params", "")


def test_tensor_of_a_form_that_is_not_read_is_not_lost() -> None:
    saved = {**net(), "scale": Placeholder("torch._utils._rebuild_qtensor")}
    with pytest.raises(
        CheckpointError, match="tensor scale is made by torch._utils._r"
    ):
        unwrap(saved)


@pytest.mark.parametrize("saved", [{}, [], 3, None, {"a": {"b": 1}}, "text"])
def test_no_tensors(saved: object) -> None:
    with pytest.raises(CheckpointError, match="holds no tensors"):
        unwrap(saved)


def test_one_tensor() -> None:
    with pytest.raises(CheckpointError, match="holds one tensor; expected those of"):
        unwrap(one())


def test_cyclic_and_shared_containers_end() -> None:
    cyclic: dict[str, object] = {"a": net()}
    cyclic["self"] = cyclic
    assert found(cyclic, "a")[0] == PLAIN
    deep: dict[str, object] = net()
    for _ in range(60):
        deep = {"a": deep, "b": deep}
    with pytest.raises(CheckpointError):
        unwrap(deep)
    wide = net(*map(str, range(3000)))
    many = {str(n): {"one": wide} for n in range(3000)}
    with pytest.raises(CheckpointError, match="several networks"):
        unwrap(many)
    assert networks_in({"x": net(), "y": {"z": net("a")}}) == {"x": 2, "y.z": 1}
