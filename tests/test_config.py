from pathlib import Path
from typing import Any

import pytest
import yaml

from imgan.config import Recipe
from imgan.config import dump_recipe
from imgan.config import load_recipe
from imgan.config.degradation import KERNEL_KINDS
from imgan.config.degradation import DegradationConfig
from imgan.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent

SMALL: dict[str, Any] = {
    "name": "small",
    "family": "repsr",
    "scale": 2,
    "generator": {"num_filters": 8},
    "data": {"train": {"hr": "pictures/hr"}, "hr_patch_size": 32},
    "training": {"steps": 10},
    "quick": {"training": {"steps": 2}, "data": {"batch_size": 1}},
}


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(SMALL), encoding="utf-8")
    return path


def load_text(tmp_path: Path, text: str, *overrides: str) -> Recipe:
    path = tmp_path / "text.yaml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path, overrides)


def message(path: Path, *overrides: str, **options: bool) -> str:
    with pytest.raises(ConfigError) as error:
        load_recipe(path, overrides, **options)
    return str(error.value)


def test_values_and_defaults(recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file)
    assert recipe.training.steps == 10
    assert recipe.training.learning_rate == 5e-4
    assert recipe.data.train.hr == Path("pictures/hr")
    assert recipe.data.train.lr is None
    assert recipe.generator == {"num_filters": 8}


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("training.learning_rate=5e-4", 5e-4),
        ("training.learning_rate=1E+0", 1.0),
        ("training.steps=7", 7),
        ("training.steps=1e4", 10_000),
        ("data.augment=false", False),
        ("data.validation.hr=other place", Path("other place")),
        ("data.validation={hr: a, lr: b}", None),
        ("generator.slope=2.5e-1", 0.25),
        ("generator.blocks=[1, 2]", [1, 2]),
        ("generator.inner.deep=x", "x"),
        ("generator={num_convs: 3}", None),
        ("licence='5e-4'", "5e-4"),
        ("licence=a=b", "a=b"),
        ("licence=nan", "nan"),
        ("licence=2026-11-30", "2026-11-30"),
        ("data.validation.hr=my photos #1", Path("my photos #1")),
        ("data.validation.hr='my photos' # of mine", Path("my photos")),
        ("description=", None),
    ],
)
def test_overrides(recipe_file: Path, override: str, expected: Any) -> None:
    key = override.partition("=")[0]
    if override == "description=":
        assert "description: Input should be a valid string. Received: None" in message(
            recipe_file, override
        )
        return
    value: Any = load_recipe(recipe_file, [override]).model_dump()
    for part in key.split("."):
        value = value[part]
    if expected is not None:
        assert value == expected
        assert type(value) is type(expected)
    elif key == "generator":
        assert value == {"num_convs": 3}, "a section is replaced"
    else:
        assert value == {"hr": Path("a"), "lr": Path("b")}


def test_later_overrides_win(recipe_file: Path) -> None:
    overrides = ["training.steps=3", "seed=4", "training.steps=5"]
    recipe = load_recipe(recipe_file, overrides)
    assert (recipe.training.steps, recipe.seed) == (5, 4)


FIVE = {"block1_conv2": 0.1, "block2_conv2": 0.1}
FIVE |= {f"block{block}_conv4": 1.0 for block in (3, 4, 5)}


@pytest.mark.parametrize(
    ("overrides", "layers"),
    [
        (["={block5_conv4: 1.0}"], {"block5_conv4": 1.0}),
        ([".block5_conv4=2"], {**FIVE, "block5_conv4": 2.0}),
        (["={a: 1}", ".b=3"], {"a": 1.0, "b": 3.0}),
        ([".b=3", "={a: 1}"], {"a": 1.0}),
        (["=null", "={a: 1}"], {"a": 1.0}),
    ],
)
def test_a_mapping_replaces_another_and_a_key_in_it_changes_it(
    overrides: list[str], layers: dict[str, float]
) -> None:
    key = "training.perceptual.layers"
    path = ROOT / "recipes" / "realesrgan" / "x4.yaml"
    recipe: Any = load_recipe(path, [f"{key}{one}" for one in overrides])
    assert recipe.training.perceptual.layers == layers


