"""How it is done: one package a technology, each behind the ports of `application.ports`."""
