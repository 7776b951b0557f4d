"""Talk to solver libraries, each in a child process that can be ended."""