def test_no_keys_are_the_defaults_of_a_section() -> None:
    path = ROOT / "recipes" / "anchored_edsr" / "x4-photo-start.yaml"
    written: Any = load_recipe(path)
    recipe: Any = load_recipe(path, ["data.degradation={}"])
    assert recipe.data.degradation == DegradationConfig() != written.data.degradation


def test_quick(recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file, quick=True)
    assert (recipe.training.steps, recipe.data.batch_size) == (2, 1)
    assert recipe.data.hr_patch_size == 32
    recipe = load_recipe(recipe_file, ["training.steps=4"], quick=True)
    assert (recipe.training.steps, recipe.data.batch_size) == (4, 1)
    assert load_recipe(recipe_file).data.batch_size == 16


def test_quick_is_checked(tmp_path: Path) -> None:
    text = yaml.safe_dump({**SMALL, "quick": {"trainig": {}}})
    path = tmp_path / "quick.yaml"
    path.write_text(text, encoding="utf-8")
    assert "unknown key 'trainig'. Did you mean 'training'?" in message(
        path, quick=True
    )
    path.write_text(yaml.safe_dump({**SMALL, "quick": None}), encoding="utf-8")
    assert load_recipe(path, quick=True) == load_recipe(path)
    path.write_text(yaml.safe_dump({**SMALL, "quick": 3}), encoding="utf-8")
    assert "quick must hold keys and values. Received: 3" in message(path)


def test_numbers_without_a_dot_in_a_file(tmp_path: Path) -> None:
    text = yaml.safe_dump(SMALL).replace("num_filters: 8", "slope: 5e-4")
    assert load_text(tmp_path, text).generator == {"slope": 5e-4}


@pytest.mark.parametrize("quick", [False, True])
def test_dump_reads_back(recipe_file: Path, tmp_path: Path, quick: bool) -> None:
    overrides = [
        "training.learning_rate=1e-5",
        "generator.text='5e-4'",
        "generator.flag=null",
        "description='größer: # 大'",
        "data.train.lr=pictures/lr",
    ]
    recipe = load_recipe(recipe_file, overrides, quick=quick)
    assert recipe.generator["text"] == "5e-4"
    again = load_text(tmp_path, dump_recipe(recipe))
    assert again == recipe
    assert dump_recipe(again) == dump_recipe(recipe)


ERRORS = {
    "trainin.steps=3": "unknown key 'trainin'. Did you mean 'training'? Known here: na",
    "training.step=3": "unknown key 'training.step'. Did you mean 'steps'? Known here",
    "data.train.high=x": "unknown key 'data.train.high'. Known here: hr, lr",
    "data.validation={hr: a, lrs: b}": "'data.validation.lrs'. Did you mean 'lr'?",
    "training.zzz=3": "unknown key 'training.zzz'. Known here: steps, ema_decay",
    "family=repsrr": "family: Unknown family 'repsrr'. Did you mean 'repsr'? Known: ",
    "training.steps=many": "training.steps: Input should be a valid integer",
    "training.steps=0": "training.steps: Input should be greater than or equal to 1. "
    "Received: 0",
    "training.steps=2.5": "training.steps: Input should be a valid integer",
    "training.loss=l3": "training.loss: Input should be 'l1', 'l2', 'charbonnier' "
    "or 'ssim'. Received: 'l3'",
    "training.learning_rate=.nan": "training.learning_rate: Input should be",
    "training.learning_rate=.inf": "training.learning_rate: Input should be a finite",
    "seed=4294967296": "seed: Input should be less than 4294967296. "
    "Received: 4294967296",
    "training.steps.deep=1": "training.steps: Input should be a valid integer. "
    "Received: {'deep': 1}",
    "data=5": "data: must be a section, with train. Received: 5",
    "name=Bad Name": "name: String should match pattern",
    "data.hr_patch_size=33": "data.hr_patch_size must be a multiple of scale (2). "
    "Received: 33",
    "training": "--set takes key=value. Received: 'training'",
    "=3": "--set takes key=value. Received: '=3'",
    "training.steps=[1": "--set training.steps: '[1' is not a YAML value",
}


