"""Training states on disk: atomic, pruned, and the last good one found again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

_PREFIX = "step-"
_DONE = "complete"


class Checkpoints:
    """Saves and restores everything a run needs to go on as if it had never stopped.

    A state is written beside and renamed, so a killed run leaves either a whole
    checkpoint or none. The position in the data is the step itself (see
    `imgan.data.patches`) and needs no state.

    Args:
        folder: Where checkpoints live.
        model: With its optimizers built.
        keep: How many to keep.
    """

    def __init__(self, folder: Path, model: Any, keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep
        self._state = tf.train.Checkpoint(
            generator=model.generator,
            ema_generator=model.ema_generator,
            generator_optimizer=model.generator_optimizer,
        )

    def save(self, step: int) -> None:
        """Write the state after `step` steps and drop the oldest ones."""
        final = self.folder / f"{_PREFIX}{step:08d}"
        temporary = self.folder / f".{final.name}.{os.getpid()}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        self._state.write(str(temporary / "state"))
        (temporary / _DONE).touch()
        shutil.rmtree(final, ignore_errors=True)
        temporary.replace(final)
        for path in self._complete()[: -self.keep]:
            shutil.rmtree(path, ignore_errors=True)

    def restore_latest(self, warn: Callable[[str], None]) -> int:
        """Load the newest readable state.

        Args:
            warn: Told about each checkpoint that cannot be read.

        Returns:
            Its step; 0 if there is none.
        """
        for stale in self.folder.glob(f".{_PREFIX}*"):
            shutil.rmtree(stale, ignore_errors=True)
        for path in reversed(self._complete()):
            try:
                self._state.read(str(path / "state")).assert_consumed()
            except (tf.errors.OpError, AssertionError, ValueError) as error:
                reason = str(error).splitlines()[0]
                warn(
                    f"checkpoint {path.name} cannot be read ({reason}); using an older"
                )
                continue
            return int(path.name.removeprefix(_PREFIX))
        return 0

    def _complete(self) -> list[Path]:
        return [
            path
            for path in sorted(self.folder.glob(f"{_PREFIX}*"))
            if (path / _DONE).is_file()
        ]
