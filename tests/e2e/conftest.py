import contextlib
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))

import gateway  # noqa: E402
import harness  # noqa: E402
import notices  # noqa: E402


# Under nohup the programs would go on ignoring what the tests send them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def tool(tmp_path):
    return harness.Tool(tmp_path)


@pytest.fixture
def serve(tmp_path, tool):
    """serve(tokens=…, streams=…): a gateway that the tool is logged in to."""
    with contextlib.ExitStack() as stack:
        def start(plain=False, **scenario):
            gate = gateway.Gateway(tmp_path, gateway.Scenario(**scenario), plain)
            stack.enter_context(gate)
            tool.login(gate)
            return gate
        yield start


@pytest.fixture
def notify(tmp_path, tool):
    """notify(answers=…, sockets=…): a notification service that the tool is logged in to."""
    with contextlib.ExitStack() as stack:
        def start(**scenario):
            service = notices.Notices(tmp_path, notices.Scenario(**scenario))
            stack.enter_context(service)
            tool.login(service)
            return service
        yield start