@pytest.mark.parametrize("override", ERRORS)
def test_errors_say_key_expected_and_received(recipe_file: Path, override: str) -> None:
    assert ERRORS[override] in message(recipe_file, override)


def test_errors_name_the_file_and_come_together(recipe_file: Path) -> None:
    text = message(recipe_file, "training.steps=0", "sed=3")
    assert text.startswith(f"{recipe_file}: ")
    assert "training.steps: " in text
    assert "unknown key 'sed'. Did you mean 'seed'?" in text


def test_required_keys(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text("name: bare\ndata: {}\n", encoding="utf-8")
    assert message(path).endswith("bare.yaml: family is required")
    path.write_text("name: bare\nfamily: span\ndata: {}\n", encoding="utf-8")
    text = message(path)
    for key in ("data.train", "training"):
        assert f"{key} is required" in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"- a\n- b\n", "must hold keys and values. Received: list"),
        (b"", "must hold keys and values. Received: NoneType"),
        (b"name: [", "is not valid YAML: "),
        (
            b"a: !!python/object/apply:os.system [ls]",
            "is not valid YAML: could not det",
        ),
        (b"name: \xff\xfe", "cannot be read as UTF-8"),
        (b"1: 2\n", "is required"),
        (b"scale: 4\nname: a\nscale: 2\n", "'scale' is there twice"),
        (b"data:\n  hr: a\n  hr: b\n", "'hr' is there twice"),
    ],
)
def test_files_that_are_no_recipe(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    text = message(path)
    assert expected in text
    assert str(path) in text
    assert "\n" not in text


def test_merged_mappings_may_be_overridden(recipe_file: Path) -> None:
    merged = """
x-a: &a {seed: 1}
x-b: {c: {d: &d {<<: *a, seed: 2}}}
"""
    text = recipe_file.read_text(encoding="utf-8")
    recipe_file.write_text(f"<<: *d\n{text}".replace("<<", merged + "<<", 1))
    assert "x-a" in message(recipe_file), "an unknown key, and no word of a second one"


def test_missing_file(tmp_path: Path) -> None:
    assert "No such file" in message(tmp_path / "absent.yaml")


def test_a_recipe_does_not_change(recipe_file: Path) -> None:
    recipe = load_recipe(recipe_file)
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "recipes").rglob("*.yaml")), ids=lambda path: path.stem
)
def test_recipes_of_the_repository_are_valid(path: Path) -> None:
    assert (
        load_recipe(path).training.steps > load_recipe(path, quick=True).training.steps
    )


def test_other_data_takes_its_twins_and_its_claims_along(tmp_path: Path) -> None:
    """Credits, licence and low-resolution twins speak of the data they came with."""
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "name: a\nfamily: compact\nscale: 2\nlicence: CC0\ndescription: cats\n"
        "data_credits: [cats]\n"
        "data:\n  train: {hr: cats}\n  validation: {hr: set5, lr: set5x2}\n"
        "training: {steps: 1}\n",
        encoding="utf-8",
    )
    same = load_recipe(path, ["seed=3"])
    assert (same.licence, same.data_credits) == ("CC0", ["cats"])
    other = load_recipe(path, ["data.train.hr=dogs", "data.validation.hr=birds"])
    assert (other.licence, other.data_credits, other.description) == ("", [], "")
    assert other.data.validation is not None
    assert other.data.validation.lr is None
    named = load_recipe(path, ["data.train.hr=dogs", "licence=mine"])
    assert (named.licence, named.data_credits) == ("mine", [])


