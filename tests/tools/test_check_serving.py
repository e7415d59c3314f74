"""An export is checked against a server, or it is said that there is none."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imgan.bundles.card import read_card
from imgan.bundles.register import resolve
from imgan.export.saved_model import export_saved_model
from tests.export import bundles
from tests.serving.loopback import Loopback
from tools import check_serving

# Announces what the real one does, and says what it was asked for.
SERVER = f"""#!{sys.executable}
import sys, time
print(*sys.argv[1:], "Successfully loaded servable version", flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checked")
    export_saved_model(bundles.make("repsr", folder / "small"), folder / "served")
    return folder / "served"


def check(served: Path, service: Loopback) -> None:
    card = read_card(resolve(str(served)))
    check_serving.check(served, card, f"{service.grpc}/small", service.http)


@pytest.mark.slow
def test_a_server_that_computes_the_same(
    served: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Loopback({"small": served}) as service:
        check(served, service)
    said = capfd.readouterr().out
    assert "saved request: a picture of " in said
    assert "grpc: (106, 58, 3), as here" in said
    assert "http: (106, 58, 3), as here" in said


@pytest.mark.slow
def test_a_server_with_another_model(served: Path, tmp_path: Path) -> None:
    export_saved_model(bundles.make("compact", tmp_path / "small"), tmp_path / "other")
    with (
        Loopback({"small": tmp_path / "other"}) as service,
        pytest.raises(SystemExit, match="made another picture than"),
    ):
        check(served, service)


def test_a_server_that_is_started(
    served: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    binary = tmp_path / "tensorflow_model_server"
    binary.write_text(SERVER)
    binary.chmod(0o755)
    with check_serving.started(str(binary), served, "small") as (server, rest, log):
        words = log.read_text().split()
        assert f"--port={server.split(':')[2].split('/')[0]}" in words
        assert f"--rest_api_port={rest.rpartition(':')[2]}" in words
        assert f"--model_base_path={served}" in words


def test_without_a_server_nothing_was_checked(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    monkeypatch.setenv("PATH", "")
    app = typer.Typer()
    app.command()(check_serving.main)
    done = CliRunner().invoke(app, [str(served)])
    assert done.exit_code == 2
    assert done.output.startswith("Nothing was checked: there is no tensorflow_model_s")
