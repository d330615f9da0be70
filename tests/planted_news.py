"""More claims with quotes that are true or false in a known way, from news."""

from __future__ import annotations

from tests.planted_proofguard import Case

SOURCES = [
    """\
Grid operator Nordlink said on Thursday that wind farms supplied 38 percent of Denmark's
electricity in the third quarter, up from 31 percent a year earlier. Chief executive Mette Holm
called the figure "a milestone". Two interconnectors to Germany, each rated at 700 megawatts, were
out of service for eleven days in August. Wholesale prices averaged €64.20 per megawatt-hour,
roughly a fifth lower than in 2022. The company plans to invest 4.5 billion kroner by 2027 and to
hire 120 engineers. Analysts at Berg Securities had expected prices near €70. A storm on 21
October knocked out power to nearly 90,000 homes; most were reconnected within six hours.
""",
    """\
Die Stadtwerke Freiburg haben im vergangenen Jahr 3.400 Solaranlagen ans Netz angeschlossen, fast
doppelt so viele wie 2022. Geschäftsführerin Anna Roth rechnet mit Investitionen von 85 Millionen
Euro bis Ende 2026. Der Strompreis sinkt zum 1. Januar um 2,3 Cent je Kilowattstunde.
""",
    """\
La mairie de Nantes a inauguré mardi une piste cyclable de 14 kilomètres entre la gare et
l'université. Le projet a coûté 9,6 millions d'euros, dont un tiers payé par la région. Selon
l'adjointe Claire Morel, deux mille cyclistes l'empruntent chaque jour.
""",
    """\
Rail operator Southline carried 61.3 million passengers last year, 4% more than in 2018, its
previous record. The first electric trains, built by Stadler in Switzerland, entered service on 9
February 2023 between Porto and Braga. Punctuality slipped: 82 of every 100 trains arrived within
five minutes of schedule, down from 91. Union leader Rui Costa blamed a shortage of 230 drivers. A
ticket from Porto to Lisbon costs between €14 and €33. The line's longest tunnel, at 5,834 metres,
dates from 1896. Half of the stations have no lift. Minister Ana Prado promised €1.1bn for repairs
within four years.
""",
    """\
Der FC Altdorf gewann das Spiel am Samstag mit 3:1 vor 12.480 Zuschauern. Trainer Jonas Weber
wechselte in der 70. Minute zweimal. Der Verein hat 1.904 Mitglieder und wurde 1911 gegründet.
""",
    """\
Le musée a accueilli 410 000 visiteurs en 2022, soit 12 % de plus qu'en 2019. L'exposition sur
Berthe Morisot, ouverte du 3 mai au 18 septembre, en a attiré près de la moitié.
""",
]

