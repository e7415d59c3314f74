"""`imgan check`: what is wrong with pictures, before a training run finds out."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from imgan.cli.errors import FAILED
from imgan.cli.errors import say
from imgan.cli.output import check_json
from imgan.cli.output import progress
from imgan.cli.output import say_tenths
from imgan.cli.output import show
from imgan.cli.text import aligned
from imgan.errors import DataError
from imgan.errors import UsageError

if TYPE_CHECKING:
    from imgan.config import Recipe
    from imgan.data.checking.findings import CheckResult
    from imgan.data.checking.picture_sets import PictureSet
    from imgan.data.checking.translation_sets import TranslationSet


def check(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECIPE|DIR...",
            help="A recipe; or a folder of pictures, or with HR and LR inside, or with "
            "train and validation inside; or two folders: high and low resolution, or "
            "A and B with --pairs.",
            show_default=False,
        ),
    ],
    json_file: Annotated[
        str | None,
        typer.Option(
            "--json", metavar="FILE", help="Write the findings as JSON; - is stdout."
        ),
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(
            min=1, help="Folders: ratio of high to low resolution. Default: looked up."
        ),
    ] = None,
    pairs: Annotated[
        bool,
        typer.Option("--pairs", help="Folders: A and B, pairs for translation."),
    ] = False,
    combined: Annotated[
        bool,
        typer.Option("--combined", help="Folder: A|B pictures, pairs for translation."),
    ] = False,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Recipes: contact sheet of what the network will see. Default: "
            "NAME-sheet.png, by the recipe's name.",
        ),
    ] = None,
    no_sheet: Annotated[
        bool, typer.Option("--no-sheet", help="Recipes: write no contact sheet.")
    ] = False,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Recipes: change a key, as in train."
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Recipes: the two-minute version.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress on stderr.")
    ] = False,
) -> int:
    """Look at pictures before training on them.

    Finds files without a partner, swapped, shifted and wrongly sized ones, pictures
    that are there twice or both in training and validation, and unusual or empty ones.
    Pairs for translation may look different: what one side says about the other is
    learnt from the set.
    The exit code is 1 if anything is found.
    """
    check_json(json_file)
    recipe = None
    if len(sources) == 1 and not sources[0].is_dir():
        if pairs or combined:
            name = "pairs" if pairs else "combined"
            raise UsageError(f"--{name} applies to folders, not to recipes")
        recipe = _load(sources[0], overrides or [], quick, scale)
        sheet = None if no_sheet else sheet or Path(f"{recipe.name}-sheet.png")
        result = _check_recipe(recipe, sheet, quiet)
    else:
        given = {"sheet": sheet, "no-sheet": no_sheet, "set": overrides, "quick": quick}
        _refuse([name for name, value in given.items() if value])
        result = _check_folders(sources, scale, pairs, combined, quiet)
    show(_text(result), result.to_json(), json_file)
    if recipe is not None and sheet is not None:
        _write_sheet(recipe, sheet)
    return FAILED if result.findings else 0


def _load(path: Path, overrides: list[str], quick: bool, scale: int | None) -> "Recipe":
    if not path.exists():
        raise UsageError(f"{path} is neither a recipe nor a folder")
    if scale is not None:
        raise UsageError("--scale does not apply to a recipe. Use --set scale=...")
    from imgan.config import load_recipe

    return load_recipe(path, overrides, quick=quick)


def _refuse(given: list[str]) -> None:
    if given:
        raise UsageError(f"--{given[0]} applies to recipes, not to folders")


def _check_folders(
    folders: list[Path], scale: int | None, pairs: bool, combined: bool, quiet: bool
) -> "CheckResult":
    if not (pairs or combined):
        from imgan.data.checking.folders import open_folders
        from imgan.data.checking.folders import suggest_pairs

        sets = open_folders(folders, scale)
        return suggest_pairs(_run(sets, quiet), sets)
    if scale is not None or (pairs and combined):
        given = "--scale" if scale is not None else "--combined"
        raise UsageError(
            f"{given} does not go with --{'pairs' if pairs else 'combined'}"
        )
    from imgan.data.checking.translation_sources import open_combined_folders
    from imgan.data.checking.translation_sources import open_pair_folders

    opened = open_pair_folders(folders) if pairs else open_combined_folders(folders)
    return _run_translation(opened, quiet)


def _check_recipe(recipe: "Recipe", sheet: Path | None, quiet: bool) -> "CheckResult":
    from imgan.data.checking.recipes import check_store
    from imgan.data.checking.recipes import open_recipe
    from imgan.data.checking.translation_sources import open_translation

    if sheet is not None:
        from imgan.data.contact_sheet import check_sheet_path

        check_sheet_path(sheet)
    translation = open_translation(recipe)
    if translation is not None:
        return _run_translation(translation, quiet)
    result = _run(open_recipe(recipe), quiet)
    if result.findings:
        return result
    # What no finding explains would stop the run all the same.
    count = check_store(recipe)
    return replace(result, checked=result.checked or {"pictures": count})


def _run(sets: "list[PictureSet]", quiet: bool) -> "CheckResult":
    from imgan.data.checking.check import check_sets

    with progress("Looking", say_tenths("files"), quiet=quiet) as advance:
        return check_sets(sets, lambda done, total: advance("", done, total))


def _run_translation(sets: "list[TranslationSet]", quiet: bool) -> "CheckResult":
    from imgan.data.checking.translation_check import check_translation

    with progress("Looking", say_tenths("files"), quiet=quiet) as advance:
        return check_translation(sets, lambda done, total: advance("", done, total))


def _text(result: "CheckResult") -> str:
    """Return counts, then a line for each finding, then what to do."""
    counted = [
        f"{count:,} pictures" + (f" of {name}" if name != "pictures" else "")
        for name, count in result.checked.items()
    ]
    total = len(result.findings)
    head = f"{total:,} finding{'' if total == 1 else 's'} in {', '.join(counted)}"
    head = "\n".join([head, *(f"note: {remark}" for remark in result.remarks)])
    if not total:
        return head
    parts = [head, aligned([(kind, f"{n:,}") for kind, n in result.counts.items()])]
    for kind in result.counts:
        found = [finding for finding in result.findings if finding.kind == kind]
        lines = [f"  {finding.files[0]}: {finding.message}" for finding in found]
        parts.append("\n".join([kind, *lines]))
    advice = aligned(list(result.advice.items()))
    return "\n\n".join([*parts, "What to do\n" + advice])


def _write_sheet(recipe: "Recipe", path: Path) -> None:
    """Write the contact sheet; pictures that cannot be trained on have none."""
    from imgan.data.contact_sheet import legend
    from imgan.data.contact_sheet import write_contact_sheet

    try:
        write_contact_sheet(recipe, path)
    except DataError as error:
        say(f"no contact sheet: {error}")
    else:
        say(f"contact sheet: {path} ({legend(recipe)})")
