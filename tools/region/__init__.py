"""Construct the network of an embedded region from scgraph_data and the fact tables of the region."""
