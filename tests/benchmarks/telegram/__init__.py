"""What benchmarks of the bot share."""
