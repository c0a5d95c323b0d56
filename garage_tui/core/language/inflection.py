"""Inflection of English: past, participle, third person and agent noun of verbs, plural of nouns."""

from __future__ import annotations

import re

# base[,past[,participle]][/agent]; forms that are not given are regular.
_VERBS = """
accept allow answer apologize apply arrive ask attack backup become,became,become begin,began,begun belong
bite,bit,bitten block boil break,broke,broken breathe bring,brought build,built/builder burn buy,bought/buyer call
carry catch,caught change charge check choose,chose,chosen clean close collect come,came,come compare compete
compose/composer connect consist contain contribute convert cook copy cost,cost cover crash create/creator cut,cut
dance deal,dealt decide defeat deliver depend deploy describe design/designer develop/developer die differ
direct/director discover/discoverer discuss display dissolve distribute do,did,done download draw,drew,drawn
drink,drank,drunk drive,drove,driven/driver earn eat,ate,eaten edit/editor employ enable end enter exist expect expire
explain export extend fail fall,fell,fallen feed,fed fight,fought find,found fit fix float fly,flew,flown follow
forget,forgot,forgotten form found/founder freeze,froze,frozen function fund generate get,got give,gave,given
go,went,gone govern/governor grow,grew,grown handle happen have,had head hear,heard help hide,hid,hidden hold,held
host/host hunt implement import improve include increase influence install invent/inventor join keep,kept/keeper
know,knew,known land last lay,laid lead,led/leader learn leave,left let,let like limit listen live load log look
lose,lost love maintain/maintainer make,made/maker manage/manager marry matter mean,meant measure meet,met melt migrate
move need offer open operate orbit organise/organiser organize/organizer own/owner paint/painter park pay,paid perform
plan play,played point prefer prevent print process produce/producer protect provide publish/publisher reach react
read,read receive recharge recommend record recover recycle reduce refer release remember remove renew rent repair
replace report require reset,reset resign respond result return ride,rode,ridden ring,rang,rung rise,rose,risen rotate
rule/ruler run,ran,run save say,said score see,saw,seen sell,sold/seller send,sent serve set,set shine,shone ship
shoot,shot show,showed,shown shut,shut sign sing,sang,sung sink,sank,sunk sit,sat sleep,slept smell speak,spoke,spoken
speed,sped spend,spent sponsor/sponsor stand,stood start stay steal,stole,stolen stop store study,studied succeed suffer
supervise/supervisor supply/supplier support/supporter survive swim,swam,swum take,took,taken taste
teach,taught/teacher tell,told test think,thought throw,threw,thrown train/trainer translate/translator travel treat
try turn understand,understood update upload use visit vote wait wake,woke,woken want wash watch wear,wore,worn weigh
win,won/winner work write,wrote,written/author yield"""
_ONSET = r"(?:s?qu|[bcdfghjklmnprstvwyz]|[bcdfgkpt][lr]|s[ckmnptw]|[cstw]h|[gk]n|str|spr|scr|tw|wr)"
_PREFIX = "(?:ab|ac|ad|be|com|con|de|dis|ex|for|im|in|oc|out|over|per|pre|re|sub|trans|un|under|up)"
_DOUBLES = re.compile(
    rf"(?!(?:conquer|debit|debut)$)(?:{_PREFIX}?{_ONSET}|[^aeiouy]*)[aeiou][bdgklmnprtz]|abet|abut|allot|babysit|bootstrap|cancel|embed|emit|enrol|equip|fulfil|handicap|offset|omit|patrol|propel|readmit"
)
"""Verbs that double their last consonant: a single vowel before it, in the syllable that is stressed. Spelling does not
show the stress; a syllable after one of these prefixes has it, but for a few verbs."""
_PLURALS = dict(
    pair.split(",")
    for pair in """
    aircraft,aircraft bookshelf,bookshelves calf,calves child,children echo,echoes epoch,epochs fish,fish foot,feet
    goose,geese half,halves hero,heroes knife,knives leaf,leaves life,lives loaf,loaves monarch,monarchs mouse,mice
    person,people potato,potatoes scarf,scarves sheep,sheep shelf,shelves stomach,stomachs thief,thieves tomato,tomatoes
    tooth,teeth veg,veg wife,wives wolf,wolves woman,women
    """.split()
)
_MASS = frozenset(
    """
    baggage cilantro clothing coriander cutlery dawn daybreak documentation dusk electricity equipment flu furniture
    garbage gasoline guttering heating influenza information jewellery jewelry luggage oatmeal personnel petrol piping
    porridge rubbish silverware soccer takeout trash
    """.split()
)
"""Nouns that have no plural."""
_MEN = re.compile(r"(?!(?:german|human|ottoman|roman|shaman|talisman)$)[a-z]*man")


