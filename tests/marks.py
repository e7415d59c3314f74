"""Parameters of a test that are tried only where there is time."""

from typing import Any

import pytest


def slow(*values: Any, **options: Any) -> Any:
    """Return parameters for what takes more than a few seconds."""
    return pytest.param(*values, marks=pytest.mark.slow, **options)


def thorough(*values: Any, **options: Any) -> Any:
    """Return parameters for what takes long, beside shorter ones."""
    return pytest.param(*values, marks=pytest.mark.thorough, **options)
