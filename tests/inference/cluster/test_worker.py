"""What a worker does, without a cluster: in this process, with the real books."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imgan.bundles.card import ExportSpec
from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.bundles.register import shipped
from imgan.errors import OutputError
from imgan.inference.batch import run_batch
from imgan.inference.cluster import worker as module
from imgan.inference.cluster.books import Advanced
from imgan.inference.cluster.books import Attempt
from imgan.inference.cluster.books import Books
from imgan.inference.cluster.books import state_of
from imgan.inference.cluster.setup import Assignment
from imgan.inference.cluster.setup import Setup
from imgan.inference.cluster.setup import identity_of
from imgan.inference.cluster.worker import ClusterWorker
from imgan.inference.predictor import Predictor
from imgan.inference.report import FileRow
from imgan.inference.work import BatchOptions
from imgan.inference.work import Item
from imgan.inference.work import Worker
from imgan.io.images import Picture
from imgan.io.images import write_image
from imgan.io.paths import plan_jobs
from imgan.io.temporaries import machine_name
from tests.inference.networks import NearestEngine
from tests.inference.networks import card
from tests.inference.networks import picture

HERE = machine_name()
BICUBIC = BatchOptions(model="bicubic", scale=2)


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    write_image(Picture(picture(20, 30, 3)), tmp_path / "in" / "a.png")
    (tmp_path / "out").mkdir()
    marker = tmp_path / "out" / ".marker"
    marker.touch()
    return Setup("upscale", BICUBIC, None, 2.0, marker)


@pytest.fixture
def assignment(setup: Setup, tmp_path: Path) -> Assignment:
    row = FileRow(tmp_path / "in" / "a.png", tmp_path / "out" / "a.png")
    return Assignment.of(0, Item(row, input_bytes=2400))


def make(setup: Setup, assignment: Assignment, books: Books) -> dict[str, Any]:
    return ClusterWorker(setup, books, "w").make(assignment)


def test_a_picture_is_made_as_in_a_batch(
    setup: Setup, assignment: Assignment, tmp_path: Path
) -> None:
    outcome = make(setup, assignment, Books())
    plan = plan_jobs([tmp_path / "in"], tmp_path / "alone", recursive=False)
    expected = run_batch(plan, BICUBIC).files[0].to_json()
    assert {**outcome["row"], "output": 0, "seconds": 0} == {
        **expected,
        "output": 0,
        "seconds": 0,
    }
    made = (tmp_path / "out" / "a.png").read_bytes()
    assert made == (tmp_path / "alone" / "a.png").read_bytes()
    assert (outcome["device"], outcome["precision"]) == ("cpu", "float32")
    began, ended = outcome["computing"]
    assert began <= ended


def test_assignments_survive_the_journey() -> None:
    name = os.fsdecode(b"/in/\xff.png")
    whole = Assignment(3, name, "/out/\u00fc.png", ("/in/0.png",), "/t/0.png", 12)
    assert whole.text().isascii()
    assert Assignment.read(whole.text()) == whole
    item = whole.item()
    assert item.row.input == Path(name)
    assert (item.earlier, item.target) == ((Path("/in/0.png"),), Path("/t/0.png"))


def died(books: Books, output: Path, *, computed: bool) -> None:
    """Write down a worker that was heard of no more."""
    books.begin(0, Attempt(HERE, 1, state_of(output), False))
    if computed:
        row = FileRow(Path("in"), output, precision="float32", warnings=["thin ice"])
        books.computed(0, row.to_json())


def unneeded(options: BatchOptions) -> Predictor:
    class Unused(NearestEngine):
        def run(self, *arguments: Any, **more: Any) -> Any:
            pytest.fail("must not be computed again")

    return Predictor(Unused())


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_a_dead_worker_has_written_is_done(
    overwrite: bool, setup: Setup, assignment: Assignment
) -> None:
    output, books = Path(assignment.output), Books()
    if overwrite:
        write_image(Picture(picture(40, 60)), output)
    died(books, output, computed=True)
    write_image(Picture(picture(40, 60, 3)), output)
    state = state_of(output)
    outcome = make(replace(setup, load=unneeded), assignment, books)
    assert outcome["row"]["status"] == "done"
    assert outcome["row"]["warnings"] == ["thin ice"]
    assert state_of(output) == state


@pytest.mark.parametrize("computed", [False, True])
def test_what_was_there_before_a_dead_worker_is_made_again(
    computed: bool, setup: Setup, assignment: Assignment
) -> None:
    output, books = Path(assignment.output), Books()
    write_image(Picture(picture(40, 60)), output)
    died(books, output, computed=computed)
    before = state_of(output)
    outcome = make(setup, assignment, books)
    assert outcome["row"]["status"] == "done"
    assert outcome["row"]["warnings"] == []
    assert state_of(output) != before


def test_a_picture_may_not_take_more_workers_with_it(
    setup: Setup, assignment: Assignment
) -> None:
    books = Books()
    for alone in (False, True):
        books.begin(0, Attempt(HERE, 1, None, alone))
    assert make(setup, assignment, books)["row"]["status"] == "done"
    Path(assignment.output).unlink()
    outcome = make(setup, assignment, books)
    assert outcome["row"]["status"] == "failed"
    assert "3 workers died while they made it" in outcome["row"]["error"]


def test_a_bad_picture_is_a_row(setup: Setup, assignment: Assignment) -> None:
    Path(assignment.input).write_bytes(b"no picture")
    outcome = make(setup, assignment, Books())
    assert outcome["row"]["status"] == "failed"
    assert outcome["blind"] is False


def test_a_picture_that_is_not_seen_here(setup: Setup, assignment: Assignment) -> None:
    Path(assignment.input).unlink()
    outcome = make(setup, assignment, Books())
    assert outcome["blind"] is True
    assert f"and not on {HERE}" in outcome["row"]["error"]


def fatal(setup: Setup, assignment: Assignment, books: Books | None = None) -> str:
    worker = ClusterWorker(setup, books or Books(), "w")
    first, second = worker.make(assignment), worker.make(assignment)
    assert first == second, "it does not try again"
    kind, message = first["fatal"]
    assert message.startswith(f"{HERE}: ")
    return f"{kind} {message}"


def test_what_no_picture_can_be_made_without(
    setup: Setup, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(options: BatchOptions) -> Predictor:
        raise OutputError("no\nroom")

    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    message = fatal(replace(setup, version="0.0"), assignment)
    assert message.startswith("ClusterError")
    assert "0.0 on the machine of the command" in message
    message = fatal(replace(setup, marker=setup.marker.with_name("x")), assignment)
    assert message.startswith("OutputError")
    assert "Write to one that all machines share" in message
    assert fatal(replace(setup, identity=("0" * 64, "")), assignment) == (
        f"CheckpointError {HERE}: the model bicubic has other weights here than on "
        "the machine of the command. Give a folder that all machines share"
    )
    assert "no room" in fatal(replace(setup, load=broken), assignment)
    books = Books()
    for _ in range(3):
        books.load("w")
    assert "died 3 times while it loaded" in fatal(setup, assignment, books)


def test_long_work_says_how_far_it_is(
    setup: Setup, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_OFTEN_ENOUGH", 0.0)
    books = Books()
    make(replace(setup, load=small_tiles), assignment, books)
    fractions = [n.fraction for n in books.read_on(0) if isinstance(n, Advanced)]
    assert fractions == [0.5, 1.0]


def small_tiles(options: BatchOptions) -> Predictor:
    return Predictor(NearestEngine(tile=16), tile=16)


def test_how_large_pictures_are_tiled_is_passed_on(
    setup: Setup, assignment: Assignment
) -> None:
    assert "tiles" not in make(replace(setup, load=small_tiles), assignment, Books())
    outcome = make(replace(setup, load=translator), assignment, Books())
    assert outcome["row"]["status"] == "done"
    assert "in tiles of" in outcome["tiles"]


def translator(options: BatchOptions) -> Predictor:
    engine = NearestEngine(tile=16)
    engine.translates = True
    return Predictor(engine, tile=16)


def test_what_tells_models_from_one_another(tmp_path: Path) -> None:
    weights = card(weights_sha256="1" * 64)
    spec = ExportSpec(precision="bfloat16", signatures=["card"])
    exported = weights.model_copy(update={"export": spec})
    dialled = replace(BICUBIC, model="x4-photo", fidelity=0.5)
    found = {
        identity_of(BICUBIC, None),
        identity_of(BICUBIC, weights),
        identity_of(BICUBIC, exported),
        identity_of(dialled, weights),
    }
    assert len(found) == 4
    partner = read_card(shipped()[str(read_card(resolve("x4-photo")).fidelity_partner)])
    assert partner.weights_sha256 in identity_of(dialled, weights)


def test_what_is_written_while_it_is_computed_is_in_the_books_before(
    setup: Setup, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imgan.inference.streamed.STREAM_BYTES", 0)

    class Dies(Worker):
        def compute(self, *arguments: Any) -> None:
            super().compute(*arguments)
            raise SystemExit

    books = Books()
    # Rows of tiles that are lower than the picture, or it would be made whole.
    setup = replace(setup, options=replace(BICUBIC, tile=4))
    with pytest.raises(SystemExit):
        make(replace(setup, worker=Dies), assignment, books)
    state = state_of(Path(assignment.output))
    assert state is not None
    outcome = make(replace(setup, load=unneeded), assignment, books)
    assert outcome["row"]["precision"] == "float32"
    assert state_of(Path(assignment.output)) == state
