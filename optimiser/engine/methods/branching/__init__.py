"""Search one tree of linear programs with cuts that all its nodes share."""
