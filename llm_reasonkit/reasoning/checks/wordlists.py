"""English word lists: words without content, negations, synonyms, opposites."""

from __future__ import annotations

_STOP_WORDS = """
a about also an and are as at be been being but by can could did do does each every for from had
has have he her his how i if in instead into is it its just may might must my of on or our own
rather shall she should so some such than that the their them then there these they this those
through to too use us was we were what when where which while who whom why will with would you
your
"""
_NEGATIONS = "no not never none neither nor without cannot t dont doesnt isnt wont"
# One group of near synonyms a line; a word belongs to the first group that has it.
_SYNONYMS = """
reduce cut lower decrease shrink trim lessen minimize minimise drop reduction slash curb
increase raise grow boost expand higher rise growth scale lift
buy purchase acquire procure
hire recruit engage bring
fire dismiss
start begin launch initiate open introduce kick
stop end halt quit cease close discontinue abandon
add include attach
remove delete eliminate drop
build create develop make construct produce
help assist support aid
show demonstrate reveal prove illustrate
check verify validate confirm inspect
test trial pilot experiment try
improve enhance better strengthen upgrade
customer client user buyer consumer shopper guest visitor
staff employee worker personnel team colleague workforce
company firm business organisation organization enterprise
fast quick rapid speedy swift quickly
slow sluggish
cheap inexpensive affordable low-cost
expensive dear pricey
big large huge major substantial
small little tiny minor
cost price expense spending expenditure fee
money cash fund funding budget
problem issue difficulty trouble
risk danger hazard threat
fault error bug defect mistake
choose select pick decide
require need demand
teach train educate coach instruct training
child kid
car vehicle automobile
house home
doctor physician
let allow permit enable
ban forbid prohibit prevent block
often frequently regularly
important crucial vital essential key critical
easy simple straightforward
hard difficult complex complicated
automatic automated automate
manual hand
remote distance
old aging elderly
young youth
split divide
share distribute
move migrate transfer shift relocate
number many amount count quantity
new fresh
clear plain
keep retain maintain preserve
get receive obtain gain
give offer provide grant
find discover detect identify
replace substitute swap
fail collapse
hide conceal
result outcome consequence effect
goal aim objective target purpose
reason cause
idea suggestion proposal
law regulation rule statute
join merge combine unite unify
ask inquire survey question interview
tell inform notify
method approach technique way
plan strategy
meeting session
document write record documentation
delay postpone defer
measure track monitor
reuse recycle
rent lease
"""
_OPPOSITES = """
increase decrease
raise lower
buy sell
hire fire
start stop
open close
add remove
fast slow
cheap expensive
big small
ban allow
easy hard
automatic manual
old young
share keep
join split
more less
more fewer
before after
always never
up down
inside outside
internal external
short long
early late
win lose
gain loss
remote onsite
public private
centralise decentralise
centralize decentralize
safe unsafe
import export
left right
high low
improve worsen
strong weak
rich poor
success failure
succeed fail
positive negative
push pull
"""

STOP_WORDS = frozenset(_STOP_WORDS.split())
NEGATIONS = frozenset(_NEGATIONS.split())
SYNONYMS = [line.split() for line in _SYNONYMS.strip().splitlines()]
OPPOSITES = [(line.split()[0], line.split()[1]) for line in _OPPOSITES.strip().splitlines()]
