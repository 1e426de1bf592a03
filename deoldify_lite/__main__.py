"""`python -m deoldify_lite`, the same as `deoldify-lite`."""

import sys

from deoldify_lite.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
