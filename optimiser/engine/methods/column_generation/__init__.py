"""Prove plans with the paths of each pair as columns."""
