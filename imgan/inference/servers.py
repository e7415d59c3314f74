"""The address of a model on a server. Imports no framework."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult
from urllib.parse import quote
from urllib.parse import unquote
from urllib.parse import urlsplit

from imgan.errors import UsageError

FORMS = "grpc://host:8500/NAME, grpcs://, http://host:8501/NAME or https://"
DEFAULT_TIMEOUT = 60.0
"""Seconds that a request may take."""

_PORTS = {"grpc": 8500, "grpcs": 443, "http": 80, "https": 443}
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_MODEL = r"(?P<model>[^/:]+)(?:/versions/(?P<version>\d{1,18}))?/?"
_PATH = re.compile(rf"/{_MODEL}")
# As TensorFlow Serving has it, perhaps behind a proxy that serves more than models.
_REST_PATH = re.compile(rf"(?P<prefix>(?:/[^/]+)*)/v1/models/{_MODEL}(?::predict)?")


class ServerAddress(NamedTuple):
    """Where a model is served."""

    scheme: str
    """grpc, grpcs, http or https."""
    host: str
    port: int
    model: str
    version: int | None = None
    """None: the latest."""
    prefix: str = ""
    """What comes before `/v1/models` in the path, for http."""

    @property
    def target(self) -> str:
        """Host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The server without the model: `grpc://host:8500`."""
        return f"{self.scheme}://{self.target}"

    @property
    def described(self) -> str:
        """The model in words."""
        version = "" if self.version is None else f"version {self.version} of "
        return f"{version}model {self.model!r}"

    @property
    def model_url(self) -> str:
        """Where the REST interface tells the versions of the model."""
        return f"{self.origin}{self.prefix}/v1/models/{quote(self.model, safe='')}"

    @property
    def predict_url(self) -> str:
        """Where the REST interface takes requests."""
        version = "" if self.version is None else f"/versions/{self.version}"
        return f"{self.model_url}{version}:predict"


def is_server(model: str) -> bool:
    """Return whether what `--model` names is an address, and not a name or a path."""
    return _URL.match(model) is not None


def parse_server(url: str) -> ServerAddress:
    """Return the parts of an address.

    Raises:
        UsageError: If it is none, and what it lacks.
    """
    scheme = url.partition("://")[0].lower() if is_server(url) else ""
    if scheme not in _PORTS:
        raise _malformed(url, f"must begin like {FORMS}")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _malformed(url, f"cannot be read: {error}") from error
    if not parts.hostname or port == 0:
        raise _malformed(url, f"must name a host and a port, as in {FORMS}")
    if parts.username is not None or parts.query or parts.fragment:
        raise _malformed(url, "must be without user, `?` and `#`")
    match = _match(parts, scheme)
    if match is None:
        raise _malformed(
            url,
            "must end in the name of a model, and perhaps /versions/ and a number, as "
            f"in {FORMS}",
        )
    version = match["version"]
    return ServerAddress(
        scheme=scheme,
        host=parts.hostname,
        port=_PORTS[scheme] if port is None else port,
        model=unquote(match["model"]),
        version=None if version is None else int(version),
        prefix=match.groupdict().get("prefix") or "",
    )


def _match(parts: SplitResult, scheme: str) -> re.Match[str] | None:
    if scheme.startswith("http"):
        found = _REST_PATH.fullmatch(parts.path)
        if found:
            return found
    return _PATH.fullmatch(parts.path)


def _malformed(url: str, what: str) -> UsageError:
    return UsageError(f"The address of a server {what}. Received: {url}")
