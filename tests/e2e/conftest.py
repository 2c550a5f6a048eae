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
import schemas  # noqa: E402


# Under nohup the programs would go on ignoring what the tests send them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def tool(tmp_path):
    return harness.Tool(tmp_path)


@pytest.fixture(autouse=True)
def bodies_of_callbacks_are_valid():
    yield
    schemas.check_bodies()


@contextlib.contextmanager
def starting(tool, make):
    """start(…): the server that make(directory, …) gives, which the tool is logged in to."""
    with contextlib.ExitStack() as stack:
        def start(*args, **more):
            made = stack.enter_context(make(tool.dir, *args, **more))
            tool.login(made)
            return made
        yield start


@pytest.fixture
def serve(tool):
    """serve(plain=…, tokens=…, streams=…): a gateway that the tool is logged in to."""
    with starting(tool, lambda directory, plain=False, **given: gateway.Gateway(
            directory, gateway.Scenario(**given), plain)) as start:
        yield start


@pytest.fixture
def gate(serve):
    return serve()


@pytest.fixture
def notify(tool):
    """notify(plain=…, answers=…, sockets=…): a notification service in the same way."""
    with starting(tool, lambda directory, plain=False, **given: notices.Notices(
            directory, notices.Scenario(**given), plain)) as start:
        yield start


@pytest.fixture
def service(notify):
    return notify()


@pytest.fixture
def raw(tool):
    """raw(make_frames, answer, …): a RawServer in the same way."""
    with starting(tool, lambda *args, kind=rawserver.RawServer, **more: kind(
            *args, **more)) as start:
        yield start
