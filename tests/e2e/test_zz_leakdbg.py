import json, gc, asyncio
from tests.e2e.test_leaks import *
def test_x(tmp_path, ca, load):
    word='stream_stall'
    maps = [f"{UPSTREAM}=http://127.0.0.1:{load.port}"]
    with live_proxy(tmp_path, ca, rules=json.dumps(list(rules(word).values())), maps=maps) as proxy:
        battery = Battery(word, proxy, load)
        for i in range(3):
            battery.fire(500)
            import time; time.sleep(1)
            def look():
                o=proxy.session.chain.observe
                out=[len(o._open)]
                for f in gc.get_objects():
                    if isinstance(f,HTTPFlow) and f.id in o._open:
                        ex=f.metadata.get('crosswind')
                        out.append((f.request.http_version,f.request.host,f.error,f.live,f.response and (f.response.stream), list(f.metadata), ex and ([ (i.fault,i.detail,i.delivered) for i in ex.injections], ex.ended_by, ex.closed)))
                    from proxy_addons.engine.stream import ShapedStream
                    if isinstance(f,ShapedStream) and f.flow.id in o._open: out.append((f.client_state,f.server_state,f._paused,f._paused_event_queue))
                return out
            r=proxy.on_loop(look)
            print(*r[:6],sep='\n')
            if r[0]: break
    assert 0
