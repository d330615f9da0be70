"""Words and signs of figures: months, units of measure, parts of a whole.

All in lower case and without accents, as `folding.words` gives words.
"""

from __future__ import annotations

_MONTHS = """
january jan januar janner janvier janv enero ene gennaio januari janeiro
february feb februar fevrier fevr febrero febbraio februari fevereiro
march mar marz mars marzo maart marco
april apr avril avr abril aprile
may mai mayo maggio mei maio
june jun juni juin junio giugno junho
july jul juli juillet juil julio luglio julho
august aug aout agosto augustus
september sep sept septembre septiembre settembre setembro
october oct oktober okt octobre octubre ottobre outubro
november nov novembre noviembre novembro
december dec dezember dez decembre diciembre dicembre dezembro
"""
# A unit and how it is written after a number.
_UNITS = """
percent %
percentage_point pp
meter metre metres meters metern metri metro metros mtr m
kilometer km kilometre kilometres kilometers kilometern kilometri chilometri kilometros
centimeter cm centimetre centimetres centimeters
millimeter mm millimetre millimetres millimeters
mile miles meile meilen
foot feet ft fuss pied pieds
inch inches
kilogram kg kilo kilos kilograms kilogramm kilogramme kilogrammes
gram g grams gramm gramme grammes
tonne tonnes tonnen
pound lb lbs
liter litre litres liters l
degC celsius
degF fahrenheit
second seconds sekunde sekunden seconde secondes sec
minute minutes minuten min
hour hours h stunde stunden heure heures
day days tag tage tagen jour jours
week weeks woche wochen semaine semaines
month months monat monate monaten mois
year years jahr jahre jahren an ans annee annees
dollar dollars usd
euro euros eur
pound_sterling gbp
yen jpy
franc chf francs franken
watt w watts
kilowatt kw kilowatts
megawatt mw megawatts
gigawatt gw gigawatts
kilowatt_hour kwh kilowattstunde kilowattstunden
megawatt_hour mwh
hertz hz
byte bytes
megabyte mb megabytes
gigabyte gb gigabytes
hectare ha hectares hektar
"""
_FRACTIONS = """
2 half halves halb halfte moitie demi
3 third thirds drittel tiers
4 quarter quarters viertel quart
5 fifth fifths funftel
10 tenth tenths zehntel
"""

MONTHS = {
    word: number
    for number, line in enumerate(_MONTHS.strip().splitlines(), 1)
    for word in line.split()
}
UNITS = {word: line.split()[0] for line in _UNITS.strip().splitlines() for word in line.split()}
FRACTIONS = {
    word: int(line.split()[0])
    for line in _FRACTIONS.strip().splitlines()
    for word in line.split()[1:]
}
