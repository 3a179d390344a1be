"""The house as `guildhall serve` runs it, without the regular look at everybody's rights: `patient_server.py`."""

import os
from dataclasses import replace

from entrypoints import runtime
from entrypoints.container import Container, sql_container
from entrypoints.settings import Settings, load_settings


def _patient(settings: Settings) -> Container:
    container = sql_container(settings)
    hub = container.hub()
    hub.settings = replace(hub.settings, rights_seconds=3_600.0)
    return container


def main() -> None:
    """Serve on a free port, as the environment says."""
    runtime.sql_container = _patient
    runtime.serve(load_settings({**os.environ, "GUILDHALL_HTTP_PORT": "0"}))


if __name__ == "__main__":
    main()
