"""What was read of one export, written into the archive by the steps of `steps.py`, in one transaction."""

from __future__ import annotations

from ingest.archive.database import transaction, tuned_for_loading
from ingest.archive.fts import MessageIndex
from ingest.importing.import_in_progress import Import
from ingest.importing.steps import STEPS


class _DryRun(Exception):
    """Leaves the transaction without writing."""


def write(imp: Import) -> None:
    """Write what was read. A dry run finds out all that it would do, and leaves the archive as it was."""
    with tuned_for_loading(imp.connection), imp.resources:
        try:
            with transaction(imp.connection):
                imp.index = MessageIndex(imp.connection)
                try:
                    for step in STEPS:
                        step(imp)
                    imp.index.wait()
                finally:
                    imp.index.close()  # nothing can be rolled back while its thread is at work
                if imp.options.dry_run:
                    raise _DryRun
            imp.ids.keep()
        except _DryRun:
            pass
