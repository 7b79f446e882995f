"""`spacy blurb serve`: a pipeline in the browser."""

import contextlib
from typing import Annotated

import typer

from .app import command


@command("serve")
def serve(
    pipeline: Annotated[str, typer.Argument(help="Folder or package name.")],
    host: Annotated[
        str, typer.Option(help="Address; with 0.0.0.0 everybody in the network can use it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    gpu_id: Annotated[
        int, typer.Option("--gpu-id", "-g", help="GPU to compute on, -1 for the CPU.")
    ] = -1,
) -> None:
    """Paste an abstract, see entities, relations and labels, and ask questions. Ends with Ctrl-C.

    Needs the extra [app]. Nothing leaves the machine.

    Example: python -m spacy blurb serve en_blurb_demo --port 8081
    """
    import socket

    from werkzeug.serving import make_server

    from ..app.web import is_loopback, make_app
    from ..errors import BlurbError, Errors
    from ..evaluation.pipelines import choose_processor, load_pipeline

    if not host.strip():
        # The system takes it for all addresses of the machine.
        raise BlurbError(Errors.B806)
    choose_processor(gpu_id)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise BlurbError(Errors.B803.format(host=host, port=port, reason=error.strerror)) from error
    with listening:
        app = make_app(load_pipeline(pipeline), title=pipeline, is_local=is_loopback(host))
        # In threads, because a browser may open a connection that it does not use.
        server = make_server(host, port, app, threaded=True, fd=listening.fileno())
        shown = f"[{host}]" if ":" in host else host
        print(f"http://{shown}:{listening.getsockname()[1]}/  (Ctrl-C ends it)", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
