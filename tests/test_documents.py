"""What the documents say is true: commands, Python, versions, recipes, licences."""

import importlib
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import imgan
from imgan.bundles.card import read_card
from imgan.bundles.register import shipped
from imgan.cli.main import COMMANDS
from imgan.cli.main import load_command
from imgan.config import load_recipe
from imgan.io.formats import format_of
from imgan.training.train import check_recipe
from tests.tools.loading import load_tool

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECIPES = sorted((ROOT / "recipes").rglob("*.yaml"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def imgan_lines() -> list[str]:
    """Every `imgan ...` command of the README's shell blocks."""
    steps = [
        step.strip()
        for block in blocks("sh")
        for line in block.splitlines()
        for step in line.partition("#")[0].split("&&")
    ]
    found = [step.removeprefix(".venv/bin/") for step in steps]
    return [step for step in found if step.startswith("imgan ")]


@pytest.fixture(scope="module")
def check_release() -> ModuleType:
    return load_tool("check_release")


def need_model(name: str) -> None:
    if name not in shipped():
        pytest.skip(f"{name} does not ship yet")


def test_readme_begins_with_the_two_commands() -> None:
    upscale, test = blocks("sh")[:2]
    assert upscale.count("\n") == test.count("\n") == 1
    assert "imgan upscale assets/samples " in upscale
    assert test.rstrip().endswith("pytest")


def test_ci_installs_as_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    install = 'install -e ".[test]"'
    assert install in script.replace("--quiet --disable-pip-version-check ", "")
    assert install in README


@pytest.mark.parametrize("line", imgan_lines())
def test_readme_names_real_commands_and_options(line: str) -> None:
    _, name, *words = shlex.split(line)
    command = load_command(name)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_readme_table_lists_every_command() -> None:
    assert re.findall(r"^\| `imgan (\w+)", README, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_line_is_the_docstring(name: str) -> None:
    """`imgan --help` shows a table of its own, so as to import no command."""
    command = load_command(name)
    assert command.help.splitlines()[0] == COMMANDS[name].summary


@pytest.mark.slow
@pytest.mark.parametrize("code", blocks("python"))
def test_readme_python_runs(code: str) -> None:
    need_model("x4")
    program = [sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", code]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for expected, printed in zip(
        re.findall(r"print\(.*\)  # (\([\d, ]+\))", code),
        done.stdout.splitlines(),
        strict=True,
    ):
        assert printed == expected


@pytest.mark.slow
def test_readme_upscales_every_sample(tmp_path: Path) -> None:
    need_model("x4")
    samples = ROOT / "assets" / "samples"
    command = blocks("sh")[0].rpartition("imgan upscale")[2].split()[:-1]
    done = subprocess.run(
        [sys.executable, "-m", "imgan", "upscale", *command, tmp_path / "enlarged"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in samples.iterdir()}
    assert {path.name for path in (tmp_path / "enlarged").iterdir()} == names


def test_changelog_begins_with_this_version(check_release: ModuleType) -> None:
    assert check_release.version_faults(ROOT, f"v{imgan.__version__}") == []
    assert len(check_release.version_faults(ROOT, "v0")) == 1


def test_every_asset_has_its_licence(check_release: ModuleType) -> None:
    assert check_release.asset_faults(ROOT) == []
    pictures = [path.name for path in (ROOT / "assets" / "samples").iterdir()]
    assert 4 <= len(pictures) <= 6
    assert all(format_of(name) for name in pictures)


def test_unlicensed_asset_is_found(check_release: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "assets"
    folder.mkdir()
    (folder / "drawn" / "small").mkdir(parents=True)
    for name in ("a.png", "b.png", "drawn/small/d.png", "drawings.png"):
        (folder / name).touch()
    (folder / "LICENCES.md").write_text(
        "| file | picture | licence |\n|---|---|---|\n"
        "| b.png | b | CC BY |\n| c.png | c | CC0 |\n"
        "| drawn/ | d | CC0 |\n| empty/ | e | CC0 |\n",
        encoding="utf-8",
    )
    assert check_release.asset_faults(tmp_path) == [
        "assets/a.png has no licence line",
        "assets/b.png is CC BY, not CC0",
        "assets/c.png is listed, not there",
        "assets/drawings.png has no licence line",
        "assets/empty/ is listed, not there",
    ]


def test_shipped_models_are_whole(check_release: ModuleType) -> None:
    assert check_release.model_faults(ROOT) == []


def test_public_names_can_be_imported() -> None:
    checked = 0
    for found in pkgutil.walk_packages(imgan.__path__, "imgan."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", []):
            getattr(module, name)
        checked += 1
    assert checked > 20
    assert all(hasattr(imgan, name) for name in imgan.__all__)


def test_there_are_recipes() -> None:
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe_loads_and_explains_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = text[: re.search(r"^[^#\n]", text, re.MULTILINE).start()]  # type: ignore[union-attr]
    where = path.relative_to(ROOT).as_posix()
    assert re.search(rf"^# Command: +imgan train {re.escape(where)}", header, re.M)
    for topic in ("Paper", "Data", "Cost", "Expected"):
        assert re.search(rf"^# {topic}: +\S", header, re.MULTILINE), topic
    assert load_recipe(path).training.steps > 0
    assert "quick" in text
    quick = load_recipe(path, quick=True)
    assert quick.training.steps <= 200
    # The quick version must run in any clone.
    for source in _sources(quick.data.train):
        assert not Path(source).is_absolute()
        assert (ROOT / source).is_dir()


@pytest.mark.slow
@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_quick_version_can_begin(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks of its sizes, and a first batch of pictures that are in every clone."""
    monkeypatch.chdir(ROOT)
    experiment = check_recipe(load_recipe(path, quick=True))
    batch = next(iter(experiment.dataset(experiment.create(), 0, [])))
    assert all(np.isfinite(images).all() for images in batch.values())


def test_the_table_of_models_says_what_the_cards_say() -> None:
    rows = re.findall(r"^\| `(x\S+)` \|[^|]+\| ([\d,]+) k \| ([\d.]+) \|", README, re.M)
    assert {name for name, *_ in rows} == set(shipped())
    for name, thousands, decibels in rows:
        card = read_card(shipped()[name])
        count = round(card.network.parameters / 1000)
        assert thousands == f"{count:,}"
        assert any(decibels == f"{s.values['psnr_y']:.2f}" for s in card.metrics)


def _sources(train: object) -> list[str]:
    """Return the folders that a recipe trains on."""
    if isinstance(train, str):
        return [] if train.startswith("sklearn:") else [train]
    values = train.model_dump(exclude_none=True).values()  # type: ignore[attr-defined]
    assert values
    return [str(value) for value in values]
