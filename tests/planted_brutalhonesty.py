"""Findings about plans, right and wrong in a known way, put to BrutalHonesty by models that err.

Every finding is called fatal and every refuter upholds it: a finding that points at nothing has to
be dropped by code, and then the verdict is `ship`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.scripted_model import ScriptedCaller, output_of, run

ENGLISH = """\
We will move all customers to the new billing system over one weekend in May. Two engineers know
it; both are on call. Invoices go out on Monday, as usual. If it fails we roll-back by hand –
“no backup is needed”, says our vendor. Support has been informed in writing. The budget is
**$40,000**, of which 10% is set aside. Data protection was reviewed by Ms. Ødegård in 2023.
Rehearsals took place on a copy. Costs aren't covered by the insurer. A pilot with 25 customers
showed 3 errors.
"""
GERMAN = """\
Wir ziehen alle Kunden an einem Wochenende um. Zwei Ingenieurinnen kennen das System. Die Rechnungen
gehen am Montag raus. Der Betriebsrat wurde nicht gefragt. Das Budget beträgt 40.000 Euro.
"""
FRENCH = """\
Nous migrons tous les clients en un week-end. Deux ingénieures connaissent le système. Les factures
partent lundi. Le comité d’entreprise n’a pas été consulté. Le budget est de 40 000 euros.
"""
PLANS = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH}


class Case(NamedTuple):
    """The words a finding is about, or those that it says are missing; the plan's language."""

    span: str = ""
    absent: tuple[str, ...] = ()
    plan: str = "en"
    problem: str = "This will go wrong."


TRUE = [
    Case("Two engineers know\nit"),
    Case("Two engineers know it"),
    Case("move all customers to the new billing system"),
    Case("over one weekend in May."),
    Case("If it fails we roll-back by hand"),
    Case('by hand - "no backup is needed", says our vendor'),
    Case("“no backup is needed”"),
    Case("Support has been informed in writing."),
    Case("The budget is $40,000"),
    Case("The budget is **$40,000**, of which 10% is set aside"),
    Case("reviewed by Ms. Ødegård in 2023"),
    Case("Rehearsals took place on a copy"),
    Case("Costs aren’t covered by the insurer"),
    Case("A pilot with 25\u00a0customers showed 3 errors"),
    Case("Invoices go out on Monday..."),
    Case("alle Kunden an einem Wochenende", plan="de"),
    Case("Der Betriebsrat wurde nicht gefragt", plan="de"),
    Case("Das Budget beträgt 40.000 Euro.", plan="de"),
    Case("tous les clients en un week-end", plan="fr"),
    Case("Le comité d'entreprise n'a pas été consulté", plan="fr"),
    Case("Le budget est de 40 000 euros", plan="fr"),
    Case(absent=("deadline",)),
    Case(absent=("rollback plan", "stakeholders")),
    Case(absent=("refund",)),
    Case(absent=("monitoring", "alerting")),
    Case(absent=("legal",)),
    Case(absent=("engine",)),
    Case(absent=("night shift",)),
    Case(absent=("GDPR",)),
    Case(absent=("tax",)),
    Case("Two engineers know it", absent=("training",)),
    Case(absent=("Datenschutz",), plan="de"),
    Case(absent=("Probelauf", "Rückfall"), plan="de"),
    Case(absent=("sauvegarde",), plan="fr"),
    Case(absent=("formation",), plan="fr"),
]

FALSE = {
    "words that are not there": [
        Case("Three engineers know it"),
        Case("The CEO promised every customer a refund"),
        Case("we never test anything"),
        Case("Nobody has ever looked at the legal side of this migration"),
        Case("The database will be deleted on Friday night"),
        Case("Wir fragen niemanden und hoffen das Beste", plan="de"),
        Case("Personne ne sait comment fonctionne la facturation", plan="fr"),
    ],
    "words that were changed": [
        Case("move some customers to the new billing system"),
        Case("move all customers to the old billing system"),
        Case("over one weekend in March"),
        Case("Support has not been informed in writing"),
        Case("The budget is $400,000"),
        Case("of which 1% is set aside"),
        Case("reviewed by Mr. Ødegård in 2023"),
        Case("Costs are covered by the insurer"),
        Case("A pilot with 250 customers"),
        Case("a backup is needed"),
        Case("move all customers ... by hand"),
        Case("Der Betriebsrat wurde gefragt", plan="de"),
        Case("Das Budget beträgt 4.000 Euro", plan="de"),
        Case("Le comité d’entreprise a été consulté", plan="fr"),
        Case("Le budget est de 40 000 dollars", plan="fr"),
    ],
    "part of a word": [Case("voices go out on Monday"), Case("gineers know it"), Case("0,000")],
    "no words": [Case(), Case(" \u200b"), Case("the"), Case("…"), Case('""'), Case("it is a")],
    "missing but there": [
        Case(absent=("weekend",)),
        Case(absent=("INVOICE",)),
        Case(absent=("backups",)),
        Case(absent=("rollback",)),
        Case(absent=("roll back",)),
        Case(absent=("rehearsal",)),
        Case(absent=("rehearsed",)),
        Case(absent=("insurers",)),
        Case(absent=("odegard",)),
        Case(absent=("Ødegård",)),
        Case(absent=("data protection",)),
        Case(absent=("pilot", "errors")),
        Case(absent=("informed support",)),
        Case(absent=("$40,000",)),
        Case(absent=("40,000",)),
        Case(absent=("25 customers",)),
        Case(absent=("deadline", "vendor")),
        Case("Two engineers know it", absent=("on call",)),
        Case(absent=("Rechnung",), plan="de"),
        Case(absent=("Kunde",), plan="de"),
        Case(absent=("betriebsrat",), plan="de"),
        Case(absent=("Ingenieurin",), plan="de"),
        Case(absent=("facture",), plan="fr"),
        Case(absent=("ingenieure",), plan="fr"),
        Case(absent=("comité",), plan="fr"),
    ],
    "missing without a word": [
        Case(absent=("the", "of")),
        Case(absent=("—",)),
        Case(absent=("?",)),
    ],
    "no problem": [
        Case("Two engineers know it", problem=" "),
        Case("in writing", problem="\u200b"),
    ],
}


async def decide(case: Case) -> tuple[str, list[str]]:
    """Run BrutalHonesty on one finding: the verdict, and the checks that failed."""
    found = {
        "span": case.span,
        "absent": list(case.absent),
        "problem": case.problem,
        "consequence": "Somebody will be hurt.",
        "falsifier": "A letter that says otherwise.",
        "fix": "Wait.",
        "severity": "fatal",
    }
    nobody: dict[str, Any] = {"findings": []}
    replies = {
        "critics": nobody,
        "critics[2]": {"findings": [found]},
        "refutations": {"reason": "Right.", "span": "", "outcome": "upheld"},
    }
    result = await run("brutalhonesty", PLANS[case.plan], ScriptedCaller(replies))
    failed = [f"{i.name}: {i.detail}" for i in result.checks.items if i.status == "failed"]
    return output_of(result, "survivors")["verdict"], failed
