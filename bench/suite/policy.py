"""A policy of the size that the targets name: 500 words and 50 expressions, none of which the generator says. This is
the one place that knows the format of rules."""

import os
import random

WORDS = 500
EXPRESSIONS = 50

# Ordinary syllables, so that the beginnings of these words occur in real text and a matcher is not flattered.
SYLLABLES = ["con", "ter", "man", "pro", "ven", "tal", "mor", "sti", "der", "lan", "per", "tur", "sel", "ran", "vis",
             "tor", "ber", "ston", "ral", "tem", "sur", "nit", "gar", "wen", "fol", "res"]

RULES = """\
rules:
  - id: bench-words
    purpose: Words that nobody says, to be looked for in everything.
    kinds: any
    match:
      dictionary: bench
    action: block
    mode: enforce
    notice:
      en: This message was stopped.
    samples:
      - text: the word is {word}
        verdict: hit
      - text: the minutes of the meeting are in the usual folder
        verdict: clean
  - id: bench-expressions
    purpose: Expressions that match nothing, to be looked for in everything.
    kinds: any
    match:
      regex:
{expressions}
    action: block
    mode: enforce
    notice:
      en: This message was stopped.
    samples:
      - text: the minutes of the meeting are in the usual folder
        verdict: clean
"""


def invented(chance):
    """A word that is none. At least nine letters: the heads of the generator's bodies are shorter."""
    word = ""
    while len(word) < 9:
        word += chance.choice(SYLLABLES)
    return word


def words(seed=500):
    """Words, and for each fifth a phrase of two."""
    chance = random.Random(seed)
    found = set()
    while len(found) < WORDS:
        found.add(invented(chance) + (" " + invented(chance) if len(found) % 5 == 4 else ""))
    return sorted(found)


def expressions(seed=50):
    """Of the kinds that offices write: project and contract numbers, phrases with a gap, account numbers. A fifth has
    no fixed word in it."""
    chance = random.Random(seed)
    forms = [r"\bproject[ -]{a}[ -]?[0-9]{{3,5}}\b", r"\b{a}-[0-9]{{2}}/[0-9]{{4}}\b",
             r"\b(the )?{a} (offer|price|contract) (is|are) (strictly )?(secret|confidential)\b",
             r"\b{a} .{{0,20}}{b}\b", r"\b[a-z]{{2}}[0-9]{{{n}}}( ?[a-z0-9]{{4}}){{3,6}}\b"]
    found = []
    for number in range(EXPRESSIONS):
        found.append(forms[number % len(forms)].format(a=invented(chance), b=invented(chance), n=2 + number // 5))
    return found


def write_policy(directory):
    """Adds dictionary and rules to a policy directory; returns their text for the configuration's hash."""
    dictionary = "\n".join(words()) + "\n"
    lines = "\n".join(f"        - '{expression}'" for expression in expressions())
    rules = RULES.format(word=words()[0], expressions=lines)
    for folder, name, text in (("dictionaries", "bench.txt", dictionary), ("rules", "bench.yaml", rules)):
        os.makedirs(os.path.join(directory, folder), exist_ok=True)
        with open(os.path.join(directory, folder, name), "w") as file:
            file.write(text)
    return dictionary + rules