def test_arguments_of_a_network_go_with_it(tmp_path: Path) -> None:
    """`generator` and `discriminator` speak of the networks they were written for."""
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "name: a\nfamily: srgan\ngenerator: {num_blocks: 16}\n"
        "discriminator: {num_filters: 32}\n"
        "data: {train: {hr: cats}}\ntraining: {steps: 9}\n"
        "quick: {generator: {num_blocks: 2}}\n",
        encoding="utf-8",
    )

    def networks(*overrides: str, quick: bool = False) -> tuple[Any, Any]:
        recipe: Any = load_recipe(path, overrides, quick=quick)
        return recipe.generator, recipe.discriminator

    written = {"num_blocks": 16}, {"num_filters": 32}
    assert networks("seed=2") == written
    # The same generator by another name.
    assert networks("network=srresnet") == written
    assert networks("init=null") == written
    assert networks("network=repsr") == ({}, written[1])
    assert networks("network=repsr", quick=True) == ({}, written[1])
    assert networks(quick=True) == ({"num_blocks": 2}, written[1])
    given = ("network=repsr", "generator.num_filters=8")
    assert networks(*given) == ({"num_filters": 8}, written[1])
    assert networks("family=esrgan") == ({}, {})
    assert networks("family=esrgan", "discriminator.num_filters=8") == (
        {},
        {"num_filters": 8},
    )
    # A model to begin with names its network; what is said beside it is compared.
    assert networks("init=x4") == ({}, written[1])
    assert networks("init=x4", quick=True) == ({}, written[1])
    assert networks("init=x4", "generator.num_blocks=3") == (
        {"num_blocks": 3},
        written[1],
    )


ADVERSARIAL: dict[str, Any] = {
    "name": "adversarial",
    "family": "realesrgan",
    "scale": 2,
    "data": {"train": {"hr": "pictures/hr"}, "hr_patch_size": 32},
    "training": {"steps": 10, "pixel_steps": 4},
}


@pytest.fixture
def adversarial(tmp_path: Path) -> Path:
    path = tmp_path / "adversarial.yaml"
    path.write_text(yaml.safe_dump(ADVERSARIAL), encoding="utf-8")
    return path


