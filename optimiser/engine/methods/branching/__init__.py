"""Search a tree of linear programs that share globally valid cuts."""
