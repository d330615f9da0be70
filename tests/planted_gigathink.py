"""Pairs of ideas that say the same in other words, and pairs that only look alike."""

from __future__ import annotations

from typing import Any

from tests.scripted_model import ScriptedCaller, output_of, run

SAME = [
    ("Close the branch on Mondays", "Shut the branch each Monday"),
    ("Pay suppliers within ten days", "Suppliers should be paid within ten days"),
    ("Charge a small fee for late returns", "Introduce a little fee for returning late"),
    ("Let customers cancel at any time", "Allow clients to cancel any time they want"),
    ("Publish the salaries of all employees", "Publish what all staff earn: the salaries"),
    ("Replace the weekly meeting with a written report",
     "Substitute a written report for the weekly meeting"),
    ("Give every new hire a mentor", "Every new hire should get a mentor"),
    ("Put solar panels on the roof", "Solar panels could be put on our roof"),
    ("Limit each meeting to thirty minutes", "Each meeting should be limited to thirty minutes"),
    ("Sell the old machines to a museum", "A museum could buy the old machinery: sell it"),
    ("Open a second shop near the station", "Near the station, a second shop could be opened"),
    ("Translate the manual into Spanish", "Have a Spanish translation of the manual made"),
    ("Drop the least popular product", "Remove the product that is least popular"),
    ("Ask neighbours before building the wall", "Before the wall is built, ask the neighbours"),
    ("Reward drivers who save fuel", "Give rewards to drivers for saving fuel"),
    ("Automate the monthly invoices", "Monthly invoices should be automated"),
    ("Store backups in another country", "Keep the backups stored in another country"),
    ("Hold the exam twice a year", "Twice a year, hold the exam"),
    ("Show the waiting time at the entrance", "Display the waiting time at the entrance: show it"),
    ("Check every contract with a lawyer", "Have a lawyer verify each contract"),
    ("Measure noise before and after", "Track the noise before and after"),
    ("Teach children to repair bicycles", "Train kids in repairing bicycles"),
    ("Split the large team into two small ones", "Divide the big team into two little teams"),
    ("Delay the release until the tests pass", "Postpone the release until tests pass"),
    ("Kosten für den Versand senken", "Die Versandkosten reduzieren: Kosten für den Versand"),
    ("Den Kunden eine Woche Bedenkzeit geben", "Eine Woche Bedenkzeit für jeden Kunden"),
    ("Ein zweites Büro in Berlin eröffnen", "In Berlin ein zweites Büro eröffnen"),
    ("Die Maschinen mieten, statt sie zu kaufen", "Maschinen mieten statt kaufen"),
    ("Mitarbeiter in Sicherheit schulen", "Angestellte in der Sicherheit ausbilden"),
    ("Jeden Freitag einen Bericht schreiben", "Einen Bericht an jedem Freitag schreiben"),
    ("Autos in der Innenstadt verbieten", "Fahrzeuge in der Innenstadt untersagen"),
    ("Den Start um drei Monate verschieben", "Der Start wird um drei Monate vertagt"),
    ("Réduire les coûts de transport", "Diminuer les dépenses de transport"),
    ("Ouvrir un deuxième bureau à Lyon", "À Lyon, ouvrir un deuxième bureau"),
    ("Former les employés à la sécurité", "Instruire les salariés sur la sécurité"),
    ("Interdire les voitures au centre-ville", "Les voitures seraient interdites au centre-ville"),
    ("Reporter le lancement de trois mois", "Retarder de trois mois le lancement"),
    ("Demander aux clients pourquoi ils partent", "Interroger les clients: pourquoi partent-ils"),
    ("Louer les machines au lieu de les acheter", "Au lieu d'acheter les machines, les louer"),
    ("Embaucher un comptable à mi-temps", "Recruter un comptable à mi-temps"),
    ("Publish opening hours in three languages",
     "Opening hours should be published in three languages"),
    ("Hire seasonal workers for the harvest", "Recruit workers for the harvest season"),
    ("Offer free shipping above fifty euros",
     "Shipping could be free for orders above fifty euros"),
    ("Move the deadline to Friday", "Shift the deadline to Friday"),
    ("Let patients book online", "Allow patients online booking"),
    ("Record every complaint", "Document each complaint"),
    ("Test the alarm every month", "Check the alarm monthly"),
    ("Reduce meetings to one a week", "Cut the number of meetings to one per week"),
    ("Ask a lawyer to review the terms", "Have the terms reviewed by a lawyer"),
    ("Sell the warehouse and rent space instead", "Sell the warehouse, then lease space"),
    ("Preise für Studenten senken", "Die Preise für Studenten reduzieren"),
    ("Créer un service client en ligne", "Un service client en ligne serait créé"),
    ("Plant trees along the parking lot", "Along the parking lot, trees could be planted"),
    ("Close the old website in June", "Shut down the old website in June"),
    ("Buy electric vans for deliveries", "Purchase electric vans to make deliveries"),
]  # fmt: skip

