"""Alerts brought out: the channels there are, and what tells each of them what waits."""
