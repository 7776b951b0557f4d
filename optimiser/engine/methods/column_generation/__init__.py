"""Solve problems by column generation, with the paths of each pair as columns."""
