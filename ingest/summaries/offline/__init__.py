"""Summaries without a model: by what the people of a talk do in it."""