# Of sections of a degradation, by what stands behind `data.degradation.`.
DEGRADATION_ERRORS = {
    "first.blur.sigma=[3, 1]": "first.blur.sigma must be a lowest and a highest "
    "value. Received: [3.0, 1.0]",
    "second.noise.sigma=[9, 1]": "second.noise.sigma must be a lowest and a highest "
    "value. Received: [9.0, 1.0]",
    "final.sinc_cutoff=[.5, .4]": "final.sinc_cutoff must be a lowest and a highest "
    "value. Received: [0.5, 0.4]",
    "first.blur.kernel_size=[21, 7]": "first.blur.kernel_size must be a lowest and a "
    "highest value. Received: [21, 7]",
    "first.blur.kernel_size=[8, 21]": "first.blur.kernel_size: must be two odd numbers "
    "from 3 to 101. Received: [8, 21]",
    "second.blur.kernel_size=[1, 21]": "second.blur.kernel_size: must be two odd "
    "numbers from 3 to 101. Received: [1, 21]",
    "final.kernel_size=[7, 20]": "final.kernel_size: must be two odd numbers from 3 "
    "to 101. Received: [7, 20]",
    "first.blur.kinds={box: 1}": "first.blur.kinds: must give weights to some of "
    f"{', '.join(KERNEL_KINDS)}. Received: {{'box': 1}}",
    "first.blur.kinds={isotropic: 0}": "first.blur.kinds: must give weights to some of",
    "first.blur.kinds={isotropic: 2}": "first.blur.kinds.isotropic: Input should be "
    "less than or equal to 1. Received: 2",
    "first.blur.sigma=[0, 3]": "first.blur.sigma: Input should be greater than 0. "
    "Received: 0",
    "first.blur.sinc_cutoff=[.2, 1.2]": "first.blur.sinc_cutoff: Input should be "
    "less than or equal to 1. Received: 1.2",
    "first.blur.probability=1.5": "first.blur.probability: Input should be less than "
    "or equal to 1. Received: 1.5",
    "first.resize.modes=[]": "first.resize.modes: must name some of area, bilinear, "
    "bicubic. Received: []",
    "first.resize.modes=[nearest]": "first.resize.modes: Input should be 'area', "
    "'bilinear' or 'bicubic'. Received: 'nearest'",
    "final.modes=[]": "final.modes: must name some of area, bilinear, bicubic. "
    "Received: []",
    "first.resize.factor=[0, 1.5]": "first.resize.factor must be above 0. "
    "Received: [0.0, 1.5]",
    "first.resize.factor=[1.1, 1.5]": "first.resize.factor must reach below 1 for "
    "down_probability and above it for up_probability. Received: [1.1, 1.5]",
    "second.resize.factor=[.2, .9]": "second.resize.factor must reach below 1 for "
    "down_probability and above it for up_probability. Received: [0.2, 0.9]",
    "first.resize.up_probability=.6": "first.resize.up_probability and "
    "down_probability must not exceed 1 together. Received: 0.6 and 0.7",
    "first.noise.sigma=[-1, 3]": "first.noise.sigma: Input should be greater than or "
    "equal to 0. Received: -1",
    "first.jpeg.quality=[0, 50]": "first.jpeg.quality: must be within 1 and 100. "
    "Received: [0, 50]",
    "final.jpeg.quality=[50, 101]": "final.jpeg.quality: must be within 1 and 100. "
    "Received: [50, 101]",
    "final.jpeg.quality=[90, 50]": "final.jpeg.quality must be a lowest and a highest "
    "value. Received: [90, 50]",
    "first.noise.sigma=25": "first.noise.sigma: must be a lowest and a highest value, "
    "such as [1, 30]. Received: 25",
    "first.noise.sigma=[5]": "first.noise.sigma: must be a lowest and a highest value, "
    "such as [1, 30]. Received: [5]",
    "final.sinc_cutoff=[.2, .5, 1]": "final.sinc_cutoff: must be a lowest and a "
    "highest value, such as [0.3333, 1]. Received: [0.2, 0.5, 1]",
    "first.blur.kernel_size=[21, 1001]": "first.blur.kernel_size: must be two odd "
    "numbers from 3 to 101. Received: [21, 1001]",
    "first.resize.modes=area": "first.resize.modes: must be a list. Received: 'area'",
    "first.blur.kinds=isotropic": "first.blur.kinds: must hold keys and values. "
    "Received: 'isotropic'",
    "second.jpeg=90": "second.jpeg: must be a section ({} takes all "
    "defaults). Received: 90",
    "where=gpu": "where: Input should be 'workers' or 'device'. Received: 'gpu'",
    "pool=-1": "pool: Input should be greater than or equal to 0. Received: -1",
}


@pytest.mark.parametrize("override", DEGRADATION_ERRORS)
def test_errors_of_a_degradation_are_one_line(adversarial: Path, override: str) -> None:
    expected = DEGRADATION_ERRORS[override]
    text = message(adversarial, f"data.degradation.{override}")
    start = f"{adversarial}: data.degradation.{expected}"
    assert text.startswith(start)
    # Nothing is said twice, and no other error follows from this one.
    assert text.count("Received: ") == 1
    assert ";" not in text


