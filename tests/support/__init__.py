"""What wire-level tests share: a live proxy, raw sockets, a packet trace, a plain upstream."""
