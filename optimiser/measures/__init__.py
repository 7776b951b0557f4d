"""Measure what a plan does: equity, polycentricity, dependence on the core, appraisal, build order."""
