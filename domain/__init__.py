"""What is true: entities, value objects and rules.

Standard library only. Nothing here awaits, reads a clock or makes an id: time and ids come in as arguments.
"""
