"""Who somebody is: registering, signing in, and what members were granted."""
