"""The run folder: everything about one training, readable with `cat`."""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from imgan.bundles.card import CARD_NAME
from imgan.config import Recipe
from imgan.config import dump_recipe
from imgan.config import validate_recipe
from imgan.errors import ConfigError
from imgan.errors import UsageError
from imgan.io.temporaries import write_text
from imgan.machine import processor_name
from imgan.machine import versions
from imgan.training.data_check import check_data
from imgan.training.failures import explain

_PACKAGES = ("python", "imgan", "tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class RunFolder:
    """Paths in the folder of one run."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.yaml"

    @property
    def environment(self) -> Path:
        """Versions, processor and threads of the first start."""
        return self.path / "environment.json"

    @property
    def metrics(self) -> Path:
        """One JSON object a line."""
        return self.path / "metrics.jsonl"

    @property
    def log(self) -> Path:
        """What happened, with times."""
        return self.path / "log.txt"

    @property
    def lock(self) -> Path:
        """Held by the process that trains here; it names its process id."""
        return self.path / ".lock"

    @property
    def samples(self) -> Path:
        """Pictures made on the way."""
        return self.path / "samples"

    def sample_sheet(self, step: int) -> Path:
        """Return the path of the pictures of one validation."""
        return self.samples / f"step-{step:08d}.png"

    @property
    def alarms(self) -> Path:
        """What the watchdog noticed, one JSON object a line; absent if nothing."""
        return self.path / "alarms.jsonl"

    @property
    def report(self) -> Path:
        """All of it on one page that a browser shows without a server."""
        return self.path / "report.html"

    @property
    def checkpoints(self) -> Path:
        """Training states."""
        return self.path / "checkpoints"

    @property
    def bundle(self) -> Path:
        """What the run ends with."""
        return self.path / "bundle"

    @property
    def finished(self) -> bool:
        """Whether the run has reached its last step and written its bundle."""
        return (self.bundle / CARD_NAME).is_file()


def open_run(
    recipe: Recipe,
    run_dir: Path | None,
    *,
    parent: Path = Path("runs"),
    check: Callable[[], object] | None = None,
) -> RunFolder:
    """Return the folder of an unfinished run with this recipe, or begin a new one.

    Args:
        recipe: The resolved recipe.
        run_dir: The folder itself. None: under `parent`, resume the unfinished run with
            the same recipe, otherwise make the next number.
        parent: Where numbered runs live.
        check: Called before a new run's folder is made, once its pictures are known to
            be there; raises what would stop the run later.

    Raises:
        UsageError: If `run_dir` holds a run of another recipe.
        DataError: If a new run's pictures are missing or unpaired.
        OutputError: If the folder cannot be written to.
    """
    run = RunFolder(run_dir) if run_dir else _unfinished_run(recipe, parent)
    if run is not None:
        _refuse_another(run, recipe)
    if run is None or not run.recipe.is_file():
        # Before a folder is made: a run that cannot begin must leave none behind.
        check_data(recipe)
        if check is not None:
            check()
    try:
        if run is None:
            run = _numbered_run(recipe.name, parent)
        for folder in (run.path, run.samples, run.checkpoints):
            folder.mkdir(parents=True, exist_ok=True)
        if not run.recipe.is_file():
            write_text(run.recipe, dump_recipe(recipe))
    except OSError as error:
        raise explain(error, run.path if run else parent) from error
    # Again: while `check` took its time, another run may have begun there.
    _refuse_another(run, recipe)
    return run


def environment(threads: int) -> dict[str, Any]:
    """Return what the bits of a result depend on."""
    found = versions()
    versions_that_matter = {name: found[name] for name in _PACKAGES}
    return {**versions_that_matter, "processor": processor_name(), "threads": threads}


def check_environment(run: RunFolder, now: dict[str, Any]) -> list[str]:
    """Record the environment of a new run; return what differs from a resumed one's."""
    if not run.environment.is_file():
        write_text(run.environment, json.dumps(now, indent=2) + "\n")
        return []
    then = json.loads(run.environment.read_text(encoding="utf-8"))
    return [
        f"{key} was {then.get(key)!r} when the run began and is {value!r} now: the "
        "result will differ in its last bits"
        for key, value in now.items()
        if then.get(key) != value
    ]


def append_log(run: RunFolder, line: str) -> None:
    """Write a line to the run's log alone; a disk that refuses it is no failure."""
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    try:
        with run.log.open("a", encoding="utf-8") as file:
            file.write(f"{when},000 {line}\n")
    except OSError:
        return


def _unfinished_run(recipe: Recipe, parent: Path) -> RunFolder | None:
    for folder in _numbered(parent):
        run = RunFolder(folder)
        if run.recipe.is_file() and not run.finished and _is_of(run, recipe):
            return run
    return None


def _refuse_another(run: RunFolder, recipe: Recipe) -> None:
    if run.recipe.is_file() and not _is_of(run, recipe):
        raise UsageError(
            f"{run.path} holds a run of another recipe, see {run.recipe}. "
            "Choose another --run-dir, or repeat the command that began it."
        )


def _is_of(run: RunFolder, recipe: Recipe) -> bool:
    """Return whether a run is by a recipe, whatever keys imgan knew when it began."""
    try:
        values = yaml.safe_load(run.recipe.read_text(encoding="utf-8"))
        return dump_recipe(validate_recipe(dict(values))) == dump_recipe(recipe)
    except (ConfigError, TypeError, ValueError, yaml.YAMLError):
        return False


def _numbered_run(name: str, parent: Path) -> RunFolder:
    """Make the folder of the next number, which runs that begin now do not share."""
    parent.mkdir(parents=True, exist_ok=True)
    number = max((int(folder.name[:4]) for folder in _numbered(parent)), default=0)
    while True:
        number += 1
        with contextlib.suppress(FileExistsError):
            run = RunFolder(parent / f"{number:04d}-{name}")
            run.path.mkdir()
            return run


def _numbered(parent: Path) -> list[Path]:
    return sorted(parent.glob("[0-9][0-9][0-9][0-9]-*"))