DIFFERENT = [
    ("Close the branch on Mondays", "Open the branch on Mondays"),
    ("Close the branch on Mondays", "Close the branch on Tuesdays"),
    ("Pay suppliers within ten days", "Pay suppliers within sixty days"),
    ("Pay suppliers within ten days", "Pay employees within ten days"),
    ("Charge a fee for late returns", "Charge no fee for late returns"),
    ("Let customers cancel at any time", "Let customers upgrade at any time"),
    ("Publish the salaries of all employees", "Publish the addresses of all employees"),
    ("Replace the weekly meeting with a report", "Replace the yearly audit with a report"),
    ("Give every new hire a mentor", "Give every new hire a laptop"),
    ("Put solar panels on the roof", "Put a garden on the roof"),
    ("Limit each meeting to thirty minutes", "Limit each meeting to five people"),
    ("Sell the old machines to a museum", "Repair the old machines for a museum"),
    ("Open a second shop near the station", "Open a second shop near the school"),
    ("Translate the manual into Spanish", "Translate the manual into Polish"),
    ("Drop the least popular product", "Drop the least profitable product"),
    ("Ask neighbours before building the wall", "Ask the council before building the wall"),
    ("Reward drivers who save fuel", "Reward drivers who arrive on time"),
    ("Automate the monthly invoices", "Automate the job adverts"),
    ("Store backups in another country", "Store spare parts in another country"),
    ("Hold the exam twice a year", "Hold the exam on paper"),
    ("Show the waiting time at the entrance", "Show the menu at the entrance"),
    ("Check every contract with a lawyer", "Check every contract with a translator"),
    ("Measure noise before and after", "Measure dust before and after"),
    ("Teach children to repair bicycles", "Teach children to swim"),
    ("Split the team by product", "Split the team by region"),
    ("Delay the release until the tests pass", "Delay the release until the audit ends"),
    ("Kosten für den Versand senken", "Kosten für die Werbung senken"),
    ("Preise um 5 Prozent erhöhen", "Preise um 15 Prozent erhöhen"),
    ("Preise im Sommer erhöhen", "Preise im Sommer senken"),
    ("Ein zweites Büro in Berlin eröffnen", "Ein zweites Büro in Hamburg eröffnen"),
    ("Die Maschinen kaufen", "Die Maschinen verkaufen"),
    ("Mitarbeiter in Sicherheit schulen", "Mitarbeiter in Buchhaltung schulen"),
    ("Alle Berichte veröffentlichen", "Keine Berichte veröffentlichen"),
    ("Réduire les coûts de transport", "Réduire les coûts de publicité"),
    ("Réduire les prix en été", "Augmenter les prix en été"),
    ("Ouvrir un deuxième bureau à Lyon", "Ouvrir un deuxième bureau à Nantes"),
    ("Former les employés à la sécurité", "Former les employés à la vente"),
    ("Publier tous les rapports", "Ne publier aucun rapport"),
    ("Acheter les machines", "Vendre les machines"),
    ("Embaucher un comptable à mi-temps", "Embaucher un avocat à mi-temps"),
    ("Publish opening hours in three languages", "Publish prices in three languages"),
    ("Hire seasonal workers for the harvest", "Hire seasonal workers for the sale"),
    ("Use cheaper packaging", "Use lighter packaging"),
    ("Offer free shipping above fifty euros", "Offer free returns above fifty euros"),
    ("Move the deadline to Friday", "Move the office to Friday Street"),
    ("Let patients book online", "Let patients pay online"),
    ("Record every complaint", "Answer every complaint"),
    ("Test the alarm every month", "Test the backup every month"),
    ("Reduce meetings to one a week", "Reduce meetings to one hour"),
    ("Ask a lawyer to review the terms", "Ask users to review the terms"),
    ("Sell the warehouse and rent space", "Sell the trucks and rent space"),
    ("Train two more people on the system", "Train two more people in first aid"),
    ("Build a small prototype first", "Build a small team first"),
    ("Preise für Studenten senken", "Preise für Rentner senken"),
    ("Eine Umfrage unter Kunden machen", "Eine Umfrage unter Mitarbeitern machen"),
    ("Créer un service client en ligne", "Créer un service comptable en ligne"),
    ("Reward employees who suggest improvements", "Reward employees who stay for ten years"),
    ("Plant trees along the parking lot", "Plant trees inside the courtyard"),
    ("Close the old website in June", "Close the old warehouse in June"),
    ("Buy electric vans for deliveries", "Lease electric vans for visitors"),
]  # fmt: skip

