"""The words that invented employers, people and courses are put together from."""

from typing import Final

TRADES: Final = (
    "Mekaniska", "Verktyg", "Plåt", "Gjuteri", "Trävaror", "Snickeri", "Livsmedel", "Bageri", "Åkeri", "Bygg",
    "Elteknik", "Rör", "Data", "Konsult", "Städ", "Hotell", "Vård", "Bilverkstad", "Måleri", "Förpackning",
)  # fmt: skip
OWNERS: Final = ("", " & Söner", " Norra", " Södra", " Industri", " Service", " Teknik", " i Sverige", " Partner")
INDUSTRIES: Final = (
    "25.620", "28.290", "16.231", "10.710", "22.290", "24.510", "29.320", "23.130", "41.200", "43.210", "45.201",
    "49.410", "55.101", "62.010", "71.124", "81.210", "86.909", "96.021",
)  # fmt: skip
"""Codes of SNI 2007."""
GIVEN: Final = (
    "Anna", "Ali", "Birgitta", "Björn", "Camilla", "Daniel", "Elin", "Emir", "Fatima", "Fredrik", "Greta", "Göran",
    "Hanna", "Hassan", "Ingrid", "Isak", "Johanna", "Jonas", "Karin", "Kjell", "Lena", "Leo", "Maria", "Mikael",
    "Nadja", "Oskar", "Petra", "Robin", "Sofia", "Ulf", "Vera", "Wilhelm", "Ylva", "Zoran", "Åsa", "Örjan",
)  # fmt: skip
FAMILY: Final = (
    "Alm", "Berg", "Björk", "Dahl", "Ek", "Eriksson", "Fors", "Gran", "Hedin", "Holm", "Ismail", "Jansson", "Kovač",
    "Lind", "Lund", "Mattsson", "Nguyen", "Nordin", "Omar", "Palm", "Rask", "Sandberg", "Sjö", "Strand", "Sundin",
    "Tallberg", "Uddén", "Vik", "Wallin", "Åberg", "Ängman", "Öhman",
)  # fmt: skip
LANGUAGES: Final = ("sv", "sv", "sv", "sv", "sv", "sv", "sv", "en")
COURSES: Final = (
    ("Industri", "CNC-programmering"), ("Industri", "Svetsning med godkänd prövning"), ("Industri", "Ritningsläsning"),
    ("Industri", "Mätteknik"), ("Industri", "Underhåll av maskiner"), ("Industri", "Robotar och automation"),
    ("Digitalisering", "Kalkyl i vardagen"), ("Digitalisering", "Digitalt samarbete"),
    ("Digitalisering", "Informationssäkerhet"), ("Digitalisering", "Språkmodeller i arbetet"),
    ("Ledarskap", "Ny som arbetsledare"), ("Ledarskap", "Samtal som gör skillnad"), ("Ledarskap", "Leda förändring"),
    ("Ekonomi", "Grunder i ekonomi"), ("Ekonomi", "Kalkyler och offerter"), ("Hållbarhet", "Energi i produktionen"),
    ("Hållbarhet", "Cirkulära affärer"), ("Arbetsmiljö", "Bättre arbetsmiljö"), ("Arbetsmiljö", "Heta arbeten"),
    ("Arbetsmiljö", "Truckförare"), ("Språk", "Yrkessvenska"), ("Språk", "Engelska för kundmöten"),
    ("Försäljning", "Sälja tjänster"), ("Försäljning", "Offentliga affärer"),
)  # fmt: skip
"""The area and the title of each course."""
AFFECTED: Final = "Färre order sedan i våras."
TOOK_PART: Final = "Platschef och skyddsombud"
FINDINGS: Final = "Behov enligt samtal på plats."
TARGET_GROUP: Final = "Medarbetare"
WISH: Final = "Anpassad efter företagets egna maskiner och rutiner."
LINK: Final = "https://meet.example.test/kurs"