TRUE = [
    Case("Wind supplied 38% of Denmark's power in the third quarter.",
         "wind farms supplied 38 percent of Denmark's electricity in the third quarter", "S1"),
    Case("Wind power's share rose by seven percentage points.",
         "wind farms supplied 38 percent of Denmark's electricity in the third quarter, "
         "up from 31 percent a year earlier", "S1", "38 - 31"),
    Case("Mette Holm, who runs Nordlink, called it a milestone.",
         "Chief executive Mette Holm called the figure \"a milestone\"", "S1"),
    Case("The two interconnectors to Germany have 700 MW each.",
         "Two interconnectors to Germany, each rated at 700 megawatts", "S1"),
    Case("Together the interconnectors carry 1,400 megawatts.",
         "Two interconnectors to Germany, each rated at 700 megawatts", "S1", "2 * 700"),
    Case("The interconnectors were down for 11 days.",
         "were out of service for eleven days in August", "S1"),
    Case("Prices averaged 64.20 euros per megawatt-hour.",
         "Wholesale prices averaged €64.20 per megawatt-hour", "S1"),
    Case("Prices were below €65.", "Wholesale prices averaged €64.20 per megawatt-hour", "S1"),
    Case("Nordlink wants to hire 120 engineers.",
         "The company plans to invest 4.5 billion kroner by 2027 and to hire 120 engineers.", "S1"),
    Case("Nordlink will invest 4.5bn kroner by 2027.",
         "The company plans to invest 4.5 billion kroner by 2027", "S1"),
    Case("Berg Securities expected about 70 euros.",
         "Analysts at Berg Securities had expected prices near €70.", "S1"),
    Case("A storm hit on October 21.",
         "A storm on 21 October knocked out power to nearly 90,000 homes", "S1"),
    Case("About ninety thousand homes lost power.",
         "knocked out power to nearly 90,000 homes", "S1"),
    Case("Most homes had power again within 6 hours.",
         "most were reconnected within six hours", "S1"),
    Case("3400 Solaranlagen wurden angeschlossen.",
         "im vergangenen Jahr 3.400 Solaranlagen ans Netz angeschlossen", "S2"),
    Case("Anna Roth erwartet Investitionen von 85 Mio. Euro.",
         "Geschäftsführerin Anna Roth rechnet mit Investitionen von 85 Millionen Euro bis "
         "Ende 2026", "S2"),
    Case("Der Strompreis sinkt am 1.1. um 2,3 Cent.",
         "Der Strompreis sinkt zum 1. Januar um 2,3 Cent je Kilowattstunde.", "S2"),
    Case("Freiburg's utility connected 3,400 solar installations.",
         "Die Stadtwerke Freiburg haben im vergangenen Jahr 3.400 Solaranlagen ans Netz "
         "angeschlossen", "S2"),
    Case("La piste fait 14 km.",
         "une piste cyclable de 14 kilomètres entre la gare et l'université", "S3"),
    Case("Le projet a coûté 9,6 M€.", "Le projet a coûté 9,6 millions d'euros", "S3"),
    Case("2000 cyclistes l'empruntent chaque jour, selon Claire Morel.",
         "Selon l'adjointe Claire Morel, deux mille cyclistes l'empruntent chaque jour.", "S3"),
    Case("The region paid 3.2 million euros.",
         "Le projet a coûté 9,6 millions d'euros, dont un tiers payé par la région.",
         "S3", "9.6 / 3"),
    Case("Southline carried 61.3m passengers last year.",
         "Rail operator Southline carried 61.3 million passengers last year", "S4"),
    Case("Passenger numbers were 4 percent above 2018.",
         "carried 61.3 million passengers last year, 4% more than in 2018", "S4"),
    Case("Southline's previous record was in 2018.",
         "4% more than in 2018, its previous record", "S4"),
    Case("Stadler built the electric trains in Switzerland.",
         "The first electric trains, built by Stadler in Switzerland, entered service", "S4"),
    Case("Electric trains have run between Porto and Braga since February 2023.",
         "entered service on 9 February 2023 between Porto and Braga", "S4"),
    Case("82 percent of trains were on time.",
         "82 of every 100 trains arrived within five minutes of schedule", "S4", "82 / 100"),
    Case("Punctuality fell by nine points.",
         "82 of every 100 trains arrived within five minutes of schedule, down from 91",
         "S4", "91 - 82"),
    Case("Rui Costa said 230 drivers were missing.",
         "Union leader Rui Costa blamed a shortage of 230 drivers.", "S4"),
    Case("A ticket to Lisbon costs at least 14 euros.",
         "A ticket from Porto to Lisbon costs between €14 and €33.", "S4"),
    Case("The tunnel is 5.834 km long.", "The line's longest tunnel, at 5,834 metres", "S4"),
    Case("The tunnel is nearly six kilometres long.",
         "The line's longest tunnel, at 5,834 metres", "S4"),
    Case("The tunnel was built in the 1890s.",
         "The line's longest tunnel, at 5,834 metres, dates from 1896", "S4"),
    Case("50% of stations lack a lift.", "Half of the stations have no lift.", "S4"),
    Case("Ana Prado promised 1.1 billion euros.",
         "Minister Ana Prado promised €1.1bn for repairs within four years", "S4"),
    Case("The minister promised repairs within 4 years.",
         "Minister Ana Prado promised €1.1bn for repairs within four years", "S4"),
    Case("Altdorf gewann 3:1.", "Der FC Altdorf gewann das Spiel am Samstag mit 3:1", "S5"),
    Case("Mehr als 12.000 Zuschauer sahen das Spiel.",
         "gewann das Spiel am Samstag mit 3:1 vor 12.480 Zuschauern", "S5"),
    Case("Jonas Weber wechselte zweimal.",
         "Trainer Jonas Weber wechselte in der 70. Minute zweimal.", "S5"),
    Case("Der Verein wurde neunzehnhundertelf gegründet.",
         "Der Verein hat 1.904 Mitglieder und wurde 1911 gegründet.", "S5"),
    Case("Le musée a reçu 410000 visiteurs en 2022.",
         "Le musée a accueilli 410 000 visiteurs en 2022", "S6"),
    Case("L'exposition Berthe Morisot s'est terminée le 18 septembre.",
         "L'exposition sur Berthe Morisot, ouverte du 3 mai au 18 septembre", "S6"),
    Case("The museum had 410,000 visitors in 2022.",
         "Le musée a accueilli 410 000 visiteurs en 2022", "S6"),
]  # fmt: skip