# Beyond what words can tell: the same in words that are not listed, and another order of the same
# words. How many of these are taken rightly is measured, not promised.
HARD_SAME = [
    ("Limit each meeting to thirty minutes", "No meeting may last longer than half an hour"),
    ("Jeden Freitag einen Bericht schreiben", "Freitags soll ein Bericht geschrieben werden"),
    ("Hire a part-time accountant", "Someone could do the books two days a week"),
    ("Open on Sundays", "Welcome visitors seven days a week"),
    ("Pay by the hour", "Remunerate according to time worked"),
    ("Move the office out of the city", "Relocate headquarters to the countryside"),
    ("Make the tool free for schools", "Waive the licence for education"),
    ("Use less paper", "Go digital wherever forms are printed today"),
    ("Let people work from home", "Staff could do their jobs remotely"),
    ("Ask customers why they leave", "Run exit interviews with those who cancel"),
    ("Raise the price", "Charge more"),
    ("Start with one city", "Pilot it in a single town first"),
    ("Réduire les prix", "Vendre moins cher"),
    ("Im Lager Strom sparen", "Den Energieverbrauch der Halle verringern"),
    ("Use cheaper packaging", "Make packaging less expensive"),
    ("Train two more people on the system", "Teach two more staff members the system"),
    ("Build a small prototype first", "Start by making a little prototype"),
    ("Eine Umfrage unter Kunden machen", "Die Kunden in einer Umfrage befragen"),
    ("Reward employees who suggest improvements",
     "Give bonuses to staff for improvement suggestions"),
]  # fmt: skip
HARD_DIFFERENT = [
    ("Replace the weekly meeting with a report", "Replace the weekly report with a meeting"),
    ("Let engineers review managers", "Let managers review engineers"),
    ("Pay suppliers before customers pay", "Let customers pay before suppliers"),
]


def idea(claim: str) -> dict[str, str]:
    """An idea of nothing but its claim."""
    return {
        "title": claim,
        "claim": claim,
        "mechanism": "It helps.",
        "assumption": "Money.",
        "first_test": "Try it.",
        "how_common": "rare",
    }


async def is_called_a_repeat(first: str, second: str) -> bool:
    """Run GigaThink with two lenses that say these; tell whether the check shows a repeat."""
    silent: dict[str, Any] = {"ideas": [idea(" ")]}
    replies = {"lenses": silent, "gaps": silent, "more_gaps": silent}
    said = {"lenses[1]": {"ideas": [idea(first)]}, "lenses[2]": {"ideas": [idea(second)]}}
    result = await run("gigathink", "What could we do?", ScriptedCaller({**replies, **said}))
    found = output_of(result, "ideas")["ideas"]
    assert [row["claim"] for row in found] == [first, second]
    return found[1].get("same_as") == "i1.1"
