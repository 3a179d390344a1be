"""Real time against its yardsticks: servers in processes of their own, and the crowd of sockets that listens."""
