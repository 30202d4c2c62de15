"""python mcp_server.py: an MCP server of the official SDK with a tool `pay`; prints its port, and each payment."""

from __future__ import annotations

import socket
import sys

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings


def pay(amount: str) -> str:
    """Pay."""
    say(f"paid {amount}")
    return f"paid {amount}"


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


server = MCPServer("bank")
server.tool()(pay)
app = server.streamable_http_app(transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False))
listener = socket.create_server(("127.0.0.1", 0))
say(str(listener.getsockname()[1]))
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
