"""A question of 500 tokens, and what a good model replies to each step of a balanced run on it.

Written by hand, as long as such replies are; what a run costs is counted on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

QUESTION = (
    "Our company sells a booking system to about 340 dentists. We are nine engineers in one team, "
    "and everything runs as one Ruby on Rails application with a single Postgres database of 180 "
    "GB. For two years releases have become slower: the test suite takes 52 minutes, a deployment "
    "takes 14 minutes, and we deploy three times a week because everybody is afraid of breaking "
    "the calendar, which earns most of the money. Last quarter we had four outages, two of them "
    "caused by the nightly import of insurance data, which takes all database connections. Our "
    "CTO proposes to split the application into microservices within nine months: calendar, "
    "billing, patients, messaging, insurance import and reporting, each with a database of its "
    "own, on Kubernetes. He argues that small services can be deployed independently, that "
    "independent deployment makes teams faster, and that faster teams win the market; and since "
    "our two larger competitors have both moved to microservices, it must be right for us, too. "
    "Two of our senior engineers object that nine people cannot run six services around the "
    "clock, that patient data would have to be kept consistent across four databases, and that "
    "the outages have simpler causes. They would rather move the import to a replica, run the "
    "tests in parallel, and put walls between modules inside the monolith. We have no engineer "
    "who has run Kubernetes in production. The budget for the next year is 400,000 euros beside "
    "salaries. A customer survey in March, answered by 61 of the 340 practices, put reliability "
    "first and new features fourth. One competitor is said to have lost a fifth of its customers "
    "in the year of its migration, but we only know this from a former employee of theirs. Our "
    "largest customer, a chain with 28 practices, wants a contractual guarantee of 99.9 percent "
    "availability from January on, and would leave otherwise; it pays 11 percent of our revenue. "
    "Should we split the application into microservices as proposed, and if not, what should we "
    "do in the next nine months?"
)

SOURCE = (
    "Engineering report, third quarter\n\nOutages in the third quarter: four. Cause of two of "
    "them: the nightly insurance import exhausted the connection pool. Cause of the third: a "
    "failed database upgrade. Cause of the fourth: unknown. Downtime in all: 5 hours and 40 "
    "minutes, 3 hours and 10 minutes of them during the import.\n\nThe suite takes 52 minutes on "
    "the build server and a deployment 14 minutes. We deployed 38 times. The median time from a "
    "merged change to production was 2.5 days, of which tests and deployment took 66 minutes; the "
    "rest was waiting for a release slot.\n\nThe chain of 28 practices accounts for 11 percent of "
    "revenue. Its contract ends on 31 December. In the negotiation its head of IT asked for 99.9 "
    "percent availability between 7 am and 8 pm on working days, measured monthly.\n\nThe "
    "connection pool has 100 connections; the import opens up to 96. A read replica of the "
    "present size costs 1,150 euros a month. A managed Kubernetes cluster with two environments "
    "was offered at 2,900 euros a month without support."
)

# By the id of the step.
REPLIES: Mapping[str, Any] = {
    "gigathink.lenses[1]": {
        "ideas": [
            {
                "title": "Buy reliability first",
                "claim": (
                    "Spend the first quarter and a small part of the budget on the four outages, "
                    "because the 28-practice chain pays for availability, not for architecture."
                ),
                "mechanism": (
                    "Moving the import to a replica and adding alerts removes the known causes "
                    "within weeks, so the January guarantee can be signed."
                ),
                "assumption": "Outage causes are really those that the engineers name",
                "first_test": "Replay last quarter's outages against the proposed changes on paper",
                "how_common": "usual",
            },
            {
                "title": "Price the opportunity cost",
                "claim": (
                    "Nine months of nine engineers cost more than the whole budget in features "
                    "that are never built, and customers ranked features fourth only for now."
                ),
                "mechanism": (
                    "A migration pays nobody until it is finished, while competitors keep "
                    "shipping in the meantime."
                ),
                "assumption": "The team would build something valuable otherwise",
                "first_test": "List what the roadmap would lose and ask sales for its worth",
                "how_common": "uncommon",
            },
            {
                "title": "Sell the guarantee in tiers",
                "claim": (
                    "Offer 99.9 percent to the chain as a paid tier with a dedicated database "
                    "instance, rather than rebuilding everything for everyone."
                ),
                "mechanism": (
                    "A separate instance isolates the largest customer from the nightly import "
                    "and brings extra revenue that pays for it."
                ),
                "assumption": "The chain accepts a higher price for isolation",
                "first_test": "Ask the chain's procurement for their pain threshold",
                "how_common": "rare",
            },
        ],
    },
    "gigathink.lenses[2]": {
        "ideas": [
            {
                "title": "Two on-call rotas break the team",
                "claim": (
                    "Six services around the clock with nine people means everyone is on call "
                    "every week, and the best engineers leave first."
                ),
                "mechanism": (
                    "Load concentrates on those who know Kubernetes, of whom there are none at "
                    "the start."
                ),
                "assumption": "No additional operations staff will be hired",
                "first_test": "Draw up the rota for six services and show it to the team",
                "how_common": "uncommon",
            },
            {
                "title": "The CTO needs a visible win",
                "claim": (
                    "A plan without microservices fails politically unless it gives the CTO "
                    "independent deployment of at least one part, such as the import."
                ),
                "mechanism": (
                    "Extracting one service proves or disproves his argument at a tenth of the "
                    "cost."
                ),
                "assumption": "The CTO will accept evidence from one extraction",
                "first_test": "Ask him which single service would convince him",
                "how_common": "rare",
            },
        ],
    },
    "laserlogic.extraction": {
        "premises": [
            {
                "text": "Small services can be deployed independently.",
                "origin": "stated",
                "span": "small services can be deployed independently",
            },
            {
                "text": "Independent deployment makes teams faster.",
                "origin": "stated",
                "span": "independent deployment makes teams faster",
            },
            {
                "text": "Faster teams win the market.",
                "origin": "stated",
                "span": "faster teams win the market",
            },
            {
                "text": "The two larger competitors have both moved to microservices.",
                "origin": "stated",
                "span": "our two larger competitors have both moved to microservices",
            },
            {
                "text": (
                    "What is right for larger competitors is right for a company of nine engineers."
                ),
                "origin": "implied",
                "span": "",
            },
        ],
        "conclusion": {
            "text": "Splitting the application into microservices is right for the company.",
            "origin": "stated",
            "span": "it must be right for us, too",
        },
        "scheme": "analogy",
        "hedges": ["can be"],
        "sums": [],
        "atoms": [],
        "formulas": [],
    },
    "laserlogic.counterexample": {
        "work": (
            "Take premises p1 to p5 as true. Could the conclusion be false? The conclusion needs "
            "that the benefit outweighs the cost for this company. Nothing says that cost is "
            "bounded: a team of nine may become faster per deployment yet slower overall because "
            "operating six services takes most of its time. p5 blocks this only if 'right' is "
            "read as net of all costs."
        ),
        "found": "yes",
        "situation": (
            "The nine engineers split the application. Each service deploys independently and "
            "every single release is faster, but half of the team's time goes into running six "
            "services; the chain leaves after two outages during the migration."
        ),
        "keeps": ["p1", "p2", "p3", "p4"],
        "facts": [],
    },
    "bedrock.decomposition": {
        "nodes": [
            {
                "text": (
                    "The architecture to choose is the one that gives the required availability "
                    "and release speed at the lowest cost."
                ),
                "rests_on": ["n2", "n3", "n4"],
                "kind": "preference",
            },
            {
                "text": (
                    "Availability of 99.9 percent from January is needed to keep the chain that "
                    "pays 11 percent of revenue."
                ),
                "rests_on": ["n5", "n6"],
                "kind": "measured",
            },
            {
                "text": (
                    "Release speed is limited by a 52-minute test suite, 14-minute deployments "
                    "and fear of breaking the calendar."
                ),
                "rests_on": ["n7"],
                "kind": "measured",
            },
            {
                "text": "Operating several services takes staff time that grows with their number.",
                "rests_on": ["n8"],
                "kind": "law",
            },
            {
                "text": (
                    "Two of four outages last quarter came from the nightly import taking all "
                    "database connections."
                ),
                "rests_on": [],
                "kind": "measured",
            },
            {
                "text": "99.9 percent availability allows about 8.8 hours of downtime a year.",
                "rests_on": [],
                "kind": "law",
            },
            {
                "text": "Test time and deployment time were measured as stated.",
                "rests_on": [],
                "kind": "measured",
            },
            {
                "text": (
                    "Each independently deployed service needs its own monitoring, on-call duty "
                    "and data consistency work."
                ),
                "rests_on": [],
                "kind": "convention",
            },
        ],
    },
    "bedrock.rebuilding": {
        "work": (
            "The guarantee allows 8.8 hours a year. Half of the outages have one cause that does "
            "not depend on the architecture. Release slowness has measured parts that can be "
            "addressed directly. Services add fixed work each; there are nine people."
        ),
        "claims": [
            {
                "text": (
                    "Removing the import's hold on database connections would have prevented half "
                    "of last quarter's outages."
                ),
                "uses": ["n5"],
                "rule": "two of four outages have this cause",
                "calculation": "2 / 4 * 100 = 50",
            },
            {
                "text": (
                    "The guarantee can only be kept if downtime stays below about 8.8 hours a year."
                ),
                "uses": ["n6"],
                "rule": "definition of 99.9 percent",
                "calculation": "8760 * 0.001 = 8.76",
            },
            {
                "text": "Faster tests and deployments raise release speed without a split.",
                "uses": ["n7"],
                "rule": "they are what limits it",
                "calculation": "",
            },
            {
                "text": (
                    "Six services would add six times the fixed operating work to a team of nine."
                ),
                "uses": ["n8"],
                "rule": "each service needs its own",
                "calculation": "",
            },
            {
                "text": (
                    "Do not split now; fix the import, the tests and module boundaries first, and "
                    "decide again on measured availability."
                ),
                "uses": ["c1", "c2", "c3", "c4"],
                "rule": "reaches both aims at lower cost",
                "calculation": "",
            },
        ],
    },
    "proofguard.extraction": {
        "claims": [
            {
                "text": "The company sells a booking system to about 340 dentists.",
                "span": "Our company sells a booking system to about 340 dentists",
                "kind": "numeric",
            },
            {
                "text": "The test suite takes 52 minutes and a deployment takes 14 minutes.",
                "span": "the test suite takes 52 minutes, a deployment takes 14 minutes",
                "kind": "numeric",
            },
            {
                "text": (
                    "Two of four outages last quarter were caused by the nightly import of "
                    "insurance data."
                ),
                "span": (
                    "Last quarter we had four outages, two of them caused by the nightly import "
                    "of insurance data"
                ),
                "kind": "causal",
            },
            {
                "text": "Small services can be deployed independently, which makes teams faster.",
                "span": "independent deployment makes teams faster",
                "kind": "causal",
            },
            {
                "text": "Both larger competitors have moved to microservices.",
                "span": "our two larger competitors have both moved to microservices",
                "kind": "entity",
            },
            {
                "text": "No engineer of the company has run Kubernetes in production.",
                "span": "We have no engineer who has run Kubernetes in production",
                "kind": "entity",
            },
            {
                "text": "One competitor lost a fifth of its customers while it migrated.",
                "span": (
                    "One competitor is said to have lost a fifth of its customers in the year of "
                    "its migration"
                ),
                "kind": "numeric",
            },
            {
                "text": (
                    "The largest customer pays 11 percent of revenue and wants a guarantee of "
                    "99.9 percent availability."
                ),
                "span": "it pays 11 percent of our revenue",
                "kind": "numeric",
            },
        ],
        "rest": [
            {
                "span": (
                    "Should we split the application into microservices as proposed, and if not, "
                    "what should we do in the next nine months?"
                ),
            },
        ],
    },
    "proofguard.evidence[1]": {
        "evidence": [
            {
                "claim": "c2",
                "source": "S1",
                "quote": (
                    "The suite takes 52 minutes on the build server and a deployment 14 minutes."
                ),
                "stance": "supports",
                "calculation": "",
            },
            {
                "claim": "c3",
                "source": "S1",
                "quote": (
                    "Outages in the third quarter: four. Cause of two of them: the nightly "
                    "insurance import exhausted the connection pool."
                ),
                "stance": "supports",
                "calculation": "",
            },
            {
                "claim": "c8",
                "source": "S1",
                "quote": "The chain of 28 practices accounts for 11 percent of revenue.",
                "stance": "supports",
                "calculation": "",
            },
        ],
    },
    "proofguard.judgement": {
        "judgements": [
            {
                "evidence": "e1.1",
                "why": "the same figures for tests and deployment",
                "relation": "entails",
            },
            {
                "evidence": "e1.2",
                "why": "it names the cause and the counts",
                "relation": "entails",
            },
        ],
    },
    "verify.look": {
        "views": [
            {
                "point": "d1",
                "why": "Deploying one service alone is what the pattern is for.",
                "view": "holds",
                "source": "",
                "quote": "",
            },
            {
                "point": "d2",
                "why": "The text speaks of our company and says just this.",
                "view": "holds",
                "source": "",
                "quote": "",
            },
            {
                "point": "d3",
                "why": "Waiting for a release slot took most of the time, not deployment.",
                "view": "open",
                "source": "S1",
                "quote": (
                    "of which tests and deployment took 66 minutes; the rest was waiting for a "
                    "release slot"
                ),
            },
            {
                "point": "d4",
                "why": "The report gives just these figures.",
                "view": "holds",
                "source": "S1",
                "quote": (
                    "The suite takes 52 minutes on the build server and a deployment 14 minutes."
                ),
            },
        ],
    },
    "synthesis.answer": (
        "No. Do not split the application into six microservices now: what is known speaks for "
        "fixing the causes of the outages and slow releases inside the monolith first, and for "
        "extracting one part, the insurance import, as a trial.\n\nThe reasons that carry this. "
        "Two of last quarter's four outages came from the nightly import taking all database "
        "connections, and moving it to a replica or a service of its own removes that cause "
        "without a migration. The guarantee of 99.9 percent allows about 8.8 hours of downtime a "
        "year, starts in January, and protects 11 percent of revenue; a nine-month migration "
        "would be in its riskiest phase just then. What slows releases was measured: 52 minutes "
        "of tests and 14 minutes of deployment, both of which can be shortened directly. And each "
        "service needs monitoring, on-call duty and consistency work of its own, which six "
        "services would ask of nine people, none of whom has run Kubernetes in production.\n\n"
        "What speaks against it. Walls between modules inside a monolith hold only while "
        "everybody respects them, and independent deployment is a real advantage once several "
        "teams exist. If the calendar has to be released many times a day, a split will come back "
        "on the table. The argument that both competitors have moved does not decide the matter "
        "either way: they are larger, and what it cost them is known only from one former "
        "employee.\n\nA plan for the nine months: by the end of the first month the import runs "
        "on a replica with a connection limit of its own, and every outage gets a written cause. "
        "By the third month tests run in parallel in under fifteen minutes and deployments can be "
        "rolled back with one command. By the sixth month the calendar and billing are separate "
        "modules with enforced boundaries, and the import is deployed by itself. Then decide "
        "again.\n\nWhat is not known: whether the other two outages have a cause in common, how "
        "much downtime there was in hours over the last year, and what the chain would accept in "
        "January. Most worth finding out next: the hours of downtime by cause in the last twelve "
        "months. If the remaining causes alone exceed 8.8 hours, the guarantee should not be "
        "signed, whatever the architecture."
    ),
}
