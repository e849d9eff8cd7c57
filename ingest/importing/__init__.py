"""Exports into the archive: recognised, joined, segmented, summarised, counted."""
