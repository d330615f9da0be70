"""Word lists: words without content, negations, synonyms, opposites; months, titles, pronouns.

All in lower case and without accents, as `folding.words` gives words.
"""

from __future__ import annotations

_STOP_WORDS = """
a about also an and are as at be been being but by can could did do does each every for from had
has have he her his how i if in instead into is it its just may might must my of on or our own
rather shall she should so some such than that the their them then there these they this those
through to too use us was we were what when where which while who whom why will with would you
your
"""
_OTHER_FUNCTION_WORDS = {
    "de": """
aber als am an auch auf aus bei bis das dass dem den der des die durch ein eine einem einen einer
eines er es fur hat ihr im in ist mit nach oder sein sich sie sind uber um und uns vom von vor war
was wenn werden wie wir wird zu zum zur
""",
    "fr": """
a au aux avec ce ces cette comme d dans de des du elle en est et il ils j l la le les leur mais n
nous on ou par pour qu que qui s sa se ses son sont sur un une vous y selon apres avant depuis
pendant malgre chez
""",
    "es": """
a al como con de del el ella en es esta este ha la las lo los mas o para pero por que se ser si
son su sus un una y segun
""",
    "it": """
a ai al alla anche che chi come con da dal dei del della delle di e ed gli ha i il in l la le lo ma
nel nella o per piu si sono su sul un una
""",
    "nl": """
aan als bij dan dat de die dit door een en er het hij in is maar met naar of om onder ook op over te
tot uit van voor was wat wij worden ze zich zijn zo
""",
    "pt": """
a ao aos as com como da das de do dos e em ele foi mais mas na nas no nos o os ou para pela pelo
por que se ser sua um uma
""",
}
_NEGATIONS = "no not never none neither nor without cannot t dont doesnt isnt wont"
_OTHER_NEGATIONS = {
    "de": "nicht kein keine keinen keinem keiner keines nie niemals ohne weder",
    "fr": "pas jamais sans aucun aucune ni",
    "es": "no nunca sin ningun ninguna ni",
    "it": "non mai senza nessun nessuna ne",
    "nl": "niet geen nooit zonder",
    "pt": "nao nunca sem nenhum nenhuma nem",
}
# One group of near synonyms a line; a word belongs to the first group that has it.
_SYNONYMS = """
reduce cut lower decrease shrink trim lessen minimize minimise drop reduction slash curb
increase raise grow boost expand higher rise growth scale lift
buy purchase acquire procure
hire recruit engage bring
fire dismiss
start begin launch initiate open introduce kick
close shut
stop end halt quit cease close discontinue abandon
add include attach
remove delete eliminate drop
build create develop make construct produce
help assist support aid
show demonstrate reveal prove illustrate
check verify validate confirm inspect test
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
child children kid
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
pay paid
buy bought
sell sold sale
make made
build built
teach taught
give gave given
take took taken
keep kept
hold held
find found
write wrote written
send sent
spend spent
lose lost loss
leave left leaving departure
lead led
meet met
get got
run ran
grow grew grown growth
choose chose chosen choice
tell told
bring brought
begin began begun
show shown display present
speak spoke spoken
drive drove driven
hide hidden
break broke broken
person people
team group
machine machinery
each every
publish release
earn salary wage pay
shop store
save saving savings
reward bonus premium
"""
_LIGHT_WORDS = {
    "en": """
allow could enable get give have introduce let like make need no one ought provide put set should
so start begin offer take use using used want who because while any each every only just also first
""",
    "de": "geben jeder jeden jede man soll sollte wird werden kann lassen machen jed woll",
    "fr": "faire donner chaque tout tous devrait serait pouvoir mettre seraient",
}
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