SUPER_RESOLUTION_ERRORS = {
    ("data.train.lr=lr", "data.degradation={}"): "data.degradation does not go with "
    "data.train.lr: pairs that are given are trained on as they are. Leave one of the "
    "two out",
    ("data.train.lr=lr", "data.usm_targets=true"): "data.usm_targets does not go with "
    "data.train.lr: pairs that are given are trained on as they are. Leave one of the "
    "two out",
    ("data.channels=4", "data.degradation={}"): "data.degradation needs data.channels "
    "of 1 or 3, as JPEG does. Received: 4",
    ("data.channels=0",): "data.channels: Input should be greater than or equal to 1. "
    "Received: 0",
    ("data.train.lr=lr", "data.reduce=patch"): "data.reduce=patch does not go with "
    "data.train.lr: given pairs are not reduced. Leave one of the two out",
    (
        "data.usm_targets=true",
        "data.value_range=[0, 9]",
    ): "data.usm_targets are clipped to the range of pictures",
    ("data.value_range=[120, -20]",): "data.value_range must rise. "
    "Received: [120.0, -20.0]",
    ("data.degradation=true",): "data.degradation: must be a section ({} takes all "
    "defaults). Received: True",
    ("data.train=photos",): "data.train: must be a section, with hr. "
    "Received: 'photos'",
    ("data.value_range=9",): "data.value_range: must be a lowest and a highest value, "
    "such as [0, 255]. Received: 9",
    ("data.value_range=[1, 1]",): "data.value_range must rise. Received: [1.0, 1.0]",
    ("data.hr_patch_size=33",): "data.hr_patch_size must be a multiple of scale (2). "
    "Received: 33",
    ("scale=9",): "scale: Input should be less than or equal to 8. Received: 9",
    ("generator.channels=1",): "generator.channels is data.channels; leave it out",
    ("network=dcgan",): "network: must be a family of super-resolution. "
    "Received: 'dcgan'",
    ("network=edsrr",): "network: Unknown family 'edsrr'. Did you mean 'edsr'?",
    ("training.pixel_steps=10",): "training.pixel_steps must be below training.steps "
    "(10), or nothing is left for the second stage. Received: 10",
    ("training.pixel_steps=4", "training.steps=3"): "training.pixel_steps must be "
    "below training.steps (3), or nothing is left for the second stage. Received: 4",
    ("training.image_pool=50",): "training.image_pool does not apply to "
    "super-resolution, where every output has a truth of its own. Leave it out",
    ("training.augment=adaptive", "training.feature_matching=0.5"): "training.augment="
    "adaptive does not go with training.feature_matching, which compares an output "
    "with its own target: the two would be changed differently. Leave one of the two "
    "out",
    ("training.strategy=mirrored", "training.image_pool=50"): "training.image_pool "
    "does not work with training.strategy=mirrored: only the pictures of the first "
    "device would be remembered. Set it to 0, or training.strategy=single",
    ("training.r1_every=4",): "training.r1_every does nothing without "
    "training.r1_gamma, the weight of R1. Leave it out, or give that one too",
    ("training.generator_optimizer.hold=0.5",): "training.generator_optimizer.hold "
    "does not apply to schedule=constant, whose rate stays as it is. Leave it out, or "
    "set schedule=linear or cosine",
    (
        "training.pixel_optimizer={schedule: constant, final_learning_rate: 1e-6}",
    ): "training.pixel_optimizer.final_learning_rate does not apply to "
    "schedule=constant, whose rate stays as it is. Leave it out, or set "
    "schedule=linear or cosine",
    ("training.loss=wasserstein",): "training.loss=wasserstein needs "
    "training.gradient_penalty, usually 10: without a bound on its slope the critic "
    "grows without end",
    ("training.adversarial_weight=0",): "training.adversarial_weight: Input should be "
    "greater than 0. Received: 0",
    ("training.perceptual.layers={}",): "training.perceptual.layers: must name layers, "
    "each with a weight above 0. Received: {}",
    ("training.perceptual.weight=0",): "training.perceptual.weight: Input should be "
    "greater than 0. Received: 0",
    ("training.perceptual.criterion=l3",): "training.perceptual.criterion: Input "
    "should be 'l1' or 'l2'. Received: 'l3'",
    ("training.gate.color_drift=0",): "training.gate.color_drift: Input should be "
    "greater than 0. Received: 0",
}


