"""Look at a checkout the way someone who installs the release will.

    python tools/check_release.py [--tag v0.1.0] [--no-wheel]

Prints one line for each fault and exits with 1 if there is any.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from imgan.bundles.bundle import weights_sha256
from imgan.bundles.card import read_card
from imgan.errors import CheckpointError

ROOT = Path(__file__).resolve().parent.parent
MAX_BYTES = 1_000_000
MAX_WEIGHTS_BYTES = 4_000_000
MAX_PACKAGE_BYTES = 20_000_000


def version_faults(root: Path, tag: str | None = None) -> list[str]:
    """Compare the version of the package, the head of the changelog and the tag."""
    source = (root / "imgan" / "__init__.py").read_text(encoding="utf-8")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    version = _first(r'^__version__ = "([^"]+)"', source)
    head = _first(r"^## (\S+)", changelog)
    faults = []
    if version != head:
        faults.append(f"imgan is {version}, and CHANGELOG.md begins with {head}")
    if tag is not None and tag != f"v{version}":
        faults.append(f"the tag is {tag}, and imgan is {version}")
    return faults


def asset_faults(root: Path) -> list[str]:
    """Return pictures without a CC0 licence line, and lines without a picture.

    A line may name a folder, with a slash at its end, whose pictures are of one origin.
    """
    folder = root / "assets"
    text = (folder / "LICENCES.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    listed = {row[1].strip(): row[3].strip() for row in rows[2:]}
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".md"
    }
    covers = {
        name: {file for file in present if file == name or _within(file, name)}
        for name in listed
    }
    missing = present.difference(*covers.values())
    faults = [f"assets/{name} has no licence line" for name in missing]
    faults += [
        f"assets/{name} is listed, not there"
        for name, files in covers.items()
        if not files
    ]
    faults += [
        f"assets/{name} is {licence}, not CC0"
        for name, licence in listed.items()
        if licence != "CC0"
    ]
    return sorted(faults)


def _within(file: str, name: str) -> bool:
    return name.endswith("/") and file.startswith(name)


def size_faults(root: Path) -> list[str]:
    """Return the tracked files that are too large for a repository."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    faults = []
    for name in filter(None, listing.stdout.split("\0")):
        path = root / name
        limit = MAX_WEIGHTS_BYTES if path.suffix == ".keras" else MAX_BYTES
        if path.is_file() and path.stat().st_size > limit:
            faults.append(f"{name} has {path.stat().st_size:,} bytes, over {limit:,}")
    return faults


def model_faults(root: Path) -> list[str]:
    """Return what is wrong with the shipped models: cards, hashes, licences."""
    faults = []
    for folder in sorted((root / "imgan" / "pretrained").glob("*/")):
        try:
            card = read_card(folder)
            if weights_sha256(folder) != card.weights_sha256:
                faults.append(f"{folder.name}: the weights differ from their card")
        except (CheckpointError, OSError) as error:
            faults.append(f"{folder.name}: {error}")
            continue
        for name in ("description", "licence", "attribution", "data", "metrics"):
            if not getattr(card, name):
                faults.append(f"{folder.name}: its card has no {name}")
        if card.name != folder.name:
            faults.append(f"{folder.name}: its card calls it {card.name}")
    return faults


def wheel_faults(root: Path) -> list[str]:
    """Build the wheel, look into it and run `imgan --help` from it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # A tree of its own: a stale build/ in the checkout would end up in the wheel.
        source = folder / "source"
        export = ["git", "-C", str(root), "checkout-index", "--all"]
        subprocess.run([*export, f"--prefix={source}/"], check=True)
        # All tracked files, as the sdist has at most.
        tree = shutil.make_archive(str(folder / "tree"), "gztar", source)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "wheel", "--no-deps", "-w", name, source], check=True)
        (wheel,) = folder.glob("imgan-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            packed = set(archive.namelist())
        wanted = {
            path.relative_to(source).as_posix()
            for path in (source / "imgan").rglob("*")
            if path.is_file()
            and path.suffix in {".py", ".typed", ".json", ".keras", ".tsv", ".template"}
        }
        faults = [
            f"{path.name} has {path.stat().st_size:,} bytes, over {MAX_PACKAGE_BYTES:,}"
            for path in (wheel, Path(tree))
            if path.stat().st_size > MAX_PACKAGE_BYTES
        ]
        faults += [f"the wheel lacks {path}" for path in sorted(wanted - packed)]
        faults += [
            f"the wheel holds {path}"
            for path in sorted(packed)
            if not path.startswith(("imgan/", "imgan-"))
        ]
        target = folder / "installed"
        subprocess.run(
            [*pip, "install", "--no-deps", "--target", target, wheel], check=True
        )
        answer = subprocess.run(
            [sys.executable, "-m", "imgan", "--help"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(target)},
            capture_output=True,
            text=True,
        )
        if answer.returncode or "upscale" not in answer.stdout:
            faults.append(f"the wheel's imgan --help fails: {answer.stderr.strip()}")
    return faults


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else "nothing"


def main() -> int:
    """Run every check and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tag", help="compare the version with this tag too")
    parser.add_argument("--no-wheel", action="store_true", help="skip the build")
    options = parser.parse_args()
    faults = version_faults(ROOT, options.tag) + asset_faults(ROOT)
    faults += size_faults(ROOT) + model_faults(ROOT)
    if not options.no_wheel:
        faults += wheel_faults(ROOT)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
