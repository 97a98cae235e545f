"""Finds where a Python service brings, creates or hardcodes its database."""

__version__ = "0.1.0"
