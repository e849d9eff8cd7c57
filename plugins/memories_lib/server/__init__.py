"""The served archive, requests and answers, what reaches into Datasette."""

from __future__ import annotations
