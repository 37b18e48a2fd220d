"""The compiled pass: every candidate of a stretch of customers is met, screened, valued and ranked, and few are kept.

    screen   motives, strongest first ▶ assets that answer ▶ channels that these fit; a candidate is refused by an AND
             of words, and only what is left (or, asked for it, what is not) is written down
    value    the terms of what is left
    hold     what waits behind other messages of its motive's order is taken out again
    keep     of each channel the best few at the prices of the limits, and the most valuable of all

Nothing longer than a stretch's allowed candidates is ever held. Customers do not depend on each other, so neither the
stretches nor the number of threads changes the result. Each step takes the arrays out of its tuples once, before its
loop: a compiled loop that does so for each candidate spends its time on counting references. numba does not notice
edits in other files: what a loop calls stands in its own file, but for marks and for comparisons between the sides of a
policy. Importing a step takes a second, for numba's sake, and compiling it, once, some more: import it where it is
needed.
"""