FALSE = [
    Case("Wind supplied 48% of Denmark's power.",
         "wind farms supplied 38 percent of Denmark's electricity", "S1"),
    Case("Wind supplied 38% of Norway's power.",
         "wind farms supplied 38 percent of Denmark's electricity", "S1"),
    Case("Lars Holm called it a milestone.",
         "Chief executive Mette Holm called the figure \"a milestone\"", "S1"),
    Case("The interconnectors go to Poland.",
         "Two interconnectors to Germany, each rated at 700 megawatts", "S1"),
    Case("They were out for twelve days.", "were out of service for eleven days in August", "S1"),
    Case("They were out in July.", "were out of service for eleven days in August", "S1"),
    Case("Prices averaged $64.20.", "Wholesale prices averaged €64.20 per megawatt-hour", "S1"),
    Case("Prices averaged €46.20.", "Wholesale prices averaged €64.20 per megawatt-hour", "S1"),
    Case("Nordlink will invest 4.5 million kroner.",
         "The company plans to invest 4.5 billion kroner by 2027", "S1"),
    Case("Nordlink will invest by 2028.",
         "The company plans to invest 4.5 billion kroner by 2027", "S1"),
    Case("It will hire 210 engineers.", "and to hire 120 engineers", "S1"),
    Case("Goldman Sachs expected prices near €70.",
         "Analysts at Berg Securities had expected prices near €70.", "S1"),
    Case("The storm came on 12 October.", "A storm on 21 October knocked out power", "S1"),
    Case("More than 100,000 homes lost power.", "knocked out power to nearly 90,000 homes", "S1"),
    Case("Most were reconnected within six days.", "most were reconnected within six hours", "S1"),
    Case("Together they carry 2,100 megawatts.",
         "Two interconnectors to Germany, each rated at 700 megawatts", "S1", "2 * 700"),
    Case("4.300 Solaranlagen wurden angeschlossen.",
         "3.400 Solaranlagen ans Netz angeschlossen", "S2"),
    Case("Peter Roth rechnet mit 85 Millionen Euro.",
         "Geschäftsführerin Anna Roth rechnet mit Investitionen von 85 Millionen Euro", "S2"),
    Case("Der Strompreis sinkt zum 1. Februar.", "Der Strompreis sinkt zum 1. Januar", "S2"),
    Case("La piste fait 41 kilomètres.", "une piste cyclable de 14 kilomètres", "S3"),
    Case("Le projet a coûté 9,6 milliards d'euros.",
         "Le projet a coûté 9,6 millions d'euros", "S3"),
    Case("Trois mille cyclistes l'empruntent.",
         "deux mille cyclistes l'empruntent chaque jour", "S3"),
    Case("Wind power is popular.", "Danes overwhelmingly approve of turbines, polls show", "S1"),
    Case("Prices fell.", "Wholesale prices averaged €64.20 per megawatt hour, a fifth lower", "S1"),
    Case("Southline carried 63.1 million passengers.",
         "Rail operator Southline carried 61.3 million passengers last year", "S4"),
    Case("Northline carried 61.3 million passengers.",
         "Rail operator Southline carried 61.3 million passengers last year", "S4"),
    Case("Siemens built the trains.",
         "The first electric trains, built by Stadler in Switzerland", "S4"),
    Case("The trains entered service on 2 September 2023.",
         "entered service on 9 February 2023 between Porto and Braga", "S4"),
    Case("The trains run between Porto and Faro.",
         "entered service on 9 February 2023 between Porto and Braga", "S4"),
    Case("91 percent of trains were on time.",
         "82 of every 100 trains arrived within five minutes of schedule", "S4"),
    Case("Trains arrived within fifteen minutes.",
         "82 of every 100 trains arrived within five minutes of schedule", "S4"),
    Case("Rui Silva blamed a shortage.",
         "Union leader Rui Costa blamed a shortage of 230 drivers.", "S4"),
    Case("A ticket costs less than €10.",
         "A ticket from Porto to Lisbon costs between €14 and €33.", "S4"),
    Case("A ticket costs $14.", "A ticket from Porto to Lisbon costs between €14 and €33.", "S4"),
    Case("The tunnel is 5,834 feet long.", "The line's longest tunnel, at 5,834 metres", "S4"),
    Case("The tunnel dates from 1869.", "at 5,834 metres, dates from 1896", "S4"),
    Case("Ana Prado promised €11bn.", "Minister Ana Prado promised €1.1bn for repairs", "S4"),
    Case("Ana Prado promised it within 14 years.",
         "promised €1.1bn for repairs within four years", "S4"),
    Case("Eva Lima promised €1.1bn.", "Minister Ana Prado promised €1.1bn for repairs", "S4"),
    Case("Altdorf gewann 4:1.", "Der FC Altdorf gewann das Spiel am Samstag mit 3:1", "S5"),
    Case("Der Verein hat 1.409 Mitglieder.", "Der Verein hat 1.904 Mitglieder", "S5"),
    Case("Trainer Max Keller wechselte zweimal.",
         "Trainer Jonas Weber wechselte in der 70. Minute zweimal.", "S5"),
    Case("Le musée a accueilli 140 000 visiteurs.",
         "Le musée a accueilli 410 000 visiteurs en 2022", "S6"),
    Case("L'exposition sur Claude Monet a ouvert le 3 mai.",
         "L'exposition sur Berthe Morisot, ouverte du 3 mai au 18 septembre", "S6"),
    Case("L'exposition a ouvert le 3 juin.", "ouverte du 3 mai au 18 septembre", "S6"),
    Case("The lifts are new.", "All lifts were replaced during the renovation last autumn", "S4"),
]  # fmt: skip
