"""German as it is written short: ordinals in their cases, rulers, halves, fractions, laps, formulas, files, postcodes.

Runs before the rules that all languages share; `decline_ones` behind them.
"""

from __future__ import annotations

import re

from polyreel.engine.voice.text.figures import value_of
from polyreel.engine.voice.text.german import MONTHS, stem_of
from polyreel.engine.voice.text.german_ones import decline_counted_ones

_CAPITAL = r"(?=[A-ZÄÖÜ])"
# Words that begin a sentence: a number with a full stop before them ended the one before.
_STARTERS = (
    "Danach|Dann|Er|Sie|Es|Wir|Ich|Du|Ihr|Das|Die|Der|Den|Dem|Ein|Eine|Und|Aber|Doch|Da|Dort|Hier|Jetzt|Nun|So|Was"
)
_WITH_E = (
    "der die das ins ans fürs aufs jeder jede jedes dieser diese dieses welche welcher eine meine deine seine ihre "
)
_WITH_E += "unsere eure keine"
_WITH_EN = "dem den des am im zum zur vom beim jeden jedem diesem diesen"
_BARE = "ein mein dein sein ihr unser euer kein"
_INFLECTED = tuple(f"{one}e{end}" for one in _BARE.split() for end in "mnrs")
_NEUTERS = "Auto|Haus|Kind|Tor|Mal|Jahr|Kapitel|Buch|Spiel|Bier|Lied|Album|Bild|Semester|Quartal|Viertel|Stück|Treffen"
_NEUTERS += "|Finale|Date|Baby|Konzert|Rennen|Opfer|Gebot|Tattoo"
_FEMININES = "Sinfonie|Symphonie|Sonate|Frau|Ehe|Amtszeit|Auflage|Reise|Liebe|Chance|Staffel|Folge|Runde|Klasse"
_AFTER_PREPOSITION = (
    "in an auf mit von bei nach aus zu seit unter über vor hinter neben zwischen während wegen trotz ab innerhalb"
)
_DETERMINERS = {
    **dict.fromkeys(_WITH_E.split(), "e"),
    **dict.fromkeys(_WITH_EN.split(), "en"),
    **dict.fromkeys(_INFLECTED, "en"),
    **dict.fromkeys(_BARE.split(), ""),
}
_DETERMINER = "|".join(sorted(_DETERMINERS, key=len, reverse=True))
_ORDINAL = re.compile(
    rf"(?:\b((?i:{_AFTER_PREPOSITION.replace(' ', '|')})) )?"
    rf"\b((?i:{_DETERMINER})|[A-ZÄÖÜ][a-zäöüß]{{3,}}s) (\d{{1,3}})\. "
    rf"(?!(?:{_STARTERS}|Jhd?t?)\b){_CAPITAL}(?=(?:({_NEUTERS})|({_FEMININES})|)\b)"
)
_PAIR = re.compile(
    rf"\b((?i:{_DETERMINER})) (\d{{1,2}})\.\s?(und|oder|bis|[–-])\s?(\d{{1,2}})\. (?!(?:{_STARTERS}|Jhd?t?)\b)"
    rf"{_CAPITAL}(?=(?:({_NEUTERS})|({_FEMININES})|)\b)"
)
_DAY = re.compile(r"\b((?i:am|vom|zum|den|dem|seit|ab|der|bis)) (\d{1,2})\.(\d{1,2})\.(\d\d\b(?!\.))?(?!\d)(?=(\s*$)?)")
_SHORT_MONTHS = {month[:3]: month for month in MONTHS.split()} | {"Sept": "September"}
_SHORT_MONTH = re.compile(r"\b(Jan|Feb|Apr|Aug|Sept?|Okt|Nov|Dez)\.(?=\s[\da-zäöü]|,|$)")

