"""Represent a problem as arrays, and search it: shortest paths, labels, circuits, plan evaluation."""
