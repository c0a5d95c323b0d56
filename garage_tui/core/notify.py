"""The old name of `core/scheduling/notify.py`, kept for one release: supervisors of the version before spawn it."""

from garage_tui.core.scheduling.notify import main

if __name__ == "__main__":
    main()
