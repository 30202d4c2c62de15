"""Everything that knows mitmproxy's insides."""

from proxy_addons.engine.slim import install

install()  # before any module of this folder imports an addon of mitmproxy's