_MEN = (
    "Ludwig Friedrich Wilhelm Heinrich Karl Otto Philipp Paul Pius Benedikt Johannes Nikolaus Alexander Franz Leopold "
)
_MEN += "Peter Gregor Leo Innozenz Clemens Georg Eduard Richard Ferdinand Ramses Gustav Christian Napoleon Maximilian "
_MEN += "Joseph Rudolf Konrad Christian Haakon Harald"
_WOMEN = "Elisabeth Katharina Margarethe Margrethe Johanna Isabella Maria Anna"
_RULER = re.compile(
    rf"(?:\b((?i:unter|von|mit|bei|nach|aus|seit|zu)|(?i:für|gegen|ohne|durch|um)) )?"
    rf"((?:(?:Kaiser|König|Königin|Papst|Zar|Zarin|Herzog|Johannes|Franz|Friedrich|Karl) )?)"
    rf"\b(?:({_MEN.replace(' ', '|')})|({_WOMEN.replace(' ', '|')}))(s?) "
    r"(?=[IVX])(X{0,3}(?:IX|IV|V?I{0,3}))\b(\.?)(?=(\s*$)?)"
)
_DATIVE_PREPOSITIONS = "unter von mit bei nach aus seit zu"
_DATIVE = frozenset(_DATIVE_PREPOSITIONS.split())

_HALF = re.compile(
    r"(?:\b(\w+) )?(?<![\d/,.])(?:½|1/2) (l|Liter|Meter|Kilometer|Stunde|Tasse|Million|Kilo|Jahr|Pfund)\b"
)
_GENDERS = {"l": "m", "Liter": "m", "Meter": "m", "Kilometer": "m", "Stunde": "f", "Tasse": "f", "Million": "f"}
_AND_A_HALF = re.compile(r"(?<![\d/,.])(\d{1,2}) ?(?:½|(?<= )1/2)(?![\d/])")
_TO_TWELVE = "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
_NUMBERS = _TO_TWELVE.split()
_PART_OF_LITRE = re.compile(r"(?<![\d/,.])1/([48]) (?:l|Liter)\b")
_BEAT = re.compile(r"\b([2-9]|12)/([48])-Takt")
_PARTS = {4: "viertel", 8: "achtel"}
_FRACTION = re.compile(r"(?<![\d/,.])(\d{1,2})/([5-9]|10|100|1000)(?![\d/]|\s?-)(?= der| des| aller| von)")
_PART_NAMES = {5: "Fünftel", 6: "Sechstel", 7: "Siebtel", 8: "Achtel", 9: "Neuntel", 10: "Zehntel"}
_PART_NAMES |= {100: "Hundertstel", 1000: "Tausendstel"}

_LAP = re.compile(r"(?<![\d:])(\d{1,2}):([0-5]\d),(\d{1,3})(?!\d)(?:\s?(?:min|Min)\b\.?(?!$))?")
_DURATION = re.compile(r"(?<![\d:])(\d{1,2}):([0-5]\d):([0-5]\d)(?:\s?(?:Std|h)\b)(?:\.(?!$))?")
_PROPORTION = re.compile(
    r"(?<![\d:.,])(\d{1,3}):(\d{1,3}(?:\.\d{3})+|\d{3,})(?![\d:])|(?<![\d:.,])(\d{3}):(\d{1,3})(?![\d:])"
)
_PRESSURE = re.compile(r"(Blutdruck\D{0,24}\d{2,3})/(\d{2,3})(?!\d)")
_METRES = re.compile(r"(?<=\d)-m-(?=[A-ZÄÖÜ])")
_SIDES = re.compile(r"(?:(?<=\d\sm)|(?<=[cmk]m)) ?x (?=\d)")
_FOLD = re.compile(r"(?<=\d)x(?=\s[a-zäöü])")
_TIMES = re.compile(r"(?<=\d)\s?[·×]\s?(?=\d)")

