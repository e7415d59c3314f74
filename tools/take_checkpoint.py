"""Make the bundle of a run from an earlier step than its last.

    python tools/take_checkpoint.py runs/x4-photo 500

The moving average of that step replaces what is in `RUN/bundle`. For runs with a
discriminator, whose last step need not be the best; `training.keep_checkpoints` says
how many steps can be chosen from.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from imgan.bundles.bundle import save_bundle
from imgan.config import load_recipe
from imgan.runtime import import_tensorflow
from imgan.training.run_folder import RunFolder


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the checkpoint, write the bundle."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("step", type=int)
    words = parser.parse_args(arguments)
    import_tensorflow()
    from imgan.training.checkpoints import Checkpoints
    from imgan.training.session import best_weights
    from imgan.training.session import checkpoint_state
    from imgan.training.train import build_experiment

    run = RunFolder(words.run)
    experiment = build_experiment(load_recipe(run.path / "recipe.yaml"))
    model = experiment.create()
    state = checkpoint_state(experiment, model, best_weights(experiment, model))
    checkpoints = Checkpoints(run.checkpoints, state)
    found = checkpoints.restore_latest(parser.error, before=words.step + 1)
    if found is None or found.step != words.step:
        steps = sorted(path.name for path in run.checkpoints.glob("step-*"))
        parser.error(f"no checkpoint of step {words.step}. There are: {steps}")
    network, card = experiment.bundle(model, {})
    changes = {"training_steps": words.step}
    save_bundle(network, card.model_copy(update=changes), run.path / "bundle")
    return 0


if __name__ == "__main__":
    sys.exit(main())
