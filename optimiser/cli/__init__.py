"""Offer polyring on the command line."""

from optimiser.cli.app import call, main

__all__ = ["call", "main"]
