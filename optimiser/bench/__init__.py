"""Measure solver variants on instances of known make, and show the outcome honestly."""
