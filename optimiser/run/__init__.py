"""Take a job from its map to its run folder, step by step, each step kept for the next time."""
