"""Prove bounds in a form that can be checked without trusting a solver."""
