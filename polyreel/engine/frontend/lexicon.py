"""What signs, units and abbreviations are called in a language: tables, and nothing else.

Only what a voice's own rules (espeak-ng's) read wrongly or spell out stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's words for what is written short.

    ``short`` is said as it stands, ``before_number`` only in front of a figure. ``date`` takes day, month and year;
    ``clock`` hours and minutes, and a whole hour is so many ``hours``. ``amount`` joins money's whole and hundredth
    part. Ordinals are from 1 up, as (masculine, feminine) where a language has both.
    """

    months: str = ""
    date: str = "{day} {month} {year}"
    clock: str = ""
    hours: str = ""
    minus: str = ""
    ampersand: str = ""
    amount: str = "{whole} {currency} {part}"
    currencies: Mapping[str, str] = field(default_factory=dict)
    millions: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    short: Mapping[str, str] = field(default_factory=dict)
    before_number: Mapping[str, str] = field(default_factory=dict)
    ordinals: tuple[str, ...] = ()
    ordinal_signs: str = ""


_KELVIN_LIKE = ("°C", "°F")


def _units(
    degrees: str, kilometres: str, per_hour: str, kilogram: str, centimetre: str, millimetre: str
) -> dict[str, str]:
    celsius, fahrenheit = (f"{degrees} {name}" for name in ("Celsius", "Fahrenheit"))
    return {
        **dict(zip(_KELVIN_LIKE, (celsius, fahrenheit), strict=True)),
        "km/h": per_hour,
        "km": kilometres,
        "kg": kilogram,
        "cm": centimetre,
        "mm": millimetre,
    }


