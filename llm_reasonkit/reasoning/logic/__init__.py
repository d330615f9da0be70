"""Arguments as formulas, and what a solver says about them.

The language is monadic first-order logic in words: statements and their combinations, `all`, `no`
and `some` of classes, and which class an individual belongs to. It holds the propositional
arguments and all syllogisms, and can be decided: an argument of `n` classes can only fail among
the 2^n kinds of thing that those classes tell apart (Löwenheim 1915; Boolos, Burgess and Jeffrey,
Computability and Logic, ch. 21).
"""
