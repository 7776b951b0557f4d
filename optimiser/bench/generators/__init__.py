"""Generate design problems from frozen parameters, in integers alone: equal on every machine."""
