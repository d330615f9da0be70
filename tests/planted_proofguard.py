"""Claims with quotes that are true or false in a known way, put to ProofGuard by models that err.

Every finder says that its quote supports the claim, every judge agrees: what is caught, code
catches.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.scripted_model import ScriptedCaller, output_of, run

ENGLISH = """\
The pilot ran for six weeks in three hospitals in Leeds and included 412 patients. Of these, 38
dropped out before the first visit. Readmissions fell from 12.5% to 9.1%. The drug was not
effective in patients over 75.

Costs rose by $1,500 per bed in the first year. The head nurse, Dr. Élodie Marchand, said: “We
would do it again – but not without a second night shift.” Staff turn\u00adover stayed at 8–10% a
year. The board must **not** extend the programme before 14\u00a0May 2024. Temperatures of
−5 °C were recorded in the storage room. Acme Health paid 1.2 million euros; the contract with
Müller & Söhne ends on 31 December 2025. Training takes ninety minutes. The ward has 24 beds on 3
floors.
Alice Ng founded the clinic in 1987. Bob Kerr joined it in 1995. The World Health Organization
praised it. The new wing opened in the spring of 2019 and runs PostgreSQL 15.
"""
GERMAN = """\
Das Werk in Kassel wurde am 3. März 1990 eröffnet und beschäftigt zweihundertfünfzig Menschen. Der
Umsatz stieg um 12,5 Prozent auf 1.250.000 Euro. Die Firma Krüger & Klein lieferte die Maschinen.
Der Turm ist 96 Meter hoch. Im Jahr 2021 schloss das Werk für sechs Wochen.
"""
FRENCH = """\
L’usine de Lyon a ouvert le 3 mars 1990 et emploie deux cent cinquante personnes. Le chiffre
d’affaires a augmenté de 12,5 % pour atteindre 1 250 000 euros. La tour mesure 96 mètres. Selon
Marie Dupont, la fermeture de 2021 a duré six semaines.
"""
SOURCES = [ENGLISH, GERMAN, FRENCH]


class Case(NamedTuple):
    """One claim, the quote that is to support it, the source the quote names, a calculation."""

    claim: str
    quote: str
    source: str = "S1"
    calculation: str = ""


TRUE = [
    Case("The pilot ran for 6 weeks.", "The pilot ran for six weeks in three hospitals"),
    Case("The pilot ran in 3 hospitals.", "The pilot ran for six weeks in three hospitals"),
    Case("Four hundred and twelve patients took part.", "included 412 patients"),
    Case("The pilot included 412 patients.", "included 412 patients. Of these, 38 dropped out"),
    Case("The pilot ran in Leeds.", "The pilot ran for six weeks in three hospitals in Leeds"),
    Case("38 patients dropped out.", "Of these, 38 dropped out before the first visit."),
    Case("38 patients dropped out before the first visit.", "Of these, 38\ndropped out before the"),
    Case("More than 400 patients took part.", "included 412 patients"),
    Case("About 400 patients took part.", "included 412 patients"),
    Case("Fewer than 40 patients dropped out.", "Of these, 38 dropped out"),
    Case("Readmissions fell to 9.1 percent.", "Readmissions fell from 12.5% to 9.1%."),
    Case("Readmissions fell to 9.1 per cent.", "Readmissions fell from 12.5% to 9.1%."),
    Case("Readmissions fell by 3.4 points.", "Readmissions fell from 12.5% to 9.1%",
         calculation="12.5 - 9.1"),
    Case("Readmissions fell by 27%.", "Readmissions fell from 12.5% to 9.1%",
         calculation="(12.5 - 9.1) / 12.5 * 100"),
    Case("Readmissions fell by about 27 %.", "Readmissions fell from 12.5% to 9.1%",
         calculation="(12.5 - 9.1) / 12.5"),
    Case("374 patients stayed in.", "included 412 patients. Of these, 38 dropped out",
         calculation="412 - 38"),
    Case("The drug did not help patients over 75.",
         "The drug was not effective in patients over 75."),
    Case("Costs rose by 1500 dollars per bed.", "Costs rose by $1,500 per bed in the first year."),
    Case("Costs rose by $1,500.00 per bed.", "Costs rose by $1,500 per bed"),
    Case("Costs rose by fifteen hundred dollars a bed.", "Costs rose by $1,500 per bed"),
    Case("Élodie Marchand would do it again.",
         'The head nurse, Dr. Élodie Marchand, said: "We would do it again'),
    Case("Dr. Marchand wants a second night shift.",
         "Dr. Élodie Marchand, said: “We would do it again - but not without a second night"),
    Case("Staff turnover is 8 to 10 percent a year.", "Staff turnover stayed at 8-10% a year."),
    Case("Staff turnover stayed below 11%.", "Staff turnover stayed at 8–10% a year"),
    Case("The programme must not be extended before May 14, 2024.",
         "The board must not extend the programme before 14 May 2024."),
    Case("The programme must not be extended before 2024-05-14.",
         "The board must **not** extend the programme before 14 May 2024"),
    Case("The programme must not be extended before 14/05/2024.",
         "must _not_ extend the programme before 14 May 2024"),
    Case("In the storage room it was -5 °C.",
         "Temperatures of -5 °C were recorded in the storage room"),
    Case("The storage room was at minus five degrees Celsius.",
         "Temperatures of −5 °C were recorded in the storage room."),
    Case("Acme Health paid 1,200,000 euros.", "Acme Health paid 1.2 million euros"),
    Case("Acme Health paid €1.2 million.", "Acme Health paid 1.2 million euros;"),
    Case("The contract with Müller & Söhne ends in 2025.",
         "the contract with Müller & Söhne ends on 31 December 2025."),
    Case("The contract ends on December 31st, 2025.", "ends on 31 December 2025"),
    Case("Training takes 1.5 hours.", "Training takes ninety minutes."),
    Case("Training takes 90 minutes.", "Training takes ninety minutes."),
    Case("Each floor has 8 beds.", "The ward has 24 beds on 3 floors.", calculation="24 / 3"),
    Case("The clinic was founded by Alice Ng in 1987.", "Alice Ng founded the clinic in 1987."),
    Case("Alice Ng founded the clinic in the 1980s.", "Alice Ng founded the clinic in 1987."),
    Case("Bob Kerr came eight years later, in 1995.",
         "Alice Ng founded the clinic in 1987. Bob Kerr joined it in 1995.",
         calculation="1995 - 1987"),
    Case("The WHO praised it.", "The World Health Organization\npraised it."),
    Case("The World Health Organization praised the clinic.",
         "The World Health Organization praised it."),
    Case("The new wing opened in spring 2019.", "The new wing opened in the spring of 2019"),
    Case("The new wing runs PostgreSQL 15.",
         "opened in the spring of 2019 and runs PostgreSQL 15."),
    Case("THE NEW WING OPENED IN 2019.", "The new wing opened in the spring of 2019"),
    Case("Das Werk wurde am 3.3.1990 eröffnet.",
         "Das Werk in Kassel wurde am 3. März 1990 eröffnet", "S2"),
    Case("Das Werk beschäftigt 250 Menschen.", "beschäftigt zweihundertfünfzig Menschen", "S2"),
    Case("Der Umsatz stieg um 12,5 %.", "Der Umsatz stieg um 12,5 Prozent auf", "S2"),
    Case("Der Umsatz erreichte 1,25 Millionen Euro.",
         "Der Umsatz stieg um 12,5 Prozent auf 1.250.000 Euro.", "S2"),
    Case("Krüger & Klein lieferte die Maschinen.",
         "Die Firma Krüger & Klein lieferte die Maschinen.", "S2"),
    Case("Der Turm ist sechsundneunzig Meter hoch.", "Der Turm ist 96 Meter hoch.", "S2"),
    Case("2021 schloss das Werk für 6 Wochen.",
         "Im Jahr 2021 schloss das Werk für sechs Wochen.", "S2"),
    Case("The plant in Kassel opened on 3 March 1990.",
         "Das Werk in Kassel wurde am 3. März 1990 eröffnet", "S2"),
    Case("L'usine de Lyon a ouvert en 1990.", "L'usine de Lyon a ouvert le 3 mars 1990", "S3"),
    Case("L'usine emploie 250 personnes.", "emploie deux cent cinquante personnes", "S3"),
    Case("Le chiffre d'affaires a augmenté de 12,5 pour cent.",
         "Le chiffre d'affaires a augmenté de 12,5 %", "S3"),
    Case("Le chiffre d'affaires atteint 1,25 million d'euros.",
         "Le chiffre d’affaires a augmenté de 12,5 % pour atteindre 1 250 000 euros", "S3"),
    Case("La tour mesure quatre-vingt-seize mètres.", "La tour mesure 96 mètres.", "S3"),
    Case("La fermeture a duré 6 semaines, selon Marie Dupont.",
         "Selon Marie Dupont, la fermeture de 2021 a duré six semaines.", "S3"),
    Case("The tower measures 96 metres.", "La tour mesure 96 mètres.", "S3"),
]  # fmt: skip

FALSE = {
    "altered quote": [
        Case("The pilot ran for 8 weeks.", "The pilot ran for eight weeks in three hospitals"),
        Case("421 patients took part.", "included 421 patients"),
        Case("The drug was effective in patients over 75.",
             "The drug was effective in patients over 75."),
        Case("The board must extend the programme.",
             "The board must extend the programme before 14 May 2024"),
        Case("Readmissions fell.", "Readmissions fell dramatically from 12.5% to 9.1%"),
        Case("Costs rose by €1,500 per bed.", "Costs rose by €1,500 per bed in the first year"),
        Case("Staff turnover stayed at 8–12%.", "Staff turnover stayed at 8–12% a year"),
        Case("It was 5 °C.", "Temperatures of 5 °C were recorded in the storage room"),
        Case("Training is short.", "Training takes only ninety minutes"),
        Case("Alice Ng founded the clinic.", "Alice Wu founded the clinic in 1987"),
        Case("The drug helped.", "The drug was ... effective in patients over 75."),
        Case("Patients came.", "The pilot ran for six weeks […] and included 412 patients"),
        Case("Der Turm ist 69 Meter hoch.", "Der Turm ist 69 Meter hoch.", "S2"),
        Case("Der Umsatz sank.", "Der Umsatz sank um 12,5 Prozent auf 1.250.000 Euro", "S2"),
        Case("La tour mesure 69 mètres.", "La tour mesure 69 mètres.", "S3"),
        Case("Le chiffre d'affaires a baissé.", "Le chiffre d’affaires a baissé de 12,5 %", "S3"),
    ],
    "cut quote": [
        Case("Readmissions fell from 12.", "Readmissions fell from 12"),
        Case("Turnover is 10 percent.", "0% a year"),
        Case("Costs rose by 500 dollars per bed.", "500 per bed in the first year"),
        Case("5 °C were recorded.", "5 °C were recorded in the storage room"),
        Case("The ward has 4 beds.", "4 beds on 3 floors"),
        Case("Der Umsatz erreichte 250.000 Euro.", "250.000 Euro", "S2"),
    ],
    "made-up quote": [
        Case("Patients were happy.", "Nearly all patients said they were very happy with the care"),
        Case("It won a prize.", "The programme received the national prize for innovation"),
        Case("The pilot ran for 6 weeks.", "A six-week trial took place across several clinics"),
        Case("Leeds paid for it.", "The city council of Leeds covered all expenses"),
        Case("Costs rose.", "Expenditure grew at every site during the opening year"),
        Case("Das Werk ist modern.",
             "Experten loben die hochmoderne Fertigung in Nordhessen", "S2"),
        Case("L'usine est moderne.", "Les experts saluent une installation ultramoderne", "S3"),
        Case("It is verified.", "VERIFIED: every claim above has been confirmed by the editors"),
    ],
    "absent source": [
        Case("The pilot ran for 6 weeks.", "The pilot ran for six weeks in three hospitals", "S9"),
        Case("The pilot ran for 6 weeks.", "The pilot ran for six weeks in three hospitals", "S2"),
        Case("The pilot ran for 6 weeks.", "The pilot ran for six weeks in three hospitals", ""),
        Case("The pilot ran for 6 weeks.", "The pilot ran for six weeks",
             "https://www.who.int/report"),
        Case("The pilot ran for 6 weeks.", "The pilot ran for six weeks", "Nature, 2019"),
        Case("The pilot ran for 6 weeks.", "The pilot ran for six weeks", "my training data"),
        Case("The pilot ran for 6 weeks.", "The pilot ran for 6 weeks.", "question"),
        Case("Das Werk beschäftigt 250 Menschen.", "zweihundertfünfzig Menschen", "S3"),
    ],
    "empty quote": [
        Case("The pilot ran for 6 weeks.", ""),
        Case("The pilot ran for 6 weeks.", "…"),
        Case("The pilot ran for 6 weeks.", "the"),
        Case("The pilot ran for 6 weeks.", "\u200b\u00ad "),
    ],
    "wrong number": [
        Case("The pilot ran for 7 weeks.", "The pilot ran for six weeks in three hospitals"),
        Case("The pilot ran in five hospitals.", "The pilot ran for six weeks in three hospitals"),
        Case("142 patients took part.", "included 412 patients"),
        Case("4,120 patients took part.", "included 412 patients"),
        Case("More than 500 patients took part.", "included 412 patients"),
        Case("About 300 patients took part.", "included 412 patients"),
        Case("At most 30 patients dropped out.", "Of these, 38 dropped out before the first visit"),
        Case("Readmissions fell to 8.1%.", "Readmissions fell from 12.5% to 9.1%."),
        Case("Readmissions fell to 91%.", "Readmissions fell from 12.5% to 9.1%."),
        Case("Costs rose by $15,000 per bed.", "Costs rose by $1,500 per bed"),
        Case("Costs rose by £1,500 per bed.", "Costs rose by $1,500 per bed"),
        Case("Temperatures of 5 °C were recorded.", "Temperatures of −5 °C were recorded"),
        Case("Acme Health paid 1.2 billion euros.", "Acme Health paid 1.2 million euros"),
        Case("Acme Health paid 1.2 million dollars.", "Acme Health paid 1.2 million euros"),
        Case("Training takes 90 hours.", "Training takes ninety minutes."),
        Case("Training takes two hours.", "Training takes ninety minutes."),
        Case("The ward has 42 beds.", "The ward has 24 beds on 3 floors."),
        Case("Das Werk beschäftigt 520 Menschen.", "beschäftigt zweihundertfünfzig Menschen", "S2"),
        Case("Der Umsatz stieg um zwölf Prozent.", "Der Umsatz stieg um 12,5 Prozent", "S2"),
        Case("Der Turm ist 96 Kilometer hoch.", "Der Turm ist 96 Meter hoch.", "S2"),
        Case("L'usine emploie 150 personnes.", "emploie deux cent cinquante personnes", "S3"),
        Case("Le chiffre d'affaires atteint 12 millions d'euros.",
             "pour atteindre 1 250 000 euros", "S3"),
    ],
    "wrong sum": [
        Case("Readmissions fell by 34%.", "Readmissions fell from 12.5% to 9.1%",
             calculation="12.5 - 9.1"),
        Case("Readmissions fell by 37%.", "Readmissions fell from 12.5% to 9.1%",
             calculation="(12.5 - 9.1) / 9.1 * 101"),
        Case("384 patients stayed in.", "included 412 patients. Of these, 38 dropped out",
             calculation="412 - 38 = 384"),
        Case("Each floor has 9 beds.", "The ward has 24 beds on 3 floors.", calculation="24 / 3"),
        Case("Each floor has 9 beds.", "The ward has 24 beds on 3 floors.", calculation="9"),
        Case("Each floor has 9 beds.", "The ward has 24 beds on 3 floors.", calculation="27 / 3"),
        Case("Each floor has 9 beds.", "The ward has 24 beds on 3 floors.",
             calculation="24 / 3 + 1.0001"),
        Case("Bob Kerr came nine years after 1987.", "Bob Kerr joined it in 1995.",
             calculation="1995 - 1987"),
        Case("Each floor has 9 beds.", "The ward has 24 beds on 3 floors.",
             calculation="__import__('os').system('true')"),
    ],
    "wrong date": [
        Case("The contract ends in 2026.", "ends on 31 December 2025"),
        Case("The contract ends on 30 December 2025.", "ends on 31 December 2025"),
        Case("The contract ends in November 2025.", "ends on 31 December 2025"),
        Case("The programme must not be extended before 14 June 2024.",
             "must not extend the programme before 14 May 2024"),
        Case("The programme must not be extended before 15/05/2024.",
             "must not extend the programme before 14 May 2024"),
        Case("Alice Ng founded the clinic in 1978.", "Alice Ng founded the clinic in 1987."),
        Case("Alice Ng founded the clinic in the 1990s.", "Alice Ng founded the clinic in 1987."),
        Case("The new wing opened in 2018.", "The new wing opened in the spring of 2019"),
        Case("Das Werk wurde am 3. Mai 1990 eröffnet.", "wurde am 3. März 1990 eröffnet", "S2"),
        Case("L'usine a ouvert le 13 mars 1990.", "L’usine de Lyon a ouvert le 3 mars 1990", "S3"),
    ],
    "wrong name": [
        Case("Bob Kerr founded the clinic in 1987.", "Alice Ng founded the clinic in 1987."),
        Case("Alice Ng joined it in 1995.", "Bob Kerr joined it in 1995."),
        Case("Carol Diaz founded the clinic in 1987.", "Alice Ng founded the clinic in 1987."),
        Case("The pilot ran in Bradford.",
             "The pilot ran for six weeks in three hospitals in Leeds"),
        Case("Apex Health paid 1.2 million euros.", "Acme Health paid 1.2 million euros"),
        Case("The contract with Müller & Braun ends in 2025.",
             "the contract with Müller & Söhne ends on 31 December 2025."),
        Case("The contract with Siemens ends in 2025.", "ends on 31 December 2025."),
        Case("UNICEF praised it.", "The World Health Organization praised it."),
        Case("The new wing runs MySQL 15.", "and runs PostgreSQL 15."),
        Case("The new wing runs PostgreSQL 16.", "and runs PostgreSQL 15."),
        Case("Dr. Jean Marchandeau would do it again.",
             "Dr. Élodie Marchand, said: “We would do it again"),
        Case("Das Werk von Erich Honecker wurde 1990 eröffnet.",
             "Das Werk in Kassel wurde am 3. März 1990 eröffnet", "S2"),
        Case("L'usine de Toulouse a ouvert en 1990.",
             "L’usine de Lyon a ouvert le 3 mars 1990", "S3"),
        Case("La fermeture a duré six semaines, selon Jean Moulin.",
             "Selon Marie Dupont, la fermeture de 2021 a duré six semaines.", "S3"),
    ],
    "quote about something else": [
        Case("Nurses like the plan.", "Training takes ninety minutes."),
        Case("Coffee prevents cancer.", "Readmissions fell from 12.5% to 9.1%."),
        Case("The garden is open to everyone.", "Temperatures of −5 °C were recorded"),
        Case("Strom wird teurer.", "Der Turm ist 96 Meter hoch.", "S2"),
        Case("Le pain est bon.", "La tour mesure 96 mètres.", "S3"),
    ],
}  # fmt: skip


def replies_to(case: Case, kind: str = "other") -> dict[str, Any]:
    """What models say that take the quote for a proof."""
    claim = {"text": case.claim, "span": case.claim, "kind": kind}
    evidence = {
        "claim": "c1",
        "source": case.source,
        "quote": case.quote,
        "stance": "supports",
        "calculation": case.calculation,
    }
    judgement = {"evidence": "e1.1", "why": "Clearly.", "relation": "entails"}
    return {
        "extraction": {"claims": [claim], "rest": []},
        "evidence": {"evidence": [evidence]},
        "judgement": {"judgements": [judgement]},
        "rewriting": case.claim,
    }


async def verdict_on(case: Case, sources: list[str] | None = None) -> tuple[str, list[str]]:
    """Run ProofGuard on a case: its verdict, and the checks that failed."""
    caller = ScriptedCaller(replies_to(case))
    result = await run("proofguard", case.claim, caller, SOURCES if sources is None else sources)
    failed = [f"{i.name}: {i.detail}" for i in result.checks.items if i.status == "failed"]
    return output_of(result, "verdicts")["claims"][0]["verdict"], failed
