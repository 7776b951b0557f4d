"""Turn what a job asks of a ring into the graph that the ring is chosen from."""
