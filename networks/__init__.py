"""Read what is there: OpenStreetMap to road and rail networks, cities and travel times."""
