"""Training states on disk: atomic, pruned, and the last good one found again."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import NamedTuple

import tensorflow as tf

from imgan.errors import OutputError
from imgan.training.failures import advice
from imgan.training.failures import refusal

_PREFIX = "step-"
_MANIFEST = "sha256.json"
_NOTES = "notes.json"


class Restored(NamedTuple):
    """A state that has been loaded."""

    step: int
    notes: dict[str, Any]
    """What was saved beside the tensors."""


class Checkpoints:
    """Saves and restores everything a run needs to go on as if it had never stopped.

    A state is written beside and renamed, so a killed run leaves either a whole
    checkpoint or none, and the old ones go only when the new one is there. The position
    in the data is the step itself (see `imgan.data`) and needs no state.

    Args:
        folder: Where checkpoints live.
        state: Trackable objects by name, with every variable created.
        keep: How many to keep; the newest good one is kept in any case.
    """

    def __init__(self, folder: Path, state: Mapping[str, Any], keep: int = 2) -> None:
        self.folder = folder
        self.keep = keep
        self._state = tf.train.Checkpoint(**state)

    def save(
        self, step: int, notes: Mapping[str, Any] | None = None, *, good: bool = True
    ) -> None:
        """Write the state after `step` steps and drop the oldest ones.

        Args:
            step: Steps done.
            notes: Anything that JSON holds.
            good: Whether a run that went wrong later may return to this state.

        Raises:
            OutputError: If the disk is full or cannot be written to.
        """
        final = self.folder / f"{_PREFIX}{step:08d}"
        temporary = self.folder / f".{final.name}.{os.getpid()}"
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            temporary.mkdir(parents=True)
            self._state.write(str(temporary / "state"))
            saved = {"good": good, "notes": dict(notes or {})}
            (temporary / _NOTES).write_text(json.dumps(saved), encoding="utf-8")
            manifest = json.dumps(_digests(temporary), indent=2)
            (temporary / _MANIFEST).write_text(manifest + "\n", encoding="utf-8")
        except (OSError, tf.errors.OpError) as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise OutputError(self._failure(final, error)) from error
        shutil.rmtree(final, ignore_errors=True)
        temporary.replace(final)
        self._prune(step)

    def restore_latest(
        self,
        warn: Callable[[str], None],
        *,
        good: bool = False,
        before: int | None = None,
    ) -> Restored | None:
        """Load the newest readable state; None if there is none.

        Args:
            warn: Told about each checkpoint that is damaged.
            good: Pass over states that were saved as not good, and remove them.
            before: Look only at states of fewer steps.
        """
        for stale in self.folder.glob(f".{_PREFIX}*"):
            shutil.rmtree(stale, ignore_errors=True)
        for path in reversed(self._complete()):
            if before is not None and _step(path) >= before:
                continue
            if not _is_whole(path):
                # Noticed before TensorFlow reads it and overwrites half of the weights.
                warn(f"checkpoint {path.name} is damaged; trying the one before it")
                continue
            saved = _read_notes(path)
            if good and not saved["good"]:
                shutil.rmtree(path, ignore_errors=True)
                continue
            self._state.read(str(path / "state")).assert_consumed()
            return Restored(_step(path), saved["notes"])
        return None

    def _prune(self, newest: int) -> None:
        paths = self._complete()
        for path in [path for path in paths if _step(path) > newest]:
            # Damaged, or of a past that the run has gone back behind.
            shutil.rmtree(path, ignore_errors=True)
            paths.remove(path)
        kept = set(paths[-self.keep :])
        good = [path for path in paths if _read_notes(path)["good"]]
        kept.update(good[-1:])
        for path in paths:
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def _complete(self) -> list[Path]:
        return [
            path
            for path in sorted(self.folder.glob(f"{_PREFIX}*"))
            if (path / _MANIFEST).is_file()
        ]

    def _failure(self, final: Path, error: Exception) -> str:
        reason = refusal(error) or str(error).splitlines()[0]
        complete = self._complete()
        last = (
            f"The last checkpoint is whole: {complete[-1]}."
            if complete
            else "There is no checkpoint yet."
        )
        return (
            f"Checkpoint {final} cannot be written: {reason}. {last} "
            f"{advice(reason)}, then repeat the command; the run resumes there."
        )


def _step(path: Path) -> int:
    return int(path.name.removeprefix(_PREFIX))


def _read_notes(path: Path) -> dict[str, Any]:
    try:
        saved = json.loads((path / _NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"good": True, "notes": {}}
    return dict(saved)


def _digests(folder: Path) -> dict[str, str]:
    files = sorted([*folder.glob("state*"), *folder.glob(_NOTES)])
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _is_whole(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest == _digests(folder))
    except (OSError, ValueError):
        return False
