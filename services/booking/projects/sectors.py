"""Industry codes (SNI): which section a code belongs to, in each version of the standard.

SNI 2007 follows NACE Rev. 2, SNI 2025 NACE Rev. 2.1 (regulations (EC) 1893/2006 and (EU) 2023/137): the same letter
means another section in the newer one from J on, so a code says nothing without its version.
"""

from enum import StrEnum


class SniVersion(StrEnum):
    """A version of the Swedish standard of industries."""

    SNI_2007 = "2007"
    SNI_2025 = "2025"


_DIVISIONS: dict[SniVersion, tuple[tuple[str, int, int], ...]] = {
    SniVersion.SNI_2007: (
        ("A", 1, 3), ("B", 5, 9), ("C", 10, 33), ("D", 35, 35), ("E", 36, 39), ("F", 41, 43), ("G", 45, 47),
        ("H", 49, 53), ("I", 55, 56), ("J", 58, 63), ("K", 64, 66), ("L", 68, 68), ("M", 69, 75), ("N", 77, 82),
        ("O", 84, 84), ("P", 85, 85), ("Q", 86, 88), ("R", 90, 93), ("S", 94, 96), ("T", 97, 98), ("U", 99, 99),
    ),
    SniVersion.SNI_2025: (
        ("A", 1, 3), ("B", 5, 9), ("C", 10, 33), ("D", 35, 35), ("E", 36, 39), ("F", 41, 43), ("G", 46, 47),
        ("H", 49, 53), ("I", 55, 56), ("J", 58, 60), ("K", 61, 63), ("L", 64, 66), ("M", 68, 68), ("N", 69, 75),
        ("O", 77, 82), ("P", 84, 84), ("Q", 85, 85), ("R", 86, 88), ("S", 90, 93), ("T", 94, 96), ("U", 97, 98),
        ("V", 99, 99),
    ),
}  # fmt: skip


def plain_code(sni: str) -> str:
    """Return the digits of a code that may be written with a dot."""
    return sni.replace(".", "")


def section(sni: str, version: SniVersion) -> str | None:
    """Return the section's letter, or None where the version has no such division."""
    division = int(plain_code(sni)[:2])
    return next((letter for letter, first, last in _DIVISIONS[version] if first <= division <= last), None)


def sections(version: SniVersion) -> frozenset[str]:
    """Return the letters that exist in a version."""
    return frozenset(letter for letter, _, _ in _DIVISIONS[version])


def divisions(version: SniVersion) -> tuple[tuple[str, int, int], ...]:
    """Return each section's letter with its first and last division."""
    return _DIVISIONS[version]
