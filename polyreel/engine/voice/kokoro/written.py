"""Signs that are written alike in Japanese and Chinese lines, whatever each language then says of them."""

from __future__ import annotations

import re

ABOUT_EQUAL = re.compile(r"(?<=[A-Za-zα-ω\d)])\s?≈\s?")
BEFORE_NUMBER = re.compile(r"(?<![A-Za-z\d~])([~≈±№])\s?(?=\d)")
COMPASS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)°\s?([NSEW])(?![A-Za-z])")
LAP = re.compile(r"(?<![\d:.])(\d{1,2}):([0-5]\d)\.(\d{1,3})(?![\d.:])")
ROMAN_CENTURY = re.compile(r"(?<![A-Za-z])[IVX]{1,5}(?=\s?世)")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
YEAR_AND_MONTH = re.compile(r"(?<![\d/])((?:19|20)\d\d)/(0[1-9]|1[0-2])(?![\d/])")
ADDRESS = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.])")
DOT_OF_NAME = re.compile(r"(?<!Dr)(?<!Mr)(?<!Ms)(?<!St)(?<!No)(?<=[A-Za-z\d]{2})\.(?=[a-z]{2,})")
ELEMENT = "H|He|Li|Be|B|C|N|O|F|Ne|Na|Mg|Al|Si|P|S|Cl|Ar|K|Ca|Cr|Mn|Fe|Co|Ni|Cu|Zn|Br|Ag|Sn|I|Ba|Au|Hg|Pb|U|Ti"
FORMULA = re.compile(rf"(?<![A-Za-z\d])(?!PS\d)(?=[A-Za-z]*\d)((?:(?:{ELEMENT})\d{{0,3}}){{2,}})(?![A-Za-z\d]|\.\d)")
HYPHEN = re.compile(r"(?<=[A-Za-z])-(?=\d)")
