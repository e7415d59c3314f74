"""Training states on disk: atomic, pruned, and the last good one found again."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

_PREFIX = "step-"
_MANIFEST = "sha256.json"


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
        manifest = json.dumps(_digests(temporary), indent=2)
        (temporary / _MANIFEST).write_text(manifest + "\n", encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        temporary.replace(final)
        for path in self._complete()[: -self.keep]:
            shutil.rmtree(path, ignore_errors=True)

    def restore_latest(self, warn: Callable[[str], None]) -> int:
        """Load the newest readable state.

        Args:
            warn: Told about each checkpoint that is damaged.

        Returns:
            Its step; 0 if there is none.
        """
        for stale in self.folder.glob(f".{_PREFIX}*"):
            shutil.rmtree(stale, ignore_errors=True)
        for path in reversed(self._complete()):
            if not _is_whole(path):
                # Noticed before TensorFlow reads it and overwrites half of the weights.
                warn(f"checkpoint {path.name} is damaged; trying the one before it")
                continue
            self._state.read(str(path / "state")).assert_consumed()
            return int(path.name.removeprefix(_PREFIX))
        return 0

    def _complete(self) -> list[Path]:
        return [
            path
            for path in sorted(self.folder.glob(f"{_PREFIX}*"))
            if (path / _MANIFEST).is_file()
        ]


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(folder.glob("state*"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _is_whole(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest == _digests(folder))
    except (OSError, ValueError):
        return False
