"""The server behind the pages."""

import asyncio
import logging
import socket
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from deoldify_lite.errors import OptionError

log = logging.getLogger(__name__)

# Seconds that open pages have to end by themselves.
_FAREWELL_S = 1


def serve(app: FastAPI, *, host: str, port: int, path: str = "") -> None:
    """Serve pages until Ctrl-C, and print their address.

    Args:
        app: the pages.
        host: address to listen on.
        port: to listen on; 0 for any free one.
        path: of the first page.

    Raises:
        OptionError: there is no such address, or the port is taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise OptionError(
            f"--host {host} --port {port}: {error.strerror or error}: choose others; port 0 is any free one"
        ) from error
    with listening:
        if is_loopback(listening.getsockname()[0]):
            # Otherwise a page from elsewhere could point its own name here and read this one (DNS rebinding).
            app.add_middleware(
                TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "::1", "[::1]", host]
            )
        else:
            log.warning("anyone who can reach %s can use this page, without a password", host)
        # Open pages hold a connection each, which is cut at the end: nobody needs to read about it.
        logging.getLogger("uvicorn.error").addFilter(lambda record: not _is_farewell(record))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_FAREWELL_S)
        name = f"[{host}]" if ":" in host else host
        print(f"http://{name}:{listening.getsockname()[1]}{path}", flush=True)
        log.info("open this address in a browser; Ctrl-C ends it")
        uvicorn.Server(config).run(sockets=[listening])


def _is_farewell(record: logging.LogRecord) -> bool:
    """Whether a log line is about a connection that was cut at the end."""
    kind = record.exc_info[0] if record.exc_info else None
    return record.getMessage().startswith("Cancel ") or (
        kind is not None and issubclass(kind, asyncio.CancelledError)
    )


def is_loopback(address: str) -> bool:
    """Whether only this computer can reach an IP address."""
    return ip_address(address).is_loopback
