"""Decide what to build: candidates, problem, model, plan, check, report."""
