"""What pages and API ask of the archive, and what of it may be seen."""

from __future__ import annotations
