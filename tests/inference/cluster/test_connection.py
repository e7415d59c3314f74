"""What is said and done before there is a cluster; without one."""

import importlib.util
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from imgan.cli.main import main
from imgan.errors import ClusterError
from imgan.errors import MissingExtraError
from imgan.errors import UsageError
from imgan.inference.cluster import connection
from imgan.inference.cluster.connection import check_cluster
from imgan.inference.work import BatchOptions

OPTIONS = BatchOptions()


@pytest.mark.parametrize("address", ["lokal", "", "ray://head", "http://head:1", "a:b"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(UsageError, match="auto, local or an address such as head:6379"):
        check_cluster(address, OPTIONS)


@pytest.mark.parametrize("address", ["auto", "local", "h:6379", "ray://[::1]:10001"])
def test_addresses(address: str) -> None:
    check_cluster(address, OPTIONS)


def test_gpus_of_a_cluster_have_no_numbers() -> None:
    check_cluster("auto", BatchOptions(device="gpu"))
    with pytest.raises(UsageError, match="--device gpu:0,1 names the GPUs of one"):
        check_cluster("auto", BatchOptions(device="gpu:0,1"))


def test_a_server_computes_alone() -> None:
    with pytest.raises(UsageError, match="--cluster and --server exclude each other"):
        check_cluster("auto", BatchOptions(model="grpc://localhost:8500/x4"))


@pytest.mark.parametrize("absent", ["ray", "pyarrow"])
def test_without_the_extra(
    absent: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    find = importlib.util.find_spec

    def find_others(name: str, package: str | None = None) -> Any:
        return None if name == absent else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_others)
    with pytest.raises(MissingExtraError, match=r"imgan\[ray\]"):
        check_cluster("auto", OPTIONS)
    (tmp_path / "a.png").write_bytes(b"")
    words = ["upscale", str(tmp_path / "a.png"), str(tmp_path / "out")]
    assert main([*words, "--cluster", "auto"]) == 1
    expected = 'imgan: --cluster needs an extra: pip install "imgan[ray]"\n'
    assert capsys.readouterr() == ("", expected)


def test_a_ray_that_is_too_old() -> None:
    connection._check_version("2.59.0")
    connection._check_version("3.0.0.dev0")
    with pytest.raises(ClusterError, match=r"2\.59 or newer. Received: Ray 2\.9\.3"):
        connection._check_version("2.9.3")


@pytest.fixture
def closed() -> str:
    """An address of this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{taken.getsockname()[1]}"


def test_an_address_where_nobody_listens(
    closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (closed, f"ray://{closed}"):
        with pytest.raises(ClusterError, match="refused.*--cluster local"):
            connection._found(address)
    monkeypatch.setenv("RAY_ADDRESS", closed)
    with pytest.raises(ClusterError, match=f"--cluster {closed}: no connection"):
        connection._found("auto")
    assert connection._found("local") == "local"


def test_what_a_dead_ray_has_left_is_no_ray(
    closed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert connection._found("auto") is None
    record = tmp_path / "ray" / "ray_current_cluster"
    record.parent.mkdir()
    record.write_text(closed)
    assert connection._found("auto") == "local"
    with socket.create_server(("127.0.0.1", 0)) as server:
        record.write_text(f"127.0.0.1:{server.getsockname()[1]}")
        assert connection._found("auto") is None, "Ray finds it by itself"


def test_reasons_name_the_cure() -> None:
    def reason(text: str, cause: Exception | None = None) -> str:
        error = ConnectionError(text)
        error.__cause__ = cause
        return connection._reason("h:1", error)

    assert reason("No such host\n  there.").startswith(
        "--cluster h:1: no connection to Ray: No such host there. Start one with"
    )
    assert "RAY_AUTH_MODE=token" in reason("Failed", ValueError("x InvalidAuthToken y"))
    assert "RAY_AUTH_MODE=token" in reason("ray client connection timeout")
    assert "same versions of Ray and Python" in reason("Version mismatch: 2.59, 2.60")


def test_only_rays_own_threads_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    def speak(text: str) -> None:
        sys.stdout.write(text)

    with connection._quiet():
        speak("one\n")
        for name in ("ray_listen_error_messages", "mine"):
            thread = threading.Thread(target=speak, args=(f"{name}\n",), name=name)
            thread.start()
            thread.join()
        sys.stdout.flush()
    assert capsys.readouterr().out == "one\nmine\n"
