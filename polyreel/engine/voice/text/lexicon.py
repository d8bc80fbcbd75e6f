"""What signs, units and abbreviations are called in a language: tables, and nothing else.

Only what a voice's own rules (espeak-ng's) read wrongly or spell out stands here; most units and short forms in
``written_short.tsv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from polyreel.engine.voice.text.currencies import Currency, read_currencies
from polyreel.engine.voice.text.short_forms import read_rows


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's words for what is written short.

    ``short`` is said as it stands, ``before_number`` only in front of a figure, ``before_name`` of a capital, ``alone``
    without a full stop, ``short_months`` behind a figure; ``one_unit`` is one of a unit, where it is more than a 1 and
    the plural without its *s*.
    ``date`` takes day, month and year; ``clock`` hours and minutes, and a whole hour is so many ``hours``;
    ``full_hour`` is what 10:00 is. ``amount`` joins money's whole and hundredth part; ``scales`` are what its thousands
    and millions are shortened to; ``of_millions`` links a million to its currency. ``one`` is a hundredth's,
    ``one_before`` how a 1 is said before those nouns that are counted most. ``until`` stands between the ends of a
    range, ``against`` in a score. ``fractions`` are a half, a third, two thirds, a quarter, three quarters. Ordinals
    are from 1 up, as (masculine, feminine) where a language has both.
    """

    months: str = ""
    date: str = "{day} {month} {year}"
    first_day: str = ""
    clock: str = ""
    hours: str = ""
    one_hour: str = ""
    full_hour: str = ""
    until: str = ""
    against: str = ""
    fractions: tuple[str, ...] = ()
    minus: str = ""
    ampersand: str = ""
    amount: str = "{whole_currency} {part}"
    one: str = "1"
    currencies: Mapping[str, Currency] = field(default_factory=dict)
    millions: str = ""
    of_millions: str = ""
    scales: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    one_before: Mapping[str, str] = field(default_factory=dict)
    short: Mapping[str, str] = field(default_factory=dict)
    before_number: Mapping[str, str] = field(default_factory=dict)
    before_name: Mapping[str, str] = field(default_factory=dict)
    short_months: Mapping[str, str] = field(default_factory=dict)
    alone: Mapping[str, str] = field(default_factory=dict)
    one_unit: Mapping[str, str] = field(default_factory=dict)
    ordinals: tuple[str, ...] = ()
    ordinal_signs: str = ""


_KELVIN_LIKE = ("°C", "°F")


def _units(
    metres: str,
    millilitres: str,
    degrees: str,
    kilometres: str,
    per_hour: str,
    kilogram: str,
    centimetre: str,
    millimetre: str,
) -> dict[str, str]:
    celsius, fahrenheit = (f"{degrees} {name}" for name in ("Celsius", "Fahrenheit"))
    return {
        **dict(zip(_KELVIN_LIKE, (celsius, fahrenheit), strict=True)),
        "km/h": per_hour,
        "km": kilometres,
        "kg": kilogram,
        "cm": centimetre,
        "mm": millimetre,
        "m": metres,
        "ml": millilitres,
    }


