"""HTTP/1.1 by hand, on asyncio: clients that may break off, dawdle and send nonsense, a thousand at a time."""
import asyncio
import json
import socket
import struct
from dataclasses import dataclass

LINE_BYTES_MAX = 1 << 20


@dataclass
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes = b""

    def json(self):
        return json.loads(self.body)

    def events(self) -> list[dict]:
        """The chunks of an event stream; it must have ended with [DONE]."""
        lines = [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]
        assert lines and lines[-1] == "[DONE]", f"a stream without its end: ...{self.body[-200:]!r}"
        return [json.loads(line) for line in lines[:-1]]


def request_bytes(path: str, body, headers: str = "") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n{headers}"
            f"Content-Length: {len(data)}\r\n\r\n").encode() + data


class Connection:
    """One connection. Raises OSError or EOFError when the server ends it early."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    @staticmethod
    async def open(port: int, receive_bytes: int = 0) -> "Connection":
        """receive_bytes: size of the system's receive buffer, for readers that dawdle; 0 for its own choice."""
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plain.setblocking(False)
        if receive_bytes:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        try:
            await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
        except BaseException:
            plain.close()
            raise
        limit = receive_bytes or 1 << 16
        return Connection(*await asyncio.open_connection(sock=plain, limit=limit if receive_bytes else LINE_BYTES_MAX))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> Answer:
        """Status and headers."""
        line = (await self._line()).split(" ", 2)
        if len(line) < 2 or not line[0].startswith("HTTP/1."):
            raise EOFError(f"no status line: {line}")
        headers = {}
        while text := await self._line():
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        return Answer(int(line[1]), headers)

    async def _line(self) -> str:
        data = await self.reader.readline()
        if not data.endswith(b"\n"):
            raise EOFError("the connection ended within an answer's head")
        return data.decode().rstrip("\r\n")

    async def parts(self, answer: Answer):
        """The body, piece by piece as it comes."""
        if "chunked" not in answer.headers.get("transfer-encoding", ""):
            yield await self.reader.readexactly(int(answer.headers.get("content-length", "0")))
            return
        while size := int(await self._line(), 16):
            yield await self.reader.readexactly(size)
            await self._line()
        await self._line()

    async def answer(self) -> Answer:
        answer = await self.head()
        async for part in self.parts(answer):
            answer.body += part
        return answer

    async def call(self, path: str, body, headers: str = "") -> Answer:
        await self.send(request_bytes(path, body, headers))
        return await self.answer()

    def close(self, rudely: bool = False) -> None:
        """rudely: with a reset instead of an orderly end."""
        plain = self.writer.get_extra_info("socket")
        if rudely and plain is not None and plain.fileno() >= 0:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort() if rudely else self.writer.close()


async def get(port: int, path: str) -> Answer:
    connection = await Connection.open(port)
    try:
        await connection.send(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
        return await connection.answer()
    finally:
        connection.close()


async def post(port: int, path: str, body, headers: str = "") -> Answer:
    connection = await Connection.open(port)
    try:
        return await connection.call(path, body, headers)
    finally:
        connection.close()
