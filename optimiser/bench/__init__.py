"""Benchmark solver variants: instances, converters, solves, tables and figures."""
