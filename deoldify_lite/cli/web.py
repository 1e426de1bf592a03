"""`deoldify-lite web`: the page in the browser."""

import argparse
import logging
import os
from functools import partial
from importlib.util import find_spec

from deoldify_lite.cli.options import (
    add_performance_options,
    add_verbosity,
    add_weights_option,
    describe,
    network_of,
)
from deoldify_lite.errors import OptionError

log = logging.getLogger(__name__)

DEFAULT_PORT = 7860


def fill_web_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite web`."""
    describe(
        parser,
        "Colorize photos and films on a page in the browser. The page needs no internet, and nothing leaves "
        "this computer. Uploads are deleted when their page is closed. Ctrl-C ends the program.",
        "deoldify-lite web",
        "deoldify-lite web --port 0 --max-upload 512",
    )
    server = parser.add_argument_group("server")
    server.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on; there is no password (default: 127.0.0.1, which only this computer "
        "reaches)",
    )
    server.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        metavar="N",
        help=f"port to listen on; 0 takes any free one (default: {DEFAULT_PORT})",
    )
    server.add_argument(
        "--max-upload",
        type=int,
        default=4096,
        metavar="MIB",
        help="largest file that may be uploaded, in MiB (default: 4096)",
    )
    add_weights_option(parser.add_argument_group("colour"))
    add_performance_options(parser.add_argument_group("performance"))
    add_verbosity(parser)
    parser.set_defaults(run=run_web)


def run_web(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C.

    Raises:
        OptionError: Gradio is not installed, or a value makes no sense.
        DeoldifyError: there are no weights or no such device.
    """
    if args.max_upload < 1:
        raise OptionError(f"--max-upload {args.max_upload}: choose 1 MiB or more")
    if not 0 <= args.port < 65536:
        raise OptionError(f"--port {args.port}: choose 0 to 65535")
    if find_spec("gradio") is None:
        raise OptionError('the page needs Gradio; run: pip install "deoldify_lite[web]"')
    from deoldify_lite.web.session import Sessions, private_folder

    with private_folder() as folder:
        # Gradio reads these when it is loaded: uploads go where we say, and it sends nothing to anyone.
        os.environ |= {
            "GRADIO_TEMP_DIR": str(folder / "uploads"),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        from deoldify_lite import api
        from deoldify_lite.web.desk import Desk

        desk = Desk(Sessions(folder / "uploads"), partial(api.settle, **network_of(args)))
        desk.usual("artistic")  # wrong weights or a wrong device fail before the page is there
        from deoldify_lite.web.server import serve
        from deoldify_lite.web.site import site

        try:
            serve(site(desk, max_upload_mib=args.max_upload), host=args.host, port=args.port)
        except KeyboardInterrupt:
            log.info("ended; uploads are deleted")
        finally:
            desk.close()
    return 0
