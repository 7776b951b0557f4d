"""Convert public networks, in the formats of SNDlib and TNTP, to design problems."""
