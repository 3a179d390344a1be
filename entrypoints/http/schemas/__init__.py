"""What goes over the wire, one module a room. Names are the ones of the OpenAPI document."""
