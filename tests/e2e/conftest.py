import contextlib
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))

import gateway  # noqa: E402
import harness  # noqa: E402
import notices  # noqa: E402
import rawserver  # noqa: E402


# Under nohup the programs would go on ignoring what the tests send them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def tool(tmp_path):
    return harness.Tool(tmp_path)


@contextlib.contextmanager
def starting(tool, server, scenario):
    """start(plain=…, …): a server of this scenario, which the tool is logged in to."""
    with contextlib.ExitStack() as stack:
        def start(plain=False, **given):
            made = stack.enter_context(server(tool.dir, scenario(**given), plain))
            tool.login(made)
            return made
        yield start


@pytest.fixture
def serve(tool):
    """serve(tokens=…, streams=…): a gateway that the tool is logged in to."""
    with starting(tool, gateway.Gateway, gateway.Scenario) as start:
        yield start


@pytest.fixture
def gate(serve):
    return serve()


@pytest.fixture
def notify(tool):
    """notify(answers=…, sockets=…): a notification service that the tool is logged in to."""
    with starting(tool, notices.Notices, notices.Scenario) as start:
        yield start


@pytest.fixture
def service(notify):
    return notify()


@pytest.fixture
def raw(tool):
    """raw(make_frames, answer, …): a RawServer that the tool is logged in to."""
    with contextlib.ExitStack() as stack:
        def start(*args, kind=rawserver.RawServer, **more):
            made = stack.enter_context(kind(tool.dir, *args, **more))
            tool.login(made)
            return made
        yield start
