"""Train the same GAN on one and on two devices; print how far apart they end, as JSON.

    python -m tests.models.two_devices [CASE ...]

A process of its own, because logical devices are made before TensorFlow starts. One
strategy serves all cases: two of them get into each other's way in one process.
"""

import json
import os
import sys
from typing import Any

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from imgan.runtime import import_tensorflow

tf = import_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from imgan.models.gan import GAN  # noqa: E402
from tests.models.adversarial import LOSSES  # noqa: E402
from tests.models.adversarial import batch  # noqa: E402
from tests.models.adversarial import compiled  # noqa: E402
from tests.models.adversarial import networks  # noqa: E402

STEPS = 10
BATCH = 8
CLASSES = 3

# Statistics of the batch go neither with a gradient penalty nor with spectral
# normalisation, which the discriminator of labels has.
_PLAIN = {"judge": {"normalization": "none"}}

CASES: dict[str, dict[str, Any]] = {
    **{f"sgd_{name}": {"loss": name, "matching": 0.1} for name in LOSSES},
    **{f"adam_{name}": {"loss": name, "matching": 0.1} for name in LOSSES},
    # With batch normalisation its gradients are rounding errors, which Adam enlarges.
    "adam_wasserstein": {"loss": "wasserstein", "penalty": 10.0, **_PLAIN},
    "sgd_gradient_penalty": {"loss": "wasserstein", "penalty": 10.0, **_PLAIN},
    "sgd_r1": {"r1": 0.5, "r1_every": 2, **_PLAIN},
    "sgd_labels": {"classes": CLASSES, "loss": "hinge", **_PLAIN},
    "sgd_discriminator_steps": {"gan": {"discriminator_steps": 2}},
    "sgd_diff_augment": {"gan": {"augment": "diff_augment"}},
    "sgd_adaptive": {"gan": {"augment": "adaptive"}},
    "sgd_apart": {"synchronized": False},
}


def main(names: list[str]) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    results = {name: compare(strategy, name) for name in names or CASES}
    json.dump(results, sys.stdout)


def compare(strategy: Any, name: str) -> dict[str, float]:
    """Return the largest difference of a weight, and of a reported loss."""
    optimizer, case = name.partition("_")[0], CASES[name]
    alone = build(optimizer, **case)
    with strategy.scope():
        shared = build(optimizer, **{"synchronized": True, **case})
    before = [weight.numpy() for weight in alone.trainable_weights]
    first, second = train(alone, case), train(shared, case)
    ends = [weight.numpy() for weight in alone.weights]
    return {
        "weights": farthest(ends, [weight.numpy() for weight in shared.weights]),
        "moved": farthest(
            [weight.numpy() for weight in alone.trainable_weights], before
        ),
        # That of a critic passes through zero.
        "losses": max(
            abs(first[key] - second[key]) / max(abs(first[key]), 0.1)
            for key in first
            if key.endswith("loss")
        ),
        "steps": int(shared.step.numpy()),
    }


def build(
    optimizer: str,
    *,
    synchronized: bool = False,
    classes: int = 0,
    judge: dict[str, Any] | None = None,
    gan: dict[str, Any] | None = None,
    **options: Any,
) -> GAN:
    make = {
        "sgd": lambda: keras.optimizers.SGD(1e-3),
        "adam": lambda: keras.optimizers.Adam(2e-4, beta_1=0.5),
    }[optimizer]
    pair = networks(
        classes,
        generator={"synchronized": synchronized},
        synchronized=synchronized,
        **{"normalization": "batch", **(judge or {})},
    )
    return compiled(GAN(*pair, seed=4, **(gan or {})), optimizer=make, **options)


def train(model: GAN, case: dict[str, Any]) -> dict[str, float]:
    pictures = batch(STEPS * BATCH, case.get("classes", 0))
    data = tf.data.Dataset.from_tensor_slices(pictures)
    data = data.batch(BATCH, drop_remainder=True)
    history = model.fit(data, verbose=0, shuffle=False).history
    return {key: values[-1] for key, values in history.items()}


def farthest(left: list[Any], right: list[Any]) -> float:
    pairs = zip(left, right, strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


if __name__ == "__main__":
    main(sys.argv[1:])
