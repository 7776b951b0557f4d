"""Ask one base problem many questions, and sum up the answers."""