_CENTS = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})*|\d+),(\d\d) (Euro|Dollar|Franken|Pfund)\b")
_THOUSAND_EUROS = re.compile(r"(?<=\d)\s?T€")
_FRANCS = re.compile(r"(?<![\d.,])(\d+) Fr\.? (\d\d)(?!\d)")
_DASHED = re.compile(r"(?<=\d),[-–—]+(?=\s?€|\s?Euro)")
_FOR_EACH = re.compile(
    r"(?<=\d)\s?(ct|€|mg|µg|μg|g|kg|l|Mbit|Gbit|mmol|U)/(l|kg|kWh|h|min|s|dl|km|t|m²|m³|Monat|Tag|Jahr|Stück)\b"
)
_OF_MONEY = {"ct": "Cent", "mmol": "Millimol", "U": "Umdrehungen", "Mbit": "Megabit", "Gbit": "Gigabit"}
_OF_MONEY |= {"mg": "Milligramm", "µg": "Mikrogramm", "μg": "Mikrogramm", "g": "Gramm", "kg": "Kilogramm", "l": "Liter"}
_EACH = {"l": "Liter", "kg": "Kilogramm", "kWh": "Kilowattstunde", "h": "Stunde", "min": "Minute", "s": "Sekunde"}
_EACH |= {"dl": "Deziliter", "km": "Kilometer", "t": "Tonne", "m²": "Quadratmeter", "m³": "Kubikmeter"}
_PER_HUNDRED = re.compile(r"(?<=\d)\s?l/100 ?km\b")
_SQUARE_SECOND = re.compile(r"(?<=\d)\s?m/s²")
_PERCENT_ADJECTIVE = re.compile(r"(?<=\d)\s?%ig")
_PARAGRAPHS = re.compile(r"§§\s?(?=\d)")
_FOLLOWING = re.compile(r"(?<=\d)\s?ff?\.(?=\s|,|$)")
_BOOKS = "Johannes|Matthäus|Markus|Lukas|Psalm|Römer|Korinther|Mose|Genesis|Jesaja|Offenbarung|Epheser"
_VERSE = re.compile(rf"\b({_BOOKS}) (\d{{1,3}}),\s?(\d{{1,3}})(?:[-–](\d{{1,3}}))?(?!\d)")
_POSTCODE = re.compile(
    r"((?:\b(?:in|nach) |, ))(?!\d{2,3}00)(\d{5})"
    r"(?= (?!(?:Fäll|Haushalt|Städt|Gemeind|Ort|Schul|Teil|Exemplar|Jahr|Stund|Kilomet|Met|Euro))[A-ZÄÖÜ][a-zäöü])"
)
_SQUARE = re.compile(r"(?<=[a-zß])pl\.(?=\s\d|,|\s[a-z]|$)")
_EMERGENCY = re.compile(
    r"((?:[Nn]otruf|[Ww]ähl\w*(?: Sie)?(?: die)?|[Rr]uf\w*(?: Sie)? die|[Uu]nter(?: der)?) )"
    r"(11[02])\b(?!,\d|\s?[%€°]| [A-Z])"
)
_ANGLE = re.compile(r"(?<!\d)(\d{1,3})°\s?(\d{1,2})\s?[′'](?:\s?(\d{1,2})\s?[″\"])?(?:\s?([NSOWE])\b)?")
_WINDS = {"N": " Nord", "S": " Süd", "O": " Ost", "E": " Ost", "W": " West", None: ""}
_INCHES = re.compile(r"(?<=\d)\s?[\"″](?=\s|[.,;!?]|$)")
_BOEING = re.compile(r"(?<=Boeing )7(\d)7\b")
_AIRBUS = re.compile(r"\bA3([1-9]\d)\b")
_ONE_HURT = re.compile(r"(?<![\w.,])1 (?=\w*(?:[Vv]erletzt|[Tt]ot|[Vv]ermisst|[Ii]nfiziert)en\b)")
_AT_LEAST = {
    "≥": "mindestens",
    "≤": "höchstens",
    "√": "Wurzel",
    "≠": "ungleich",
    "＜": "kleiner als",
    "＞": "größer als",
}
_BEFORE_NUMBER = re.compile(r"([≥≤√≠＜＞])\s?(?=[-\u2212]?\d)")
_ABOUT_EQUAL = re.compile(r"(?<=[A-Za-z\d)])\s?≈\s?(?=\d)")
# "12 A" is a house or a class as often.
_AMPERES = re.compile(r"(?<=\d) A(?= (?:bei \d|Strom|Sicherung|Ladestrom))")
_HASHTAG = re.compile(r"(?<![\w&])#(?=[^\W\d_])")
_PLUS_PLUS = re.compile(r"(?<=\b[A-Z])\+\+(?!\w)")
_ADDRESS = re.compile(r"(?<![\d.,])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.,]\d|\d)")
_FILE = re.compile(
    r"(?<=[A-Za-zäöüß\d_]{2})\.(pdf|txt|html?|jpe?g|png|docx?|xlsx?|mp[34]|zip|exe|csv|js|de|at|ch|eu)\b(?!\.\w)"
)
_AT = re.compile(r"(?<=[\w.-])@(?=\w)")
_LOWERED = str.maketrans(
    dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
    | {"α": "Alpha", "β": "Beta", "γ": "Gamma", "δ": "Delta", "Δ": "Delta", "λ": "Lambda", "π": "Pi", "σ": "Sigma"}
)