@pytest.mark.parametrize("overrides", SUPER_RESOLUTION_ERRORS, ids=" ".join)
def test_errors_of_super_resolution_are_one_line(
    adversarial: Path, overrides: tuple[str, ...]
) -> None:
    expected = SUPER_RESOLUTION_ERRORS[overrides]
    text = message(adversarial, *overrides)
    assert text.startswith(f"{adversarial}: {expected}")
    assert text.count("Received: ") <= 1
    assert ";" not in text.removeprefix(f"{adversarial}: {expected}")


def test_unknown_keys_of_a_degradation_are_told_with_the_nearest(
    adversarial: Path,
) -> None:
    text = message(adversarial, "data.degradation.second.blur.sigmas=[1, 2]")
    assert "'data.degradation.second.blur.sigmas'. Did you mean 'sigma'?" in text
    text = message(adversarial, "data.degradation.frist={}")
    assert "'data.degradation.frist'. Did you mean 'first'? Known here: first," in text


@pytest.mark.parametrize(
    "overrides",
    [
        ["data.degradation={}"],
        ["data.degradation={second: null, pool: 0}", "data.value_range=[-20, 1.2e2]"],
        [
            "data.degradation.where=device",
            "data.degradation.first.blur.kinds={isotropic: 1}",
            "data.degradation.second.resize.modes=[area]",
            "data.degradation.final.jpeg.quality=[40, 40]",
            "data.usm_targets=true",
            "training.perceptual.weights=my.h5",
            "training.feature_layers={down_1_relu: 5e-1}",
            "network=repsr",
        ],
    ],
    ids=["defaults", "one stage", "changed"],
)
def test_a_degradation_is_dumped_and_read_back(
    adversarial: Path, tmp_path: Path, overrides: list[str]
) -> None:
    recipe = load_recipe(adversarial, overrides)
    text = dump_recipe(recipe)
    again = load_text(tmp_path, text)
    assert again == recipe
    assert type(again.data.degradation.second) is type(recipe.data.degradation.second)
    assert dump_recipe(again) == text


def test_parts_of_the_second_stage_keep_its_own_defaults(adversarial: Path) -> None:
    """They are milder than those of the first: Real-ESRGAN's training options."""
    given = (
        "data.degradation.second={blur: {rotation: [0, 90]}, resize: {modes: [area]}}"
    )
    recipe = load_recipe(adversarial, [given, "data.degradation.first.jpeg={}"])
    first, second = recipe.data.degradation.first, recipe.data.degradation.second
    assert (second.blur.probability, second.blur.sigma) == (0.8, (0.2, 1.5))
    assert second.blur.rotation == (0.0, 90.0)
    assert second.resize.factor == (0.3, 1.2)
    assert (second.resize.up_probability, second.resize.modes) == (0.3, ("area",))
    assert (second.noise.sigma, second.noise.poisson_scale) == ((1, 25), (0.05, 2.5))
    # The final step compresses, not the second stage.
    assert second.jpeg.probability == 0.0
    assert first == DegradationConfig().first
    assert (first.blur.probability, first.blur.sigma) == (1.0, (0.2, 3.0))
    assert (first.resize.factor, first.jpeg.probability) == ((0.15, 1.5), 1.0)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("data.train={combined: AB}", {"combined": Path("AB")}),
        ("data.train.manifest=pairs.csv", {"manifest": Path("pairs.csv")}),
        ("data.train.a=A", {"a": Path("A"), "b": Path("pairs/train/b")}),
    ],
)
def test_pairs_of_another_form_replace_those_of_the_recipe(
    change: str, left: dict[str, Path]
) -> None:
    path = Path(__file__).parent.parent / "recipes/pix2pix/custom_pairs.yaml"
    recipe = load_recipe(path, [change])
    assert recipe.data.train.model_dump(exclude_none=True) == left
