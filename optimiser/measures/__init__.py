"""Measure what a plan does: equity, polycentricity, appraisal."""