# Without a figure in it a formula looks like any short word: these are meant.
_PLAIN_FORMULA = re.compile(r"(?<![A-Za-z])(NaCl|HCl|NaOH|KCl|CaO)(?![A-Za-z\d])")

_ACCUSATIVE = re.compile(
    r"\b((?i:für|um|ohne|durch|gegen)) ein (?=(?:Euro|Dollar|Franken|Liter|Meter|Kilometer|Tag|Monat|Punkt)\b)"
)
_ONE_DATIVE = re.compile(
    r"\b((?i:mit|von|zu|bei|nach|aus|seit|vor|in|ab|binnen)) ein(e?) "
    r"(?=(?:Euro|Dollar|Franken|Liter|Meter|Kilometer|Tag|Monat|Jahr|Punkt|Prozent|Grad|Stunde|Minute|Sekunde|Woche|"
    r"Million|Milliarde|Tonne)\b)"
)
# Of a measure alone; before what is measured, or how, it stays: "in 5 Meter Höhe", "mit 3 Liter Wasser".
_METRES_DATIVE = re.compile(
    r"\b((?i:mit|von|bei|nach|aus|in|zu|ab|vor|seit) (?!1 |ein)[\d.,]*\d (?:\w*[Mm]eter|Liter))"
    r"(?![\w-])(?! (?:[A-ZÄÖÜ]|lang|breit|hoch|tief|dick|groß|weit|entfernt|bis|und|oder|pro)|\s?[-–/])"
)


def spell_german_short_forms(text: str) -> str:
    """A German line in which what is written short has words, or the form that later rules know."""
    text = _with_ordinals(_SHORT_MONTH.sub(_spell_month, decline_counted_ones(text.translate(_LOWERED))))
    text = _with_parts(_with_prices(_with_names(_with_codes(text))))
    text = _DURATION.sub(lambda found: _spell_duration(*found.groups()), text)
    text = _LAP.sub(lambda found: f"{_minutes(found[1])} {int(found[2])},{found[3]}", text)
    text = _PROPORTION.sub(lambda found: f"{found[1] or found[3]} zu {found[2] or found[4]}", text)
    text = _AMPERES.sub(" Ampere", _FOLD.sub(" mal", text))
    text = _SIDES.sub(" mal ", _METRES.sub("-Meter-", _PRESSURE.sub(r"\1 zu \2", text)))
    text = _TIMES.sub(" mal ", _ABOUT_EQUAL.sub(" ungefähr gleich ", text))
    text = _BEFORE_NUMBER.sub(lambda found: f"{_AT_LEAST[found[1]]} ", text)
    return _ONE_HURT.sub("einen ", text)


