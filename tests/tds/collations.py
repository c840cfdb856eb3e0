"""The collations that the stand-in knows: their bytes on the wire and their code pages."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["COLLATIONS", "Collation", "collation_for"]

_IGNORE_CASE, _IGNORE_KANA, _IGNORE_WIDTH = 1 << 20, 1 << 22, 1 << 23
_BINARY2 = 1 << 25
_CI = _IGNORE_CASE | _IGNORE_KANA | _IGNORE_WIDTH
_CS = _IGNORE_KANA | _IGNORE_WIDTH


@dataclass(frozen=True)
class Collation:
    """One collation; `codec` is Python's name of its code page, `encoding` Postgres's."""

    name: str
    lcid: int
    flags: int
    sort_id: int
    codec: str
    encoding: str

    @property
    def wire(self) -> bytes:
        """The five bytes of TYPE_INFO."""
        return struct.pack("<IB", self.lcid | self.flags, self.sort_id)

    @property
    def code_page(self) -> int:
        return int(self.codec.removeprefix("cp"))

    @property
    def ignores_case(self) -> bool:
        return bool(self.flags & _IGNORE_CASE)


COLLATIONS = {
    collation.name.lower(): collation
    for collation in (
        Collation("Korean_Wansung_CI_AS", 0x0412, _CI, 0, "cp949", "UHC"),
        Collation("Korean_Wansung_CS_AS", 0x0412, _CS, 0, "cp949", "UHC"),
        Collation("Korean_Wansung_BIN2", 0x0412, _BINARY2, 0, "cp949", "UHC"),
        Collation("SQL_Latin1_General_CP1_CI_AS", 0x0409, _CI, 52, "cp1252", "WIN1252"),
        Collation("Latin1_General_CI_AS", 0x0409, _CI, 0, "cp1252", "WIN1252"),
        Collation("Latin1_General_CS_AS", 0x0409, _CS, 0, "cp1252", "WIN1252"),
        Collation("Latin1_General_BIN2", 0x0409, _BINARY2, 0, "cp1252", "WIN1252"),
        Collation("Latin1_General_100_BIN2", 0x0409, _BINARY2 | 2 << 28, 0, "cp1252", "WIN1252"),
    )
}


def collation_for(wire: bytes) -> Collation:
    """The collation with these five bytes; the server's language decides where none has them."""
    for collation in COLLATIONS.values():
        if collation.wire == wire:
            return collation
    lcid = struct.unpack("<I", wire[:4])[0] & 0xFFFFF
    for collation in COLLATIONS.values():
        if collation.lcid == lcid:
            return collation
    return COLLATIONS["sql_latin1_general_cp1_ci_as"]
