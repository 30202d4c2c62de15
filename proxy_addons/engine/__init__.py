"""Everything that knows mitmproxy's insides."""
