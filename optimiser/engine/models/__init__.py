"""State the models of the problem, one function a family of rows."""
