"""``python -m gateway`` is the command ``mixer``."""

from gateway.cli import main

if __name__ == "__main__":
    main()
