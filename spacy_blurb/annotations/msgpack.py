"""How fast Docs with span groups are stored and read.

srsly looks through all entry points of the environment for plugins of its msgpack, at every single
call, and a Doc with span groups takes several: more than half of the time of storing and reading
Docs (`benchmarks/docbin.py`). Its plugins are looked up once here.
"""

from srsly import msgpack_decoders, msgpack_encoders


def look_up_plugins_once() -> None:
    """Keep srsly's plugins as they are now; safe to call again."""
    for registry in (msgpack_encoders, msgpack_decoders):
        if registry.entry_points:
            plugins = registry.get_entry_points()
            registry.entry_points = False
            for name, plugin in plugins.items():
                if name not in registry:
                    registry.register(name, func=plugin)
