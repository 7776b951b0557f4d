"""Prove plans by time cuts."""
