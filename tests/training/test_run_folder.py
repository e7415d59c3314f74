from pathlib import Path

import pytest

from imgan.config import Recipe
from imgan.config.super_resolution import ResolutionFolders
from imgan.errors import DataError
from imgan.errors import UsageError
from imgan.training.run_folder import check_environment
from imgan.training.run_folder import environment
from imgan.training.run_folder import open_run


def test_runs_are_numbered_and_an_unfinished_one_is_resumed(
    recipe: Recipe, tmp_path: Path
) -> None:
    other = recipe.model_copy(update={"seed": 9})
    first = open_run(recipe, None, parent=tmp_path)
    assert first.path.name == "0001-tiny"
    assert open_run(other, None, parent=tmp_path).path.name == "0002-tiny"
    assert open_run(recipe, None, parent=tmp_path).path == first.path


def test_a_finished_run_is_not_touched_by_the_next(
    recipe: Recipe, tmp_path: Path
) -> None:
    first = open_run(recipe, None, parent=tmp_path)
    first.bundle.mkdir()
    (first.bundle / "card.json").write_text("{}")
    assert first.finished
    assert open_run(recipe, None, parent=tmp_path).path.name == "0002-tiny"


def test_run_dir_refuses_another_recipe(recipe: Recipe, tmp_path: Path) -> None:
    open_run(recipe, tmp_path / "mine")
    assert open_run(recipe, tmp_path / "mine").path == tmp_path / "mine"
    with pytest.raises(UsageError, match="another recipe"):
        open_run(recipe.model_copy(update={"seed": 9}), tmp_path / "mine")


def test_runs_that_begin_together_have_folders_of_their_own(
    recipe: Recipe, tmp_path: Path
) -> None:
    """The second begins while the first still loads its pictures."""
    other = recipe.model_copy(update={"seed": 9})
    begun = []
    check = lambda: begun.append(open_run(other, None, parent=tmp_path))  # noqa: E731
    first = open_run(recipe, None, parent=tmp_path, check=check)
    names = [run.path.name for run in (*begun, first)]
    assert names == ["0001-tiny", "0002-tiny"]
    check = lambda: begun.append(open_run(other, tmp_path / "run"))  # noqa: E731
    with pytest.raises(UsageError, match="another recipe"):
        open_run(recipe, tmp_path / "run", check=check)


def test_a_run_of_before_a_key_was_known_is_resumed(
    recipe: Recipe, tmp_path: Path
) -> None:
    run = open_run(recipe, None, parent=tmp_path)
    lines = run.recipe.read_text().splitlines(keepends=True)
    older = [line for line in lines if "keep_checkpoints" not in line]
    assert len(older) == len(lines) - 1
    run.recipe.write_text("".join(older))
    assert open_run(recipe, None, parent=tmp_path).path == run.path
    assert open_run(recipe, run.path).path == run.path


@pytest.mark.parametrize("text", ["", "a list", "- 1", "{", "family: nothing"])
def test_a_folder_with_something_else_for_a_recipe_is_refused(
    recipe: Recipe, tmp_path: Path, text: str
) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(UsageError, match="another recipe"):
        open_run(recipe, tmp_path)


def test_a_changed_environment_is_named(recipe: Recipe, tmp_path: Path) -> None:
    run = open_run(recipe, tmp_path / "mine")
    now = environment(threads=2)
    assert check_environment(run, now) == []
    assert check_environment(run, now) == []
    (warning,) = check_environment(run, {**now, "threads": 4})
    assert "threads was 2" in warning
    assert "is 4 now" in warning


def test_a_run_that_cannot_begin_leaves_no_folder(
    recipe: Recipe, tmp_path: Path
) -> None:
    absent = ResolutionFolders(hr=tmp_path / "absent")
    data = recipe.data.model_copy(update={"train": absent})
    with pytest.raises(DataError, match="absent is not a folder"):
        open_run(recipe.model_copy(update={"data": data}), tmp_path / "run")
    assert not (tmp_path / "run").exists()