NONE = Lexicon()
LEXICONS: Mapping[str, Lexicon] = {
    "en": Lexicon(
        months="January February March April May June July August September October November December",
        date="{month} {day}, {year}",
        minus="minus",
        ampersand="and",
        currencies={"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen", "₹": "rupees"},
        millions="thousand|million|billion|trillion",
        units=_units("degrees", "kilometers", "kilometers per hour", "kilograms", "centimeters", "millimeters"),
        short={
            **{"Dr": "Doctor", "Mr": "Mister", "Mrs": "Missis", "Ms": "Miss", "Prof": "Professor", "vs": "versus"},
            **{"e.g": "for example", "i.e": "that is", "etc": "et cetera", "approx": "approximately"},
        },
        before_number={
            **{"No.": "number", "#": "number", "Jan.": "January", "Feb.": "February", "Aug.": "August"},
            **{"Sept.": "September", "Oct.": "October", "Nov.": "November", "Dec.": "December"},
        },
    ),
    "es": Lexicon(
        months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        date="{day} de {month} de {year}",
        minus="menos",
        ampersand="y",
        amount="{whole} {currency} con {part}",
        currencies={"$": "dólares", "€": "euros", "£": "libras", "¥": "yenes", "₹": "rupias"},
        millions="mil|millón|millones",
        units=_units("grados", "kilómetros", "kilómetros por hora", "kilogramos", "centímetros", "milímetros"),
        short={
            **{"Dr": "doctor", "Dra": "doctora", "Sr": "señor", "Sra": "señora", "Srta": "señorita", "Ud": "usted"},
            **{"p. ej": "por ejemplo", "p.ej": "por ejemplo", "etc": "etcétera"},
        },
        before_number={"n.º": "número", "nº": "número", "n°": "número", "núm.": "número"},
        ordinals=(
            *("primero primera", "segundo segunda", "tercero tercera", "cuarto cuarta", "quinto quinta"),
            *("sexto sexta", "séptimo séptima", "octavo octava", "noveno novena", "décimo décima"),
        ),
        ordinal_signs=r"\.?([ºª])",
    ),
    "fr": Lexicon(
        months="janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        clock="{hours} heures {minutes}",
        hours="heures",
        minus="moins",
        ampersand="et",
        currencies={"$": "dollars", "€": "euros", "£": "livres", "¥": "yens", "₹": "roupies"},
        millions="mille|millions?|milliards?",
        units=_units("degrés", "kilomètres", "kilomètres heure", "kilogrammes", "centimètres", "millimètres"),
        short={
            **{"M": "monsieur", "Mme": "madame", "Mlle": "mademoiselle", "Dr": "docteur"},
            **{"etc": "et cetera", "p. ex": "par exemple", "p.ex": "par exemple"},
        },
        before_number={"n°": "numéro", "nº": "numéro", "N°": "numéro"},
        ordinals=(
            *("premier première", "deuxième", "troisième", "quatrième", "cinquième"),
            *("sixième", "septième", "huitième", "neuvième", "dixième"),
        ),
        ordinal_signs=r"(?:e|è|ème|er|(re|ère))(?!\w)",
    ),
    "it": Lexicon(
        months="gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        minus="meno",
        ampersand="e",
        amount="{whole} {currency} e {part}",
        currencies={"$": "dollari", "€": "euro", "£": "sterline", "¥": "yen", "₹": "rupie"},
        millions="mila|milion[ei]|miliard[oi]",
        units=_units("gradi", "chilometri", "chilometri all'ora", "chilogrammi", "centimetri", "millimetri"),
        short={
            **{"Sig": "signor", "Sig.ra": "signora", "Dott": "dottor", "Prof": "professor"},
            **{"ecc": "eccetera", "p. es": "per esempio", "p.es": "per esempio"},
        },
        before_number={"n.": "numero", "N.": "numero", "n°": "numero", "nº": "numero"},
        ordinals=(
            *("primo prima", "secondo seconda", "terzo terza", "quarto quarta", "quinto quinta"),
            *("sesto sesta", "settimo settima", "ottavo ottava", "nono nona", "decimo decima"),
        ),
        ordinal_signs=r"([ºª°])(?!\s?[CF]\b)",
    ),
    "pt": Lexicon(
        months="janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        date="{day} de {month} de {year}",
        clock="{hours} e {minutes}",
        hours="horas",
        minus="menos",
        ampersand="e",
        amount="{whole} {currency} e {part}",
        currencies={"R$": "reais", "$": "dólares", "€": "euros", "£": "libras", "¥": "ienes", "₹": "rupias"},
        millions="mil|milhão|milhões|bilhão|bilhões",
        units=_units("graus", "quilômetros", "quilômetros por hora", "quilogramas", "centímetros", "milímetros"),
        short={
            **{"Sr": "senhor", "Sra": "senhora", "Dr": "doutor", "Dra": "doutora"},
            **{"p. ex": "por exemplo", "p.ex": "por exemplo"},
        },
        before_number={"n.º": "número", "nº": "número", "n°": "número"},
        ordinals=(
            *("primeiro primeira", "segundo segunda", "terceiro terceira", "quarto quarta", "quinto quinta"),
            *("sexto sexta", "sétimo sétima", "oitavo oitava", "nono nona", "décimo décima"),
        ),
        ordinal_signs=r"\.?([ºª])",
    ),
    "hi": Lexicon(
        months="जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
        minus="माइनस",
        currencies={"$": "डॉलर", "€": "यूरो", "£": "पाउंड", "¥": "येन", "₹": "रुपये"},
        millions="हज़ार|लाख|करोड़|अरब",
        units={
            **{"°C": "डिग्री सेल्सियस", "°F": "डिग्री फ़ारेनहाइट", "km/h": "किलोमीटर प्रति घंटा", "km": "किलोमीटर"},
            **{"kg": "किलोग्राम", "cm": "सेंटीमीटर", "mm": "मिलीमीटर", "किमी": "किलोमीटर", "किग्रा": "किलोग्राम"},
        },
        short={"डॉ": "डॉक्टर"},
    ),
    "de": Lexicon(
        months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        date="{day}. {month} {year}",
        minus="minus",
        ampersand="und",
        currencies={"$": "Dollar", "€": "Euro", "£": "Pfund", "¥": "Yen", "₹": "Rupien"},
        millions="Tausend|Millionen|Milliarden|Million|Milliarde",
        units=_units("Grad", "Kilometer", "Stundenkilometer", "Kilogramm", "Zentimeter", "Millimeter"),
        short={
            **{"Dr": "Doktor", "usw": "und so weiter", "z. B": "zum Beispiel", "z.B": "zum Beispiel"},
            **{"d. h": "das heißt", "d.h": "das heißt", "bzw": "beziehungsweise", "ca": "circa"},
        },
        before_number={"Nr.": "Nummer"},
    ),
}