NONE = Lexicon()
_OWN: Mapping[str, Lexicon] = {
    "en": Lexicon(
        months="January February March April May June July August September October November December",
        date="{month} {day}, {year}",
        full_hour="{hour} o'clock",
        until="to",
        fractions=("one half", "one third", "two thirds", "one quarter", "three quarters"),
        minus="minus",
        ampersand="and",
        scales={
            **{"K": "thousand", "k": "thousand", "M": "million", "m": "million", "mn": "million", "bn": "billion"},
            **{"B": "billion", "tn": "trillion", "trn": "trillion", "T": "trillion"},
        },
        millions="thousand|million|billion|trillion|lakhs?|crores?",
        units={
            **_units(
                "meters",
                "milliliters",
                "degrees",
                "kilometers",
                "kilometers per hour",
                "kilograms",
                "centimeters",
                "millimeters",
            ),
            **{"mph": "miles per hour", "ft": "feet", "lbs": "pounds", "lb": "pounds", "yd": "yards", "oz": "ounces"},
            **{"sq ft": "square feet", "sq. ft.": "square feet"},
        },
        short={
            **{"Dr": "Doctor", "Mr": "Mister", "Mrs": "Missis", "Ms": "Miz", "Prof": "Professor", "vs": "versus"},
            **{"Mt": "Mount", "Jr": "Junior", "Sr": "Senior", "Gov": "Governor", "Sen": "Senator", "Gen": "General"},
            **{"e.g": "for example", "i.e": "that is", "etc": "et cetera", "approx": "approximately"},
        },
        before_number={
            **{"No.": "number", "#": "number", "Jan.": "January", "Feb.": "February", "Aug.": "August"},
            **{"Sept.": "September", "Oct.": "October", "Nov.": "November", "Dec.": "December"},
            **{"Jan": "January", "Feb": "February", "Apr": "April", "Jun": "June", "Jul": "July", "Aug": "August"},
            **{"Sept": "September", "Sep": "September", "Oct": "October", "Nov": "November", "Dec": "December"},
        },
    ),
    "es": Lexicon(
        months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        date="{day} de {month} de {year}",
        clock="{hours} {minutes}",
        hours="horas",
        one_hour="una hora",
        full_hour="{hour} horas",
        until="a",
        fractions=("medio", "un tercio", "dos tercios", "un cuarto", "tres cuartos"),
        minus="menos",
        ampersand="y",
        one="un",
        amount="{whole_currency} con {part}",
        scales={"M": "millones de", "mill.": "millones de"},
        millions="mil|(?:mil )?millones|millón|billón|billones",
        of_millions="de",
        one_before={
            "una": "hora semana vez persona mujer niña libra página parte cosa noche taza tarde",
            "un": "minuto segundo día mes año hombre niño millón metro kilómetro kilo kilogramo litro grado punto "
            "siglo",
        },
        units=_units(
            "metros",
            "mililitros",
            "grados",
            "kilómetros",
            "kilómetros por hora",
            "kilogramos",
            "centímetros",
            "milímetros",
        ),
        short={
            **{"Dr": "doctor", "Dra": "doctora", "Sr": "señor", "Sra": "señora", "Srta": "señorita", "Ud": "usted"},
            **{"dr": "doctor", "dra": "doctora", "sr": "señor", "sra": "señora", "srta": "señorita", "ud": "usted"},
            **{"Sres": "señores", "sres": "señores", "uds": "ustedes", "Prof": "profesor", "prof": "profesor"},
            **{"Dña": "doña", "Uds": "ustedes", "EE. UU": "Estados Unidos", "EE.UU": "Estados Unidos"},
            **{"Avda": "avenida", "pág": "página", "págs": "páginas", "aprox": "aproximadamente"},
            **{
                "a. C": "antes de Cristo",
                "a.C": "antes de Cristo",
                "d. C": "después de Cristo",
                "d.C": "después de Cristo",
            },
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
        first_day="1er",
        clock="{hours} heures {minutes}",
        hours="heures",
        one_hour="une heure",
        full_hour="{hour} heures",
        until="à",
        one="un",
        fractions=("un demi", "un tiers", "deux tiers", "un quart", "trois quarts"),
        minus="moins",
        ampersand="et",
        scales={"k": "mille", "M": "millions de", "Md": "milliards de", "Mds": "milliards de"},
        millions="mille|millions?|milliards?|billions?",
        of_millions="de",
        one_before={
            "une": "heure minute seconde semaine année fois personne femme page partie livre nuit tasse",
        },
        units=_units(
            "mètres",
            "millilitres",
            "degrés",
            "kilomètres",
            "kilomètres heure",
            "kilogrammes",
            "centimètres",
            "millimètres",
        ),
        short={
            **{"M": "monsieur", "Mme": "madame", "Mlle": "mademoiselle", "Dr": "docteur"},
            **{"MM": "messieurs", "env": "environ", "c.-à-d": "c'est-à-dire", "bd": "boulevard"},
            **{"av. J.-C": "avant Jésus-Christ", "ap. J.-C": "après Jésus-Christ", "apr. J.-C": "après Jésus-Christ"},
            **{"etc": "et cetera", "p. ex": "par exemple", "p.ex": "par exemple"},
        },
        before_number={"n°": "numéro", "nº": "numéro", "N°": "numéro", "p.": "page", "pp.": "pages"},
        ordinals=(
            *("premier première", "deuxième", "troisième", "quatrième", "cinquième"),
            *("sixième", "septième", "huitième", "neuvième", "dixième", "onzième", "douzième", "treizième"),
            *("quatorzième", "quinzième", "seizième", "dix-septième", "dix-huitième", "dix-neuvième"),
            *("vingtième", "vingt-et-unième"),
        ),
        ordinal_signs=r"(?:e|è|ème|er|nd|(re|ère|nde))(?!\w)",
    ),
    "it": Lexicon(
        months="gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        first_day="1º",
        full_hour="{hour}",
        until="a",
        one="un",
        fractions=("mezzo", "un terzo", "due terzi", "un quarto", "tre quarti"),
        minus="meno",
        ampersand="e",
        amount="{whole_currency} e {part}",
        scales={"mln": "milioni di", "mld": "miliardi di"},
        millions="mila|milion[ei]|miliard[oi]",
        of_millions="di",
        one_before={
            "un'": "ora",
            "una": "settimana volta persona donna pagina parte cosa notte tazza",
            "un": "minuto secondo giorno mese anno uomo bambino milione metro chilometro chilo litro grado punto",
        },
        units=_units(
            "metri",
            "millilitri",
            "gradi",
            "chilometri",
            "chilometri all'ora",
            "chilogrammi",
            "centimetri",
            "millimetri",
        ),
        short={
            **{"sig": "signor", "sig.ra": "signora", "sig.na": "signorina", "sigg": "signori", "dott": "dottor"},
            **{"dott.ssa": "dottoressa", "prof": "professor", "prof.ssa": "professoressa", "avv": "avvocato"},
            **{"Sig.na": "signorina", "Sigg": "signori", "Prof.ssa": "professoressa", "ing": "ingegner"},
            **{"Sig": "signor", "Sig.ra": "signora", "Dott": "dottor", "Prof": "professor"},
            **{"Dott.ssa": "dottoressa", "Avv": "avvocato", "Ing": "ingegner", "pag": "pagina", "pagg": "pagine"},
            **{"a.C": "avanti Cristo", "a. C": "avanti Cristo", "d.C": "dopo Cristo", "d. C": "dopo Cristo"},
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
        first_day="1º",
        date="{day} de {month} de {year}",
        clock="{hours} e {minutes}",
        hours="horas",
        one_hour="uma hora",
        full_hour="{hour} horas",
        until="a",
        one="um",
        fractions=("meio", "um terço", "dois terços", "um quarto", "três quartos"),
        minus="menos",
        ampersand="e",
        amount="{whole_currency} e {part}",
        scales={"mil": "mil", "mi": "milhões de", "bi": "bilhões de", "tri": "trilhões de"},
        millions="mil|milhão|milhões|bilhão|bilhões|trilhão|trilhões",
        of_millions="de",
        one_before={
            "uma": "hora semana vez pessoa mulher menina libra página parte coisa noite xícara",
        },
        units=_units(
            "metros",
            "mililitros",
            "graus",
            "quilômetros",
            "quilômetros por hora",
            "quilogramas",
            "centímetros",
            "milímetros",
        ),
        short={
            **{
                "sr": "senhor",
                "sra": "senhora",
                "srs": "senhores",
                "dr": "doutor",
                "dra": "doutora",
                "Srs": "senhores",
            },
            **{"Srta": "senhorita", "srta": "senhorita", "etc": "et cetera"},
            **{
                "a.C": "antes de Cristo",
                "a. C": "antes de Cristo",
                "d.C": "depois de Cristo",
                "d. C": "depois de Cristo",
            },
            **{"Sr": "senhor", "Sra": "senhora", "Dr": "doutor", "Dra": "doutora"},
            **{"Av": "avenida", "pág": "página", "págs": "páginas", "aprox": "aproximadamente", "Prof": "professor"},
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
        full_hour="{hour} बजे",
        until="से",
        fractions=("आधा", "एक तिहाई", "दो तिहाई", "एक चौथाई", "तीन चौथाई"),
        ampersand="और",
        minus="माइनस",
        millions="लाख करोड़|हज़ार करोड़|हज़ार|लाख|करोड़|अरब|खरब",
        units={
            **{"°C": "डिग्री सेल्सियस", "°F": "डिग्री फ़ारेनहाइट", "km/h": "किलोमीटर प्रति घंटा", "km": "किलोमीटर"},
            **{"kg": "किलोग्राम", "cm": "सेंटीमीटर", "mm": "मिलीमीटर", "किमी": "किलोमीटर", "किग्रा": "किलोग्राम"},
            **{"m": "मीटर"},
        },
        short={"डॉ": "डॉक्टर"},
    ),
    "de": Lexicon(
        months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        date="{day}. {month} {year}",
        full_hour="{hour} Uhr",
        until="bis",
        against="zu",
        fractions=("ein halb", "ein Drittel", "zwei Drittel", "ein Viertel", "drei Viertel"),
        minus="minus",
        ampersand="und",
        scales={
            **{"Mio.": "Millionen", "Mill.": "Millionen", "Mrd.": "Milliarden", "Bio.": "Billionen"},
            **{"Mio": "Millionen", "Mrd": "Milliarden", "Tsd.": "Tausend"},
        },
        millions="Tausend|Millionen|Milliarden|Million|Milliarde",
        one_before={
            "eine": "Stunde Minute Sekunde Woche Million Milliarde Person Frau Seite Nacht Tasse",
            "ein": "Uhr Tag Monat Jahr Mann Kind Meter Kilometer Kilo Kilogramm Liter Grad Punkt Prozent Mal "
            "Euro Dollar Franken",
        },
        units=_units(
            "Meter", "Milliliter", "Grad", "Kilometer", "Stundenkilometer", "Kilogramm", "Zentimeter", "Millimeter"
        ),
        short={
            **{"Dr": "Doktor", "usw": "und so weiter", "z. B": "zum Beispiel", "z.B": "zum Beispiel"},
            **{"d. h": "das heißt", "d.h": "das heißt", "bzw": "beziehungsweise", "ca": "circa"},
            **{"Hr": "Herr", "Hrn": "Herrn", "Fr": "Frau", "Prof": "Professor", "St": "Sankt", "ggf": "gegebenenfalls"},
            **{"v. Chr": "vor Christus", "v.Chr": "vor Christus", "n. Chr": "nach Christus", "n.Chr": "nach Christus"},
            **{"inkl": "inklusive", "u. a": "unter anderem", "u.a": "unter anderem", "Str": "Straße"},
        },
        before_number={
            **{"Nr.": "Nummer", "S.": "Seite", "Abb.": "Abbildung", "Kap.": "Kapitel", "Bd.": "Band", "Abs.": "Absatz"},
        },
    ),
}


def _add_rows(words: Lexicon, rows: Mapping[str, Mapping[str, str]], currencies: Mapping[str, Currency]) -> Lexicon:
    return replace(
        words,
        currencies=currencies,
        units={**words.units, **rows["units"]},
        one_unit={**words.one_unit, **rows["one_unit"]},
        short={**words.short, **rows["short"]},
        before_number={**words.before_number, **rows["before_number"]},
        before_name={**words.before_name, **rows["before_name"]},
        short_months={**words.short_months, **rows["short_months"]},
        alone={**words.alone, **rows["alone"]},
    )


_ROWS, _CURRENCIES = read_rows(), read_currencies()
LEXICONS: Mapping[str, Lexicon] = {
    language: _add_rows(words, _ROWS[language], _CURRENCIES[language]) for language, words in _OWN.items()
}
