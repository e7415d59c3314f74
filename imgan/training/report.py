"""One page about a run, readable without a server."""

import html

from imgan.training.run_folder import RunFolder
from imgan.training.run_folder import write_text


def write_report(run: RunFolder, failure: str | None = None) -> None:
    """Write `report.html` by atomic rename.

    Args:
        run: The run folder.
        failure: Why the run stopped before its end.
    """
    status = "failed" if failure else "finished" if run.finished else "unfinished"
    write_text(
        run.report,
        f"<!DOCTYPE html><title>{html.escape(run.path.name)}</title>"
        f"<p>{status}</p><pre>{html.escape(failure or '')}</pre>",
    )