def plural(noun: str) -> str:
    """Return the plural of a noun or of a phrase in which it stands: chairmen, points of view; empty if it has none."""
    phrase = re.fullmatch(r"(.*?)([\w'’-]+)((?: (?:in|out|off|of .*))?)", noun)
    if phrase is None:
        return ""
    before, head, after = phrase.groups()
    if head in _MASS:
        return ""
    if _MEN.fullmatch(head):
        return f"{before}{head[:-3]}men{after}"
    return before + _PLURALS.get(head, third_person(head)) + after  # the rule for -s is that of verbs


def third_person(base: str) -> str:
    """Return the third person singular of a verb: tries, has."""
    if base in ("have", "do", "go"):
        return {"have": "has", "do": "does", "go": "goes"}[base]
    if re.search(r"[aeiou]z$", base):
        return base + "zes"
    y = re.search(r"[^aeiou]y$", base)
    return base[:-1] + "ies" if y else base + ("es" if re.search(r"(?:s|sh|ch|x|z)$", base) else "s")


def stem(base: str, end: str) -> str:
    """Return the stem before the suffix "ed" or "ing": us(e), stopp, tri (before "ed"), ly (before "ing")."""
    if base.endswith("ie"):
        return base[:-1] if end == "ed" else base[:-2] + "y"
    if base.endswith("e"):
        return base if end == "ing" and base.endswith(("ee", "oe", "ye")) else base[:-1]
    if base.endswith(("nic", "fic")):
        return base + "k"
    if _DOUBLES.fullmatch(base):
        return base + base[-1]
    return base[:-1] + "i" if end == "ed" and re.search(r"[^aeiou]y$", base) else base


PAST: dict[str, str] = {}
"""Base form → past: write → wrote."""
PARTICIPLE: dict[str, str] = {}
"""Base form → past participle: write → written."""
AGENT: dict[str, str] = {}
"""Base form → agent noun: write → author."""
for _entry in _VERBS.split():
    _forms, _, _agent = _entry.partition("/")
    _base, *_odd = _forms.split(",")
    PAST[_base] = _odd[0] if _odd else stem(_base, "ed") + "ed"
    PARTICIPLE[_base] = _odd[-1] if _odd else PAST[_base]
    AGENT |= {_base: _agent} if _agent else {}
_REPEATED = re.compile("(?:fore|mis|out|over|re|un|under|up|with)(?!lay$)|mis|[a-z]+-")
"""What stands before a verb without changing its forms: rebuild, misread, deep-freeze; relay is none of those."""


def past(base: str) -> str:
    """Return the past of a verb: wrote, rebuilt."""
    return _form(base, PAST)


def participle(base: str) -> str:
    """Return the past participle of a verb: written, rebuilt."""
    return _form(base, PARTICIPLE)


def _form(base: str, forms: dict[str, str]) -> str:
    """Return a form of a verb from a table, that of the verb after a prefix (rebuild), or else the regular one."""
    if base in forms:
        return forms[base]
    before = _REPEATED.match(base)
    if before and (rest := base[before.end() :]) in forms:
        return before[0] + forms[rest]
    return stem(base, "ed") + "ed"


BASE_OF_THIRD_PERSON = {third_person(base): base for base in PAST}
BASE_OF_PAST = {past: base for base, past in PAST.items()}
BASE_OF_PARTICIPLE = {done: base for base, done in PARTICIPLE.items()}
BASE_OF_AGENT = {agent: base for base, agent in AGENT.items()}
