"""Run a recipe with plain `fit`, on a machine whose GPU has no TensorFlow.

    python tools/pretrain.py pack RECIPE FOLDER [--set data.train.hr=PHOTOS] [--files 6]
    KERAS_BACKEND=jax python tools/pretrain.py fit FOLDER --seconds 540     (repeat)
    python tools/pretrain.py bundle FOLDER RUN_DIR

`pack` cuts patches with the recipe's own sampler into files of at most 50 MiB. `fit`
needs only numpy, Keras and a backend; it stops after the given seconds, and the next
call goes on with the same optimizer at the same step. `bundle` turns the moving average
into a bundle, validated as at the end of `imgan train`. The networks and losses are
backend-neutral, so the result is a model like any other.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from imgan import families
from imgan.types import Array
from imgan.types import to_range

MEBIBYTE = 2**20
PACK_BYTES = 48 * MEBIBYTE
PLAN, STATE = "plan.json", "state.keras"

# A packed patch is larger than a training patch, so that crops still vary.
MARGIN = 1.5


def pack(recipe_path: Path, folder: Path, overrides: list[str], files: int) -> None:
    """Write `patches-NN.npz` with uint8 twins, and the plan as JSON."""
    from imgan.config import load_recipe
    from imgan.config.super_resolution import RegressionRecipe
    from imgan.data.patches import open_patches
    from imgan.data.pixels import to_uint8

    recipe = load_recipe(recipe_path, overrides)
    if not isinstance(recipe, RegressionRecipe):
        raise SystemExit(f"{recipe_path} is not a recipe of a pixel loss alone")
    _refuse_what_is_left_out(recipe)
    sampler = open_patches(_widened(recipe))
    channels = recipe.data.channels
    side = sampler.size * recipe.scale
    count = PACK_BYTES // (channels * (side**2 + sampler.size**2))
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        patches = [sampler(number * count + n) for n in range(count)]
        targets = [p.hr if p.target is None else p.target for p in patches]
        np.savez(
            folder / f"patches-{number:02d}.npz",
            lr=np.stack([to_uint8(patch.lr) for patch in patches]),
            hr=np.stack([to_uint8(target) for target in targets]),
        )
        print(f"patches-{number:02d}.npz: {count} patches of {side} pixels")
    plan = json.dumps(recipe.model_dump(mode="json"), indent=2)
    (folder / PLAN).write_text(plan + "\n", encoding="utf-8")


def _refuse_what_is_left_out(recipe: Any) -> None:
    """Stop at keys that `fit` knows nothing of, rather than train by less."""
    left_out = {
        "init": recipe.init,
        "training.frequency": recipe.training.frequency,
        "data.value_range": recipe.data.value_range,
    }
    for key, value in left_out.items():
        if value:
            raise SystemExit(f"{key} does not apply here. Received: {value}")


def _widened(recipe: Any) -> Any:
    """Return the recipe with patches to be cropped and turned later."""
    data = recipe.data
    side = int(data.hr_patch_size * MARGIN) // recipe.scale * recipe.scale
    changes: dict[str, Any] = {"hr_patch_size": side, "augment": False}
    if data.degradation:
        where = {"where": "workers"}
        changes["degradation"] = data.degradation.model_copy(update=where)
    return recipe.model_copy(update={"data": data.model_copy(update=changes)})


def fit(folder: Path, seconds: float) -> None:
    """Train for some seconds from where the last call stopped."""
    import keras

    plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    steps = plan["training"]["steps"]
    keras.utils.set_random_seed(plan["seed"])
    model = _load_or_build(folder, plan)
    done = int(model.optimizer.iterations)
    if done >= steps:
        print(f"finished: {done} steps")
        return
    batches = _batches(folder, plan, done)
    deadline = time.monotonic() + seconds

    class Slice(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if time.monotonic() > deadline:
                self.model.stop_training = True

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            # Before `fit` puts the moving average in place of the weights.
            _save(self.model, folder)

    history = model.fit(batches, callbacks=[Slice()], verbose=0, shuffle=False)
    size = (folder / STATE).stat().st_size / MEBIBYTE
    print(
        f"step {int(model.optimizer.iterations)} of {steps}, "
        f"loss {history.history['loss'][-1]:.5f}, state {size:.1f} MiB"
    )


def bundle(folder: Path, run_dir: Path) -> None:
    """Write the moving average as the bundle of a run folder."""
    from imgan.config import validate_recipe
    from imgan.runtime import import_tensorflow

    import_tensorflow()
    from imgan.bundles.bundle import save_bundle
    from imgan.training.run_folder import open_run
    from imgan.training.train import build_experiment

    plan = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    recipe = validate_recipe(plan)
    model = _load_or_build(folder, plan)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    run = open_run(recipe, run_dir)
    trained = SimpleNamespace(ema_generator=model)
    experiment = build_experiment(recipe)
    look = experiment.validator(trained, run)(recipe.training.steps)
    network, card = experiment.bundle(trained, look.scores)
    save_bundle(network, card, run.bundle)
    print(run.bundle)


def _save(model: Any, folder: Path) -> None:
    temporary = folder / f".{STATE}.{os.getpid()}.keras"
    model.save(temporary)
    temporary.replace(folder / STATE)


def _load_or_build(folder: Path, plan: dict[str, Any]) -> Any:
    import keras

    from imgan.training.content import build_pixel_loss
    from imgan.training.optimizers import OPTIMIZERS
    from imgan.training.schedules import RunSchedule

    kind = families.resolve(families.get(plan["family"]).generator)
    if (folder / STATE).is_file():
        return keras.saving.load_model(folder / STATE)
    training = plan["training"]
    network = kind(
        scale=plan["scale"],
        channels=plan["data"]["channels"],
        dtype=training["precision"],
        **plan["generator"],
    )
    keys = ("steps", "learning_rate", "final_learning_rate", "warmup_steps")
    schedule = RunSchedule("cosine", **{key: training[key] for key in keys})
    network.compile(
        optimizer=OPTIMIZERS[training["optimizer"]](
            schedule, use_ema=True, ema_momentum=training["ema_decay"]
        ),
        loss=build_pixel_loss(
            training["loss"],
            side=("data.hr_patch_size", plan["data"]["hr_patch_size"]),
            value_range=network.output_range,
        ),
    )
    return network


def _batches(folder: Path, plan: dict[str, Any], first_step: int) -> Any:
    """Return a `PyDataset` of random crops and symmetries, seeded by the step."""
    import keras

    packs = [np.load(path) for path in sorted(folder.glob("patches-*.npz"))]
    lr = np.concatenate([pack["lr"] for pack in packs])
    hr = np.concatenate([pack["hr"] for pack in packs])
    scale, batch = plan["scale"], plan["data"]["batch_size"]
    size = plan["data"]["hr_patch_size"] // scale
    kind = families.resolve(families.get(plan["family"]).generator)

    def cut(rng: np.random.Generator) -> tuple[Array, Array]:
        index = int(rng.integers(len(lr)))
        top, left = (int(v) for v in rng.integers(lr.shape[1] - size + 1, size=2))
        turns, mirror = int(rng.integers(4)), int(rng.integers(2)) * 2 - 1
        if not plan["data"]["augment"]:
            turns, mirror = 0, 1
        small = lr[index, top : top + size, left : left + size]
        large = hr[index, top * scale :, left * scale :][: size * scale, : size * scale]
        return np.rot90(small, turns)[:, ::mirror], np.rot90(large, turns)[:, ::mirror]

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return int(plan["training"]["steps"]) - first_step

        def __getitem__(self, index: int) -> tuple[Array, Array]:
            rng = np.random.default_rng((plan["seed"], first_step + index))
            pairs = [cut(rng) for _ in range(batch)]
            inputs, targets = (np.stack(side) for side in zip(*pairs, strict=True))
            return (
                to_range(np.float32(inputs) / 255, kind.input_range),
                to_range(np.float32(targets) / 255, kind.output_range),
            )

    return Batches(workers=4, max_queue_size=16)


def main() -> int:
    """Parse the command line and run one of the three verbs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    packing = verbs.add_parser("pack")
    packing.add_argument("recipe", type=Path)
    packing.add_argument("folder", type=Path)
    packing.add_argument("--set", dest="overrides", action="append", default=[])
    packing.add_argument("--files", type=int, default=6)
    fitting = verbs.add_parser("fit")
    fitting.add_argument("folder", type=Path)
    fitting.add_argument("--seconds", type=float, default=540.0)
    bundling = verbs.add_parser("bundle")
    bundling.add_argument("folder", type=Path)
    bundling.add_argument("run_dir", type=Path)
    words = parser.parse_args()
    if words.verb == "pack":
        pack(words.recipe, words.folder, words.overrides, words.files)
    elif words.verb == "fit":
        fit(words.folder, words.seconds)
    else:
        bundle(words.folder, words.run_dir)
    return 0


if __name__ == "__main__":
    sys.exit(main())
