"""Offer polyring on the command line."""

from __future__ import annotations

from optimiser.cli.app import call, main

__all__ = ["call", "main"]
