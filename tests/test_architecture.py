"""The arrows of the package: what may import what, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

LEVELS = {
    0: {"types", "errors", "machine", "runtime"},
    1: {"config", "families"},
    2: {"layers", "io"},
    3: {"networks", "losses", "metrics", "data"},
    4: {"bundles"},
    5: {"models"},
    6: {"inference", "export"},
    7: {"training", "evaluate", "importing"},
    8: {"cli"},
    9: {"__main__"},
}
LEVEL_OF = {part: level for level, parts in LEVELS.items() for part in parts}

# Networks are handed to models, so that any generator meets any objective.
FORBIDDEN = {("models", "networks")}

# A recipe names a family, and the table says which there are.
SIDEWAYS = {("config", "families")}

# What more than one family of networks may use; every other file is one paper's own.
SHARED_NETWORKS = {
    "base",
    "halo",
    "measured_halo",
    "stepwise",
    "latent",
    "pyramid",
    "translation",
    "residual",
    "patches",
    "patchgan",
    "vgg_discriminator",
    "unet_discriminator",
}

# These run on any Keras backend.
NEUTRAL = {"layers", "networks", "losses"}

# These answer without loading a framework.
LIGHT = {
    "cli",
    "config",
    "families",
    "errors",
    "types",
    "machine",
    "runtime",
    "io",
    "__main__",
}
LIGHT_MODULES = {
    "imgan.bundles.card",
    "imgan.bundles.exports",
    "imgan.bundles.register",
    # A file that is refused is refused at once.
    "imgan.importing.importer",
    "imgan",
}
FRAMEWORKS = {"tensorflow", "keras", "jax", "torch"}

OUTSIDE = {"recipes", "tools", "tests"}


class Import(NamedTuple):
    """One imported module, by its full name, and when it is imported."""

    line: int
    target: str
    at_start: bool
    """False inside a function; False under TYPE_CHECKING too."""


class Module(NamedTuple):
    name: str
    path: str
    tree: ast.Module
    imports: list[Import]

    @property
    def part(self) -> str:
        return self.name.partition(".")[2].partition(".")[0]


def read_package(root: Path) -> dict[str, Module]:
    """Parse every module under `root/imgan`."""
    files = sorted((root / "imgan").rglob("*.py"))
    names = {_dotted(root, file): file for file in files}
    modules = {}
    for name, file in names.items():
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        imports = list(_imports(tree, package, set(names)))
        path = file.relative_to(root).as_posix()
        modules[name] = Module(name, path, tree, imports)
    return modules


def _dotted(root: Path, file: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(tree: ast.Module, package: str, known: set[str]) -> Iterator[Import]:
    late = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            late.update(map(id, ast.walk(node)))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            late.update(id(inner) for line in node.body for inner in ast.walk(line))
    for node in ast.walk(tree):
        for target in _targets(node, package, known):
            yield Import(node.lineno, target, id(node) not in late)


def _targets(node: ast.AST, package: str, known: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, base] if base else above)
        for alias in node.names:
            # `from imgan.io import images` imports a module, not a name in one.
            inner = f"{base}.{alias.name}"
            yield inner if inner in known else base
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        "import_module"
    ):
        argument = node.args[0] if node.args else None
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value


def arrow_faults(modules: dict[str, Module]) -> list[str]:
    """Return every import that goes up, sideways or out of the package."""
    faults = []
    for module in modules.values():
        if module.part and module.part not in LEVEL_OF:
            faults.append(f"{module.path}: {module.part!r} has no level in the design")
            continue
        for line, target, at_start in module.imports:
            reason = _fault(module, target, at_start)
            if reason:
                faults.append(f"{module.path}:{line} imports {target} ({reason})")
    return faults


def _fault(module: Module, target: str, at_start: bool) -> str:
    top, _, rest = target.partition(".")
    if top in OUTSIDE:
        return f"the package never imports {top}"
    if module.part in NEUTRAL and top == "tensorflow":
        return f"{module.part} runs on any Keras backend"
    if top != "imgan" or not rest:
        return ""
    part = rest.partition(".")[0]
    if not module.part:
        return "only inside a function" if at_start and LEVEL_OF.get(part) else ""
    if part == module.part:
        return _family_fault(module, target)
    mine, theirs = LEVEL_OF[module.part], LEVEL_OF.get(part)
    if theirs is None:
        return f"{part!r} has no level in the design"
    if (module.part, part) in FORBIDDEN:
        return f"{module.part} are handed what they need, never import {part}"
    if theirs >= mine and (module.part, part) not in SIDEWAYS:
        return f"level {mine} may not import level {theirs}"
    return ""


def _family_fault(module: Module, target: str) -> str:
    if module.part != "networks" or target.count(".") < 2:
        return ""
    own, other = module.name.split(".")[2:3], target.split(".")[2]
    if own == [other] or other in SHARED_NETWORKS or own == []:
        return ""
    return "a family of networks never imports another"


def weight_faults(modules: dict[str, Module]) -> list[str]:
    """Return every light module that brings a framework up when it is imported."""
    faults = []
    for module in modules.values():
        if module.part in LIGHT or module.name in LIGHT_MODULES:
            chain = _way_to_framework(module.name, modules, set())
            if chain:
                faults.append(
                    f"{module.path} imports {' -> '.join(chain)} at its start"
                )
    return faults


def _way_to_framework(
    name: str, modules: dict[str, Module], seen: set[str]
) -> list[str]:
    seen.add(name)
    for _, target, at_start in modules[name].imports:
        if not at_start:
            continue
        if target.partition(".")[0] in FRAMEWORKS:
            return [target]
        parts = target.split(".")
        # Python imports the packages around a module before the module.
        for step in (".".join(parts[:end]) for end in range(1, len(parts) + 1)):
            if step in modules and step not in seen:
                chain = _way_to_framework(step, modules, seen)
                if chain:
                    return [step, *chain]
    return []


def cycles(modules: dict[str, Module]) -> list[str]:
    """Return the import cycles among modules, as `a -> b -> a`."""
    edges = {
        name: [i.target for i in module.imports if i.at_start and i.target in modules]
        for name, module in modules.items()
    }
    found: list[str] = []
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            found.append(" -> ".join([*trail[trail.index(name) :], name]))
            return
        if name in done:
            return
        for target in edges[name]:
            visit(target, [*trail, name])
        done.add(name)

    for name in edges:
        visit(name, [])
    return found


def habit_faults(modules: dict[str, Module]) -> list[str]:
    """Return every `assert` and `print` of the library."""
    faults = []
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assert):
                faults.append(f"{module.path}:{node.lineno} asserts")
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                faults.append(f"{module.path}:{node.lineno} prints")
    return faults


CHECKS = {
    "arrows": arrow_faults,
    "weight": weight_faults,
    "cycles": cycles,
    "habits": habit_faults,
}


@pytest.mark.parametrize("check", CHECKS)
def test_package_obeys(check: str) -> None:
    modules = read_package(ROOT)
    assert "imgan.errors" in modules
    assert CHECKS[check](modules) == []


BAD = [
    (
        "arrows",
        {"losses/pixel.py": "import keras\n\n\nimport imgan.training.run"},
        "imgan/losses/pixel.py:4 imports imgan.training.run "
        "(level 3 may not import level 7)",
    ),
    (
        "arrows",
        {"io/images.py": "def f():\n    from imgan.layers import norm"},
        "imgan/io/images.py:2 imports imgan.layers (level 2 may not import level 2)",
    ),
    (
        "arrows",
        {"models/gan.py": "from imgan.networks.span import SPAN"},
        "imgan/models/gan.py:1 imports imgan.networks.span "
        "(models are handed what they need, never import networks)",
    ),
    (
        "arrows",
        {"networks/a.py": "", "networks/b.py": "from . import a"},
        "imgan/networks/b.py:1 imports imgan.networks.a "
        "(a family of networks never imports another)",
    ),
    (
        "arrows",
        {"layers/norm.py": "def f():\n    import tensorflow as tf"},
        "imgan/layers/norm.py:2 imports tensorflow (layers runs on any Keras backend)",
    ),
    (
        "arrows",
        {"cli/main.py": "from tools.make_samples import main"},
        "imgan/cli/main.py:1 imports tools.make_samples "
        "(the package never imports tools)",
    ),
    ("arrows", {"utils.py": ""}, "imgan/utils.py: 'utils' has no level in the design"),
    (
        "arrows",
        {"io/paths.py": "import importlib\nimportlib.import_module('imgan.cli.main')"},
        "imgan/io/paths.py:2 imports imgan.cli.main (level 2 may not import level 8)",
    ),
    (
        "arrows",
        {"__init__.py": "from imgan.inference import predictor"},
        "imgan/__init__.py:1 imports imgan.inference (only inside a function)",
    ),
    (
        "weight",
        {"io/images.py": "from tensorflow.io import gfile"},
        "imgan/io/images.py imports tensorflow.io at its start",
    ),
    (
        "weight",
        {
            "cli/main.py": "from imgan.bundles.card import Card",
            "bundles/__init__.py": "import keras",
            "bundles/card.py": "",
        },
        "imgan/cli/main.py imports imgan.bundles -> keras at its start",
    ),
    (
        "cycles",
        {
            "io/a.py": "import imgan.io.b",
            "io/b.py": "from imgan.io.a import read",
        },
        "imgan.io.a -> imgan.io.b -> imgan.io.a",
    ),
    ("habits", {"io/a.py": "x = 1\nassert x"}, "imgan/io/a.py:2 asserts"),
    ("habits", {"io/a.py": "print('x')"}, "imgan/io/a.py:1 prints"),
]


def write_tree(root: Path, files: dict[str, str]) -> None:
    for name, text in {"__init__.py": "", **files}.items():
        path = root / "imgan" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("check", "files", "message"), BAD)
def test_bad_tree_is_found(
    check: str, files: dict[str, str], message: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, files)
    assert CHECKS[check](read_package(tmp_path)) == [message]


def test_good_tree_passes(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "errors.py": "",
            "bundles/card.py": "def f():\n    import keras",
            "networks/patchgan.py": "import keras",
            "networks/pix2pix.py": "from imgan.networks.patchgan import PatchGAN",
            "cli/main.py": (
                "from typing import TYPE_CHECKING\n"
                "from imgan import errors\n"
                "from imgan.bundles.card import f\n"
                "if TYPE_CHECKING:\n    import keras\n"
            ),
        },
    )
    modules = read_package(tmp_path)
    assert [check(modules) for check in CHECKS.values()] == [[], [], [], []]


def test_every_test_file_is_collected() -> None:
    tests = ROOT / "tests"
    lost, bare = [], set()
    for path in sorted(tests.rglob("*.py")):
        names = {
            node.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef)
        }
        holds_tests = any(name.startswith("test_") for name in names)
        if holds_tests and not path.name.startswith("test_"):
            lost.append(path.relative_to(ROOT).as_posix())
        if path.name.startswith("test_") and not holds_tests:
            lost.append(f"{path.relative_to(ROOT).as_posix()} (no test inside)")
        if not (path.parent / "__init__.py").is_file():
            bare.add(path.parent.relative_to(ROOT).as_posix())
    assert lost == []
    assert bare == set(), "test files may repeat a name only inside packages"
