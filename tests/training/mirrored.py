"""Trains by a recipe on two logical processors: `mirrored.py RECIPE RUN_DIR`."""

import logging
import sys
from pathlib import Path

from imgan.config import load_recipe
from imgan.errors import ImganError
from imgan.runtime import import_tensorflow
from imgan.training.run_folder import open_run


def main(recipe_file: str, run_dir: str) -> int:
    """Return the exit code that the command would have."""
    tf = import_tensorflow()
    (processor,) = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, halves)
    from imgan.training.train import train

    logging.basicConfig()
    logging.getLogger("imgan.training.strategy").setLevel(logging.INFO)
    recipe = load_recipe(Path(recipe_file))

    def say(step: int, *_: object) -> None:
        sys.stdout.write(f"step {step}\n")
        sys.stdout.flush()

    try:
        train(recipe, open_run(recipe, Path(run_dir)), progress=say)
    except ImganError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
