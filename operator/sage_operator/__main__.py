"""`python -m sage_operator`: the command line."""

from sage_operator.cli import main

if __name__ == "__main__":
    main()
