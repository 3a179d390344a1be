"""What a library user tests against: servers that stand in for the real ones, over real sockets."""
