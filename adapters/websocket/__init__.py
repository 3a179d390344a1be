"""Sockets: every connection of this process, and the hub that tells them what happened."""

from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.hub import Hub, HubSettings
from adapters.websocket.manager import ConnectionManager, ConnectionStats

WebSocketManager = ConnectionManager

__all__ = ["ConnectionManager", "ConnectionStats", "Hub", "HubSettings", "WebSocketConnection", "WebSocketManager"]
