from imgan.config.adversarial import PerceptualConfig
from imgan.losses.perceptual import PerceptualLoss
from imgan.losses.vgg import VGG19Features
from imgan.training.content import build_perceptual
from imgan.training.content import perceptual_names


def test_what_a_card_says_of_a_perceptual_loss() -> None:
    """All of it is known to the loss, and none without one."""
    layers = ["block1_conv1", "block1_conv2"]
    features = VGG19Features(layers, None, before_activation=False)
    loss = PerceptualLoss(features, dict.fromkeys(layers, 1.0))
    assert perceptual_names(loss) == [
        "perceptual: VGG19 block1_conv1, block1_conv2 after ReLU, weights random, "
        "sha256 None"
    ]
    assert perceptual_names(None) == []


def test_no_perceptual_loss_without_a_section() -> None:
    sides = {"channels": ("data.channels", 2), "side": ("data.hr_patch_size", 8)}
    none: PerceptualConfig | None = None
    assert build_perceptual(none, value_range=(0.0, 1.0), **sides) is None
