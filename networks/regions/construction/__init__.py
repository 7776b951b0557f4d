"""Build an embedded region's network from scgraph_data and the region's own fact tables."""
