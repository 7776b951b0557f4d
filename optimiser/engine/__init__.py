"""Solve a design problem by a variant of choice, in a child process with a hard limit."""