def decline_ones(text: str) -> str:
    """``für 1 €`` is *für einen Euro*, ``mit 1 Std.`` *mit einer Stunde*: behind the rules that made a one of it."""
    text = _ACCUSATIVE.sub(r"\1 einen ", text)
    text = _METRES_DATIVE.sub(r"\1n", text)
    return _ONE_DATIVE.sub(lambda found: f"{found[1]} {'einer' if found[2] else 'einem'} ", text)


def _spell_month(found: re.Match[str]) -> str:
    ends = found.end() == len(found.string)
    return _SHORT_MONTHS[found[1]] + ("." if ends else "")


def _with_ordinals(text: str) -> str:
    text = _PAIR.sub(_spell_pair, _RULER.sub(_spell_ruler, text))
    text = _DAY.sub(_spell_day, text)
    return _ORDINAL.sub(_spell_ordinal, text)


def _spell_pair(found: re.Match[str]) -> str:
    ending = _DETERMINERS[found[1].casefold()] or ("es" if found[5] else "e" if found[6] else "er")
    between = "bis" if found[3] in "–-" else found[3]
    return f"{found[1]} {stem_of(int(found[2]))}{ending} {between} {stem_of(int(found[4]))}{ending} "


def _spell_day(found: re.Match[str]) -> str:
    """``am 24.12.``: its month is an ordinal too."""
    day, month = int(found[2]), int(found[3])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return found[0]
    ending = "e" if found[1].casefold() == "der" else "en"
    year = f" {found[4]}" if found[4] else ""
    stop = "." if found[5] is not None and not year else ""
    return f"{found[1]} {stem_of(day)}{ending} {stem_of(month).capitalize()}{ending}{year}{stop}"


def _spell_ordinal(found: re.Match[str]) -> str:
    before, word, number = found[1], found[2], int(found[3])
    if not number:
        return found[0]
    ending = _DETERMINERS.get(word.casefold(), "")
    if word.casefold() == "der" and before:
        ending = "en"
    ending = ending or ("es" if found[4] else "e" if found[5] else "er")
    return f"{f'{before} ' if before else ''}{word} {stem_of(number)}{ending} "


def _spell_ruler(found: re.Match[str]) -> str:
    preposition, title, name, number = found[1] or "", found[2], found[3] or found[4], value_of(found[6])
    if found[6] == "I" or not number:  # may be a word, or an initial
        return found[0]
    is_woman, case = bool(found[4]), preposition.casefold()
    if found[5]:
        article, ending = ("der" if is_woman else "des"), "en"
    elif case in _DATIVE:
        article, ending = ("der" if is_woman else "dem"), "en"
    elif case:
        article, ending = ("die", "e") if is_woman else ("den", "en")
    else:
        article, ending = ("die" if is_woman else "der"), "e"
    lead = f"{preposition} " if preposition else ""
    stop = found[7] if found[8] is not None else ""
    return f"{lead}{title}{name}{found[5]} {article} {stem_of(number).capitalize()}{ending}{stop}"


def _with_parts(text: str) -> str:
    text = _BEAT.sub(lambda found: f"{_NUMBERS[int(found[1])].capitalize()}{_PARTS[int(found[2])]}takt", text)
    text = _PART_OF_LITRE.sub(lambda found: f"einen {_PARTS[int(found[1])]} Liter", text)
    text = _AND_A_HALF.sub(_spell_and_a_half, _HALF.sub(_spell_half, text))
    return _FRACTION.sub(lambda found: f"{_name_part(found[1])} {_PART_NAMES[int(found[2])]}", text)


def _name_part(number: str) -> str:
    return "ein" if number == "1" else number


