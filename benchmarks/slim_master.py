"""The slim master without our addons: what the chain is measured against.

python benchmarks/slim_master.py PORT CA_FOLDER
"""

import asyncio
import sys
from pathlib import Path

from proxy_addons.engine.certs import ensure_ca
from proxy_addons.engine.loop import run_loop
from proxy_addons.engine.master import Listen, ProxyMaster


async def _serve(port: int, ca_folder: Path) -> None:
    ensure_ca(ca_folder)
    await ProxyMaster(Listen("127.0.0.1", port, ca_folder, insecure=True)).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    run_loop(_serve(int(sys.argv[1]), Path(sys.argv[2])))