_ARTICLES = "der die das den dem des ein eine einen einem einer eines"
_WEEKDAYS = """
monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag
samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche
"""
_TITLES = """
mr mrs ms miss dr prof professor president minister king queen sir lord lady captain general herr
frau monsieur madame mme m st
"""
_DENIALS = """
false falsely wrong wrongly myth untrue incorrect incorrectly mistaken mistakenly deny denied denies
denying contrary disputed hoax rumour rumor error instead unlike falsch irrig mythos bestritten
dementiert faux fausse mythe erreur dement contrairement
"""
_PRONOUNS = """
he she it they his her its their him them this these that those er sie es ihr sein ihre seine dieser
diese dieses il elle ils elles son sa ses leur ce cette ces
"""
# English sentences may begin with these and no article, as they may with any plural.
_MAY_BEGIN_SENTENCES = """
authorities board campaigners chief city club committee company council court director doctor
employee engineer executive firm former government group head hospital inspector king lawyer leader
local manager mayor minister nurse officer official opposition owner parliament patient professor
queen researcher resident school scientist secretary senior spokesman spokesperson spokeswoman state
student teacher team town union university user vice witness worker
after again against ago all almost already although always among another any anybody anyone
because before behind below beside besides beyond both critics currently despite due during either
enough even ever everybody everyone everything experts few fewer finally first five former four
further hence here however indeed instead last lastly later least less little many maybe meanwhile
moreover most much nearly neither nevertheless new next nine nobody none nothing now often once one
only other others otherwise over overall perhaps previously recently same second several seven
since six somebody someone something soon still ten thanks therefore third thirdly three throughout
thus today together tomorrow toward towards two under unfortunately unless unlike until upon usually
various very whether whoever whose within without yes yesterday yet
access advertising age air architecture attendance beer business capacity carbon coffee competition
consumption content copper cost crime data debt demand education electricity energy equipment
evidence experience food fraud fuel furniture gold growth health heat help income industry inflation
information infrastructure iron knowledge labor labour land latency law legislation light literacy
maintenance management marketing meat mercury milk money mortality music nature news nobody nothing
oil output oxygen paper participation people police pollution poverty power price production profit
progress quality radiation rain rainfall readmission recruitment research retention revenue rice
salt satisfaction security service snow software staff steel storage sugar supply support tea
technology temperature time tourism trade traffic training transport travel treatment turnover
unemployment usage waste water weather wind wine wood work
"""
_OTHER_SYNONYMS = {
    "de": """
senken reduzieren verringern kurzen vermindern mindern
erhohen steigern anheben vergrossern
kaufen erwerben anschaffen beschaffen
mieten pachten leasen
einstellen anstellen anheuern
kosten ausgaben aufwand
kunden kunde kaufer abnehmer verbraucher
mitarbeiter angestellte beschaftigte personal belegschaft mitarbeitende
firma unternehmen betrieb konzern
beginnen anfangen starten
beenden stoppen abschaffen aufhoren einstellung
schnell rasch zugig
billig gunstig preiswert
test probe versuch pilot
testen prufen erproben ausprobieren
schulen ausbilden unterrichten trainieren
verbieten untersagen
erlauben gestatten zulassen
verschieben vertagen aufschieben
fragen befragen interviewen
auto autos wagen fahrzeug pkw
arzt mediziner
fehler mangel defekt
wahlen aussuchen auswahlen
""",
    "fr": """
reduire diminuer baisser abaisser
augmenter accroitre elever
acheter acquerir
louer
embaucher recruter engager
couts depenses frais cout
clients acheteurs consommateurs client
employes salaries personnel employe
entreprise societe firme
commencer debuter demarrer lancer
arreter cesser supprimer
rapide vite
essai test pilote
former instruire enseigner
interdire prohiber
permettre autoriser
reporter retarder differer
demander interroger sonder
voiture automobile vehicule
medecin docteur
erreur faute defaut
choisir selectionner
""",
}
_OTHER_OPPOSITES = {
    "de": """
senken erhohen
kaufen verkaufen
mehr weniger
vor nach
offnen schliessen
beginnen beenden
verbieten erlauben
immer nie
schnell langsam
innen aussen
""",
    "fr": """
reduire augmenter
acheter vendre
plus moins
avant apres
ouvrir fermer
commencer arreter
interdire permettre
toujours jamais
rapide lent
""",
}

STOP_WORDS = frozenset(_STOP_WORDS.split())
FUNCTION_WORDS = {
    "en": STOP_WORDS,
    **{code: frozenset(listed.split()) for code, listed in _OTHER_FUNCTION_WORDS.items()},
}
NEGATIONS = {
    "en": frozenset(_NEGATIONS.split()),
    **{code: frozenset(listed.split()) for code, listed in _OTHER_NEGATIONS.items()},
}
DENIALS = frozenset(_DENIALS.split())
LIGHT_WORDS = {code: frozenset(listed.split()) for code, listed in _LIGHT_WORDS.items()}
ARTICLES = frozenset(_ARTICLES.split())
WEEKDAYS = frozenset(_WEEKDAYS.split())
TITLES = frozenset(_TITLES.split())
PRONOUNS = frozenset(_PRONOUNS.split())
# English words that may begin a sentence with a capital without being a name.
COMMON_WORDS = frozenset(f"{_MAY_BEGIN_SENTENCES} {_SYNONYMS} {_OPPOSITES}".split())
SYNONYMS = {
    code: [line.split() for line in listed.strip().splitlines()]
    for code, listed in {"en": _SYNONYMS, **_OTHER_SYNONYMS}.items()
}
OPPOSITES = {
    code: [(line.split()[0], line.split()[1]) for line in listed.strip().splitlines()]
    for code, listed in {"en": _OPPOSITES, **_OTHER_OPPOSITES}.items()
}