def _spell_and_a_half(found: re.Match[str]) -> str:
    number = int(found[1])
    return f"{_NUMBERS[number] if 0 < number < len(_NUMBERS) else f'{number} '}einhalb"


def _spell_half(found: re.Match[str]) -> str:
    """Nominative where nothing stands before it, dative behind such a preposition, else what verbs ask for."""
    before, gender = found[1] or "", _GENDERS.get(found[2], "n")
    unit = "Liter" if found[2] == "l" else found[2]
    lead = f"{before} " if before else ""
    if before.casefold() in _AFTER_PREPOSITION.split():
        return f"{lead}{'einer' if gender == 'f' else 'einem'} halben {unit}"
    accusative = {"m": "einen halben", "f": "eine halbe", "n": "ein halbes"}
    return f"{lead}{'ein halber' if gender == 'm' and not before else accusative[gender]} {unit}"


def _with_prices(text: str) -> str:
    text = _THOUSAND_EUROS.sub(" tausend Euro", _FRANCS.sub(r"\1 Franken \2", _DASHED.sub("", text)))
    text = _CENTS.sub(_spell_cents, text)
    text = _PER_HUNDRED.sub(" Liter auf 100 Kilometer", _SQUARE_SECOND.sub(" Meter pro Quadratsekunde", text))
    text = _FOR_EACH.sub(
        lambda found: f" {_OF_MONEY.get(found[1], found[1])} pro {_EACH.get(found[2], found[2])}", text
    )
    return _PERCENT_ADJECTIVE.sub(" prozentig", text)


def _spell_cents(found: re.Match[str]) -> str:
    part = found[2].removeprefix("0")
    return f"{found[1]} {found[3]} {part}" if found[2] != "00" else f"{found[1]} {found[3]}"


def _with_names(text: str) -> str:
    text = _VERSE.sub(lambda found: f"{found[1]} {found[2]}, {found[3]}{f' bis {found[4]}' if found[4] else ''}", text)
    text = _FOLLOWING.sub(" folgende", _PARAGRAPHS.sub("Paragrafen ", text))
    text = _POSTCODE.sub(lambda found: found[1] + " ".join(found[2]), _SQUARE.sub("platz", text))
    text = _EMERGENCY.sub(lambda found: found[1] + " ".join(found[2]), text)
    text = _ANGLE.sub(_spell_angle, text)
    if text.count('"') % 2 and "„" not in text:  # else it ends a quotation
        text = _INCHES.sub(" Zoll", text)
    return _AIRBUS.sub(r"A 3 \1", _BOEING.sub(r"7 \1 7", text))


def _spell_angle(found: re.Match[str]) -> str:
    seconds = f" {found[3]} Sekunden" if found[3] else ""
    return f"{found[1]} Grad {found[2]} Minuten{seconds}{_WINDS[found[4]]}"


def _with_codes(text: str) -> str:
    text = _ADDRESS.sub(_spell_address, text)
    text = _FILE.sub(lambda found: f" Punkt {' '.join(found[1].upper())}", _AT.sub(" ät ", text))
    text = _PLUS_PLUS.sub(" plus plus", _HASHTAG.sub("Hashtag ", text))
    return _PLAIN_FORMULA.sub(lambda found: " ".join(found[1].upper()), text)


def _spell_address(found: re.Match[str]) -> str:
    if all(len(group) == 3 for group in found.groups()[1:]):  # as thousands are grouped
        return found[0]
    return " Punkt ".join("eins" if group == "1" else group for group in found.groups())


def _spell_duration(hours: str, minutes: str, seconds: str) -> str:
    said = [_hours(hours), _minutes(minutes) if int(minutes) else "", str(int(seconds)) if int(seconds) else ""]
    return " ".join(filter(None, said))


def _hours(written: str) -> str:
    return "eine Stunde" if written == "1" else f"{int(written)} Stunden"


def _minutes(written: str) -> str:
    return "eine Minute" if int(written) == 1 else f"{int(written)} Minuten"
