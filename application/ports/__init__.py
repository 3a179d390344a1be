"""What the use cases need from outside, by room. Each port states its promises, errors and edge cases."""
