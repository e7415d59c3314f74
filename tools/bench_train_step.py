"""What does a training step of imgan cost beside a hand-written minimal loop?

    python tools/bench_train_step.py [--image-size 32] [--family dcgan] [--rounds 8]

Both train the same two networks on the same batches in memory. The minimal loop is one
`tf.function`: latents, a step of the discriminator on real and generated images with
the non-saturating loss, a step of the generator on the same images through the
discriminator that came out, Adam for both, and the moving average of the generator
(without its early phase), which imgan keeps as well. It reports nothing.

Counted in imgan's time: steps of one `GAN.fit` with a callback, as in training, and
with everything that a step of imgan does beyond that: losses, accuracies, gradient
norms, their averages and their way to the callback. The bare `tf.function` around
`GAN.train_step` is measured too. Not counted: tracing and the beginning
of `fit`, which come before.

Rounds of the three alternate in one process, because machines are noisy; the medians
of each round's ratios to the minimal loop are printed, of time by the clock and of
processor time, which other programs disturb less.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from imgan.runtime import import_tensorflow

CLASSES = 10
DECAY = 0.999
FAMILIES = ("dcgan", "cgan")

# Batches in memory; both sides go round them.
_BATCHES = 8

# Steps before the first round.
_WARM_UP = 4


class Taken(NamedTuple):
    """Milliseconds of one step."""

    clock: float
    processor: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = _parse(arguments)
    import_tensorflow()
    others = {"minimal": _minimal(options), "train_step": _train_step(options)}
    for turn in others.values():
        turn(_WARM_UP)
    print("ms a step" + "".join(f"{name:>12}" for name in ("fit", *others)))
    rounds: list[dict[str, Taken]] = []

    def after_a_round_of_fit(taken: Taken) -> None:
        row = {name: _measured(turn, options.steps) for name, turn in others.items()}
        rounds.append({"fit": taken, **row})
        texts = "".join(f"{one.clock:12.2f}" for one in rounds[-1].values())
        print(f"round {len(rounds):3}{texts}", flush=True)

    _fit(options, after_a_round_of_fit)
    for name in ("fit", "train_step"):
        pairs = [(row[name], row["minimal"]) for row in rounds]
        clock = statistics.median(a.clock / b.clock for a, b in pairs)
        processor = statistics.median(a.processor / b.processor for a, b in pairs)
        print(f"{name} / minimal: {clock:.3f} (processor time {processor:.3f})")


def _measured(turn: Callable[[int], None], steps: int) -> Taken:
    begun = _now()
    turn(steps)
    return _since(begun, steps)


def _now() -> Taken:
    return Taken(1e3 * time.perf_counter(), 1e3 * time.process_time())


def _since(begun: Taken, steps: int) -> Taken:
    now = _now()
    clock, processor = now.clock - begun.clock, now.processor - begun.processor
    return Taken(clock / steps, processor / steps)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=FAMILIES, default="dcgan")
    parser.add_argument("--image-size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=40, help="in each round")
    return parser.parse_args(arguments)


def _networks(options: argparse.Namespace) -> tuple[Any, Any]:
    import keras

    from imgan.networks.cgan import ConditionalDiscriminator
    from imgan.networks.cgan import ConditionalGenerator
    from imgan.networks.dcgan import DCGANDiscriminator
    from imgan.networks.dcgan import DCGANGenerator

    keras.utils.set_random_seed(0)
    shape: dict[str, Any] = {
        "image_size": options.image_size,
        "channels": options.channels,
        "num_filters": options.filters,
    }
    if options.family == "dcgan":
        return DCGANGenerator(**shape), DCGANDiscriminator(**shape)
    shape["num_classes"] = CLASSES
    return ConditionalGenerator(**shape), ConditionalDiscriminator(**shape)


def _optimizer() -> Any:
    import keras

    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def _data(options: argparse.Namespace) -> Any:
    """Return endless batches that are made once."""
    import numpy as np
    import tensorflow as tf

    random = np.random.default_rng(0)
    shape = (options.image_size, options.image_size, options.channels)
    batches: dict[str, Any] = {
        "images": random.uniform(-1, 1, (_BATCHES, options.batch, *shape))
    }
    batches["images"] = batches["images"].astype(np.float32)
    if options.family == "cgan":
        labels = random.integers(0, CLASSES, (_BATCHES, options.batch))
        batches["labels"] = labels.astype(np.int32)
    return tf.data.Dataset.from_tensor_slices(batches).repeat()


def _minimal(options: argparse.Namespace) -> Callable[[int], None]:
    """Return the loop that a person writes who wants nothing but the step."""
    import tensorflow as tf

    generator, discriminator = _networks(options)
    average = type(generator).from_config(generator.get_config())
    average.set_weights(generator.get_weights())
    optimizers = _optimizer(), _optimizer()
    optimizers[0].build(generator.trainable_variables)
    optimizers[1].build(discriminator.trainable_variables)

    def inputs(first: Any, batch: Any) -> Any:
        return [first, batch["labels"]] if "labels" in batch else first

    def judge(images: Any, batch: Any) -> Any:
        return discriminator(inputs(images, batch), training=True)

    def apply(optimizer: Any, tape: Any, loss: Any, network: Any) -> None:
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)

    @tf.function
    def step(batch: Any) -> None:
        latents = tf.random.normal((options.batch, generator.latent_dim))
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            for variable in generator.trainable_variables:
                outer.watch(variable.value)
            images = generator(inputs(latents, batch), training=True)
            with outer.stop_recording():
                fixed = tf.stop_gradient(images)
                with tf.GradientTape() as tape:
                    real = judge(batch["images"], batch)
                    fake = judge(fixed, batch)
                    loss = tf.reduce_mean(tf.nn.softplus(-real) + tf.nn.softplus(fake))
                apply(optimizers[1], tape, loss, discriminator)
            loss = tf.reduce_mean(tf.nn.softplus(-judge(images, batch)))
        apply(optimizers[0], outer, loss, generator)
        for mean, weight in zip(average.weights, generator.weights, strict=True):
            mean.assign(DECAY * mean + (1.0 - DECAY) * weight)

    data = iter(_data(options))

    def turn(steps: int) -> None:
        for _ in range(steps):
            step(next(data))

    return turn


def _model(options: argparse.Namespace) -> Any:
    from imgan.losses.adversarial import NonSaturatingLoss
    from imgan.models.gan import GAN

    model = GAN(*_networks(options), ema_decay=DECAY)
    model.compile(
        generator_optimizer=_optimizer(),
        discriminator_optimizer=_optimizer(),
        generator_loss=NonSaturatingLoss("generator"),
        discriminator_loss=NonSaturatingLoss("discriminator"),
    )
    return model


def _fit(options: argparse.Namespace, after_a_round: Callable[[Taken], None]) -> None:
    """Train as `imgan train` does it, without what its callback does.

    One call of `fit`, because its beginning is no part of a step: the other turns are
    taken inside a callback, between two steps.
    """
    import keras

    class Rounds(keras.callbacks.Callback):
        begun = _now()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            step = batch + 1 - _WARM_UP
            if step > 0 and step % options.steps == 0:
                after_a_round(_since(self.begun, options.steps))
            if step % options.steps == 0:
                self.begun = _now()

    _model(options).fit(
        _data(options),
        steps_per_epoch=_WARM_UP + options.rounds * options.steps,
        callbacks=[Rounds()],
        shuffle=False,
        verbose=0,
    )


def _train_step(options: argparse.Namespace) -> Callable[[int], None]:
    import tensorflow as tf

    # As in fit: AutoGraph has nothing to do in it.
    step = tf.function(_model(options).train_step, autograph=False)
    data = iter(_data(options))

    def turn(steps: int) -> None:
        for _ in range(steps):
            step(next(data))

    return turn


if __name__ == "__main__":
    main()
