"""Addresses of models on servers."""

import pytest

from imgan.errors import ServerError
from imgan.errors import UsageError
from imgan.inference.remote_rest import read_outputs
from imgan.inference.servers import ServerAddress
from imgan.inference.servers import is_server
from imgan.inference.servers import parse_server


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("grpc://host:8500/x4", ("grpc", "host", 8500, "x4")),
        ("GRPC://host/x4/", ("grpc", "host", 8500, "x4")),
        ("grpcs://models.org/x4", ("grpcs", "models.org", 443, "x4")),
        ("grpc://[::1]:9/x4/versions/3", ("grpc", "::1", 9, "x4", 3)),
        ("http://host:8501/x4", ("http", "host", 8501, "x4")),
        ("http://host/x4", ("http", "host", 80, "x4")),
        ("https://host/v1/models/x4", ("https", "host", 443, "x4")),
        (
            "http://host/v1/models/x4/versions/12:predict",
            ("http", "host", 80, "x4", 12),
        ),
        ("http://host/a/b/v1/models/x%204", ("http", "host", 80, "x 4", None, "/a/b")),
    ],
)
def test_addresses(url: str, expected: tuple[object, ...]) -> None:
    assert is_server(url)
    assert parse_server(url) == ServerAddress(*expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("x4", "must begin like grpc://host:8500/NAME"),
        ("host:8500/x4", "must begin like"),
        ("ftp://host/x4", "must begin like"),
        ("grpc:///x4", "must name a host"),
        ("grpc://host:0/x4", "must name a host and a port"),
        ("grpc://host:port/x4", "cannot be read: Port"),
        ("grpc://host:70000/x4", "cannot be read: Port out of range"),
        ("http://[::1/x4", "cannot be read: "),
        ("grpc://host:8500", "must end in the name of a model"),
        ("grpc://host:8500/", "must end in the name of a model"),
        ("grpc://host/v1/models/x4", "must end in the name of a model"),
        ("grpc://host/x4/versions/two", "must end in the name of a model"),
        ("http://host/a/x4", "must end in the name of a model"),
        ("http://user:secret@host/x4", "must be without user"),
        ("http://host/x4?key=1", "must be without user"),
    ],
)
def test_malformed_addresses(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_server(url)


@pytest.mark.parametrize("model", ["x4", "runs/0001-x4", "./a:b", r"C:\models\x4", ""])
def test_names_and_paths_are_no_addresses(model: str) -> None:
    assert not is_server(model)


def test_what_an_address_says() -> None:
    address = parse_server("http://[::1]:81/proxied/v1/models/x%204/versions/3")
    assert address.origin == "http://[::1]:81"
    assert address.described == "version 3 of model 'x 4'"
    path = "/proxied/v1/models/x%204/versions/3:predict"
    assert address.predict_url == address.origin + path
    latest = parse_server("grpc://host/x4")
    assert latest.described == "model 'x4'"
    assert latest.target == "host:8500"


@pytest.mark.parametrize("answer", [{}, {"outputs": []}, {"outputs": None}, []])
def test_answers_of_other_programs_are_one_line(answer: object) -> None:
    address = parse_server("http://tower:8501/v1/models/x4")
    with pytest.raises(ServerError, match="not as TensorFlow Serving"):
        read_outputs(answer, ("card",), address)
