"""TDS messages of the stand-in for SQL Server, byte by byte."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from tests.tds.login import Encryption, Login, prelogin_encryption, prelogin_reply
from tests.tds.packets import Channel, DisconnectedError, Kind
from tests.tds.reply import Reply
from tests.tds.rpc import read_calls
from tests.tds.types import SqlType, type_info
from tests.tds.values import encode

_HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Channel]]:
    one, other = socket.socketpair()
    channels = Channel(one), Channel(other)
    yield channels
    for channel in channels:
        channel.close()


@pytest.mark.parametrize("size", [0, 1, 503, 504, 505, 1008, 5000])
def test_a_message_of_any_size_is_put_together(pair: tuple[Channel, Channel], size: int) -> None:
    sender, receiver = pair
    sender.packet_size = 512
    body = bytes(number % 251 for number in range(size))
    sender.write(body, kind=Kind.BATCH)
    message = receiver.read()
    assert (message.kind, message.body) == (Kind.BATCH, body)


def test_a_message_may_be_written_in_parts(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    sender.packet_size = 512
    rest = sender.write(b"a" * 700, last=False)
    assert len(rest) == 196
    sender.write_now(rest)
    sender.write(b"b")
    assert receiver.read().body == b"a" * 700 + b"b"


def test_the_end_of_the_stream_is_a_disconnection(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    sender.close()
    with pytest.raises(DisconnectedError):
        receiver.read()


def test_every_done_but_the_last_says_that_more_comes(pair: tuple[Channel, Channel]) -> None:
    sender, receiver = pair
    reply = Reply(sender)
    reply.done(rows=3)
    reply.done(failed=True)
    reply.done()
    reply.send()
    body = receiver.read().body
    found = [struct.unpack_from("<BHHQ", body, at) for at in range(0, len(body), 13)]
    assert found == [(0xFD, 0x11, 0, 3), (0xFD, 0x03, 0, 0), (0xFD, 0x00, 0, 0)]


def test_prelogin_says_what_it_was_asked_to() -> None:
    for encryption in Encryption:
        assert prelogin_encryption(prelogin_reply(encryption)) is encryption


def test_login_is_read_with_its_disguised_password() -> None:
    texts = {40: "sa", 44: "pw한", 48: "app", 64: "", 68: "RENTAL"}
    fixed = bytearray(94)
    struct.pack_into("<III", fixed, 0, 0, 0x74000004, 4096)
    data = b""
    for at, text in texts.items():
        raw = text.encode("utf-16-le")
        if at == 44:
            raw = bytes(((byte >> 4 | byte << 4) & 0xFF) ^ 0xA5 for byte in raw)
        struct.pack_into("<HH", fixed, at, 94 + len(data), len(raw) // 2)
        data += raw
    login = Login.parse(bytes(fixed) + data)
    assert login == Login(0x74000004, 4096, "sa", "pw한", "RENTAL", "app", "")


def test_calls_of_one_message_are_read_one_by_one() -> None:
    text = SqlType("nvarchar", length=20, collation="Korean_Wansung_CI_AS")
    number = SqlType("int")

    def call(value: int | None) -> bytes:
        parameters = b""
        for name, kind, given in (("", text, "select @a"), ("@a", number, value)):
            raw = name.encode("utf-16-le")
            parameters += bytes([len(raw) // 2]) + raw + b"\0" + type_info(kind)
            parameters += encode(kind, given)
        return struct.pack("<HHH", 0xFFFF, 10, 0) + parameters

    first, second = read_calls(_HEADERS + call(7) + b"\xff" + call(None))
    assert first.procedure == second.procedure == "sp_executesql"
    assert [p.value for p in first.parameters] == ["select @a", 7]
    assert [(p.name, p.type, p.value) for p in second.parameters] == [
        ("", text, "select @a"), ("@a", number, None),
    ]  # fmt: skip
