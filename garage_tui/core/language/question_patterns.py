"""Tables of question and statement patterns with their rewordings, read by `question_forms.py`."""

from __future__ import annotations

from garage_tui.core.language.inflection import BASE_OF_PARTICIPLE, BASE_OF_PAST, BASE_OF_THIRD_PERSON, PAST

MEASURE_NOUNS = {"old": "age", "tall": "height", "high": "height", "long": "length", "big": "size", "large": "size"}
MEASURE_NOUNS |= {"heavy": "weight", "wide": "width", "deep": "depth", "fast": "speed", "hot": "temperature"}

DETERMINER = "(?:the|an?|my|our|your|this|that|these|those)"
ENTITY = r"(?:the )?[A-Z0-9][\w.+#-]*(?: (?:of |the )*[A-Z0-9][\w.+#-]*)*"
_NOUN = "project|app|team|company|server|library|model|website|program|tool"
_AUX = r"(?:does|do|did|is|are|was|were|can|could|should|will|may|must|would|has|have|happen\w*)\b"
_THINGS = rf"(?P<n>(?!{_AUX})[\w-]+(?: (?!{_AUX})[\w-]+){{0,2}}?)"
_PRED = (
    r"(?= (?:\w+(?:ed|able|ible|ing|ful|ous|ive)|not|an?|the|in|on|at|from|for|open|closed|free|safe|good|bad|big|small"
    r"|ready|public|pink|yellow|brown|orange|grey|gray|blue|red|green|white|black|hot|cold|warm|fast|slow|important|cheap|salty|round|dead|full|empty)\b)"
)
_PARTICIPLES = "|".join(sorted(BASE_OF_PARTICIPLE))
_TITLE = r"(?:Aunt(?:ie|y)?|Uncle|Grand(?:ma|pa|mother|father)|Granny|Mrs?\.?|Ms\.?|Dr\.?|Sister|Brother|Father|Pastor)"
# What the patterns below call by a name in angle brackets.
FRAGMENTS = {
    "V": rf"(?P<v>{'|'.join(sorted(PAST, key=len, reverse=True))})\b(?P<r>.*)",
    "PP": rf"(?P<pp> (?:\w+ly )?(?:first )?(?:{_PARTICIPLES}|based|born|called|located|licensed)\b.*)",
    "DONE": f"(?P<done>{_PARTICIPLES}|born|based|located)",
    "FINITE": f"(?P<vf>{'|'.join([*BASE_OF_THIRD_PERSON, *BASE_OF_PAST])})",
    "IS": "(?P<be>is|are|was|were)",
    "CAN": "(?P<be>can|could|should|will|may|must|would)",
    "S": rf"(?P<s>(?!{DETERMINER} \w+ing\b)(?:{DETERMINER} )?[^ ].*?)",
    "SHORT": r"(?P<s>(?:(?! (?:from|in|on|at|for|to|with|than) ).)+)(?P<pp>(?: .+)?)",
    "NAME": rf"(?P<s>{ENTITY})",
    "SUBJECT": rf"(?P<s>{ENTITY}(?: (?:{_NOUN}))?|{DETERMINER} [\w-]+(?: [\w-]+)?(?: of {ENTITY})?|[a-z]+s|I|we)",
    "WHOLE": rf"(?P<s>{DETERMINER} (?:[\w-]+ )?[\w-]+ of {ENTITY}|I|we|you|it|there|{ENTITY}(?: (?:{_NOUN}))?"
    rf"|{DETERMINER} [\w-]+(?: [\w-]+)?{_PRED}|\w+s{_PRED})(?P<pp> .+)",
    "I": "(?:I|we|one|people)",
    "L": "(?P<l>licen[sc]e)",
    "PERSON": rf"(?:(?:[Mm]y|[Oo]ur) [a-z-]+ |{_TITLE} )[A-Z][\w'-]+(?: [A-Z][\w'-]+)?",
    "ACTS": f"(?P<acts>{'|'.join([*BASE_OF_THIRD_PERSON, *BASE_OF_PAST])})",
    "WITHIN": "(?:under|behind|beside|near|next to|in|on|at|inside|above|below)",
    "DAY": r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|weekdays|weekends)\b",
    "PAGE": r"(?P<s>.*\b(?:page|website|site|homepage|repository|repo|documentation|manual)(?: of .+)?)",
    "WHAT N": rf"(?P<wh>(?:which|what) {_THINGS})",
    "MANY": rf"(?P<wh>how many {_THINGS})",
    "TAIL": rf"(?P<tail>(?:is|are|was|were|has|{'|'.join([*BASE_OF_THIRD_PERSON, *BASE_OF_PAST, *PAST])})\b.*)",
}
FRAGMENTS["DOES"] = f"(?P<do>does|do|did) {FRAGMENTS['S']} {FRAGMENTS['V']}"
FRAGMENTS["IS DONE"] = f"{FRAGMENTS['IS']} {FRAGMENTS['S']}{FRAGMENTS['PP']}"

# For each kind of question: patterns (the first that fits is taken), then wordings, the best first.
# A wording with a slot that a question does not fill (see _slots) would be bad English, and is left out.
QUESTION_TEMPLATES = r"""
how much (?:does|do) <S> cost
what (?:does|do) <S> cost
how (?:much|expensive) <IS> <S>
what is the (?:price|cost) of <S>
  What is the price of {s}? | How much do I have to pay for {s}? | How expensive {be} {s}? | What {do} {s} cost?
  How much {do} {s} cost? | Can you tell me the price of {s}? | What do people pay for {s}?
  How much money do I need for {s}? | I am interested in {s}. What is the price?
(?:what|which) <L> (?:does|do) <S> (?:use|have)
what is the <L> of <S>
how <IS> <S> licensed
under (?:what|which) <L> <IS> <S>(?: \w+)?
  Under which {l} {be} {s} published? | What is the {l} of {s}? | How {be} {s} licensed? | Which {l} {do} {s} use?
  Which {l} covers {s}? | Can you tell me the {l} of {s}? | What {l} {do} {s} have? | Under what terms may I use {s}?
  I want to use {s}. Which {l} applies? | What are the {l} terms of {s}?
where (?:can|do|could) <I> (?:find|get to|reach) <S>
what <IS> <PAGE>
what is the (?:link|address|URL|web address) (?:of|for|to) <S>
  Where {be} {s}? | {url}What is the link to {s}? | {url}What is the web address of {s}? | How do I get to {s}?
  Where can I find {swap}? | Where should I look for {s}? | {url}Give me the link to {s}. | Where can {s} be found?
  I am looking for {s}. Where {be} {it}? | {url}Which website should I open for {s}? | How do I find {s}?
  Can you tell me where to find {s}?
what (?:does|do) (?P<s>.+) do
what <IS> <S> (?:used )?for
what is the (?:purpose|aim|point) of <S>
  {thing}What is the purpose of {s}? | {thing}What {be} {s} for? | {use}What can I use {s} for?
  How would you describe what {s} {do}? | {use}Why would I use {s}? | Can you explain what {s} {do}?
  {thing}What {do} {s} do? | What exactly {do} {s} do? | Tell me what {s} {do}. | Do you know what {s} {do}?
  I would like to know what {s} {do}.
what (?:does|do) <S> (?P<abbreviates>stand for)
  What is {s} short for? | What do the letters {s} stand for? | What is the long form of {s}?
  What does the abbreviation {s} mean? | Can you tell me what {s} stands for? | What is the full name behind {s}?
what (?:does|do) <S> mean
what is the meaning of <S>
  What is the meaning of {s}? | What is meant by {s}? | What {do} {s} mean? | How would you define {s}?
  Can you explain what {s} means? | How do you explain {s}? | I do not understand {s}. What {do} {it} mean?
what is the difference between (?P<s>.+ and .+)
how do (?P<s>.+ and .+) differ
  How do {s} differ? | In what way do {s} differ? | How are {s} different? | What is the difference between {s}?
  Can you explain the difference between {s}? | Compare {s}. How do they differ? | Tell me the difference between {s}.
how (?:can|do|should|could) <I> (?P<v>\w+)(?P<r>.*)
how to (?P<v>\w+)(?P<r>.*)
I (?:want|would like) to (?P<v>\w+)(?P<r>.*)\. .+
what is the best way to (?P<v>\w+)(?P<r>.*)
what (?:can|must|should|do) <I> (?:need to |have to )?do to (?P<v>\w+)(?P<r>.*)
  How can I {v}{r}? | What is the best way to {v}{r}? | I would like to {v}{r}. What do I have to do?
  Can you explain how to {v}{r}? | What do I need to do to {v}{r}? | How does one {v}{r}? | How do people {v}{r}?
  What steps do I take to {v}{r}? | How do I go about {ving}{r}? | Tell me how to {v}{r}.
  I want to {v}{r}. How do I start?
where (?:can|do|should) <I> (?P<v>\w+)(?P<r>.*)
  Where should I go to {v}{r}? | I want to {v}{r}. Where can I do that? | Where is it possible to {v}{r}?
  What is the right place to {v}{r}? | Is there a place where I can {v}{r}? | Can you tell me where to {v}{r}?
  Do you know where I can {v}{r}?
who <FINITE> (?P<s>.+)
  Who {was} the {agent} of {s}? | Who {passive} {s} {ved} by? | {now}Who is responsible for {ving} {s}?
  {now}Which person or team {vf} {s}? | What {was} the name of the {agent} of {s}? | By whom {passive} {s} {ved}?
  {now}Whose job is it to {v} {s}? | {then}Which person {vf} {s}? | Name the {agent} of {s}. | EMBED
  {then}Do you know the name of the person who {vf} {s}?
(?P<who>who) (?P<tail>(?:can|may|must|should|could|will|has|have) .+)
  Which people {tail}? | EMBED | What I want to know is who {tail}. | Could you say who {tail}?
who (?P<be>is|was) (?P<s>(?:the|our|my) (?P<role>\w+)(?: (?:of|for|behind) (?P<x>.+?))?)
who (?P<be>is|was) (?P<s>(?P<x>.+)'s (?P<role>\w+))
  Who {vf} {x}? | What {was} the name of {s}? | Who {be} {swap}? | Who {xbe} {x} {ved} by?
  {now}Who is responsible for {ving} {x}? | Which person {be} {s}? | Name {s}. | Can you name {s}? | EMBED
who (?P<be>are|were) (?P<s>(?:the|our|my) .+)
  What {be} the names of {s}? | Name {s}. | Can you name {s}? | Which people {be} {s}? | EMBED
who <IS> <NAME>
  Tell me about {s}. | What do you know about {s}? | How would you introduce {s}? | What {be} {s} known for?
  I have never heard of {s}. Who is that? | What should I know about {s}? | Give me a short description of {s}. | EMBED
(?P<wh>when) <DOES>
(?P<wh>when) <IS DONE>
(?P<wh>when) <IS> <S>
(?P<wh>(?:at )?what time|(?:in )?(?:what|which) year) <DOES>
  {year}In which year {ask}? | {clock}At what time {ask}? | {year}What year {ask}? | {date}What is the date of {s}?
  {year}What was the year in which {tell}? | {then}Do you remember {wh} {tell}? | EMBED | {Wh} exactly {ask}?
(?P<wh>where) <DOES>
(?P<wh>where) <IS DONE>
(?P<wh>where) <IS> <S>
  {here}What is the location of {s}? | {here}Where {be} {s} located? | In which place {ask}? | At which location {ask}?
  {there}What is the place where {tell}? | EMBED | {Wh} exactly {ask}?
(?P<wh>why) <DOES>
(?P<wh>why) <IS> <WHOLE>
  For what reason {ask}? | What is the reason why {tell}? | How come {tell}? | Can you explain why {tell}?
  Explain why {tell}. | EMBED
(?P<wh>how) <DOES>
(?P<wh>how) <IS DONE>
  In what way {ask}? | Can you explain how {tell}? | Describe how {tell}. | What is the way in which {tell}? | EMBED
<MANY> <DOES>
<MANY> (?P<are>are there)(?P<r> .+)
<MANY> <TAIL>
  What is the number of {n} {that}? | Exactly how many {n} {ask}? | Give me the number of {n} {that}. | EMBED
<WHAT N> <DOES>
<WHAT N> <TAIL>
  What {n} {ask}? | Which {n} {ask}? | What {nbe} the {n} that {tell}? | Name the {n} that {tell}. | EMBED
  What I want to know is {wh} {tell}. | Could you say {wh} {tell}?
(?P<wh>what|how (?!many|much)\w+) <IS DONE>
  {Wh} exactly {ask}? | EMBED | What I want to know is {wh} {tell}. | Could you say {wh} {tell}?
(?P<wh>how (?!many|much)(?P<adj>\w+)) <IS> <SHORT>
  What is the {measure} of {s}? | Give me the {measure} of {s}. | Exactly {wh} {ask}? | EMBED
  Can you tell me the {measure} of {s}? | {Wh} exactly {ask}? | What I want to know is {wh} {tell}.
(?P<wh>how \w+|what|since when) <DOES>
(?P<wh>how) <IS> <SHORT>
(?P<wh>what) (?P<tail>happen.+)
(?P<wh>when|why|what|where|how \w+|(?:which|what) \w+) <CAN> <WHOLE>
  {Wh} exactly {ask}? | EMBED | What I want to know is {wh} {tell}. | Could you say {wh} {tell}?
is (?P<s>.+) free(?: to use)?
  Can I use {s} for free? | Can I use {s} without paying? | Is {s} free of charge? | Is it true that {s} is free?
  Can you tell me whether {s} is free? | Do you know whether {s} is free? | Is {s} available for free?
<DOES>
(?P<be>is|are|was|were|am|can|could|should|will|must|has|have) <WHOLE>
  {sure}Is it true that {tell}? | Can you tell me whether {tell}? | {sure}Am I right that {tell}?
  Do you know whether {tell}? | I would like to know whether {tell}. | {sure}Is it correct that {tell}?
  {sure}Would you say that {tell}? | Please tell me whether {tell}. | I wonder whether {tell}. Do you know?
what <IS> (?P<s>the (?P<role>[\w -]+?) (?:of|for) (?P<x>.+))
what <IS> (?P<s>(?P<x>.+)'s (?P<role>[\w -]+))
what <IS> (?P<s>(?:my|our|the .+ (?:in|at|on|to|from)) .+)
what <IS> (?P<s>the (?:next|last|first|most|best|\w+est) .+)
  What {be} {swap}? | Can you tell me {s}? | I would like to know {s}. | What exactly {be} {s}?
  I am looking for {s}. What {be} {it}? | Do you know what {s} {be}? | Please tell me what {s} {be}.
what <IS> <S>
(?:tell me about|describe|explain|what do you know about) (?P<s>.+)
  {the}Tell me about {s}. | How would you describe {s}? | {the}What do you know about {s}? | What exactly {be} {s}?
  Can you explain what {s} {be}? | Give me a short description of {s}. | {the}What should I know about {s}?
  {new}I have never heard of {s}. What {be} {it}? | {new}How would you explain {s} to a beginner?
  {an}How do you define {s}? | {an}What is meant by {s}? | {the}Can you describe {s} in a few words?
(?P<asked>(?:who|what|when|where|why|how|which|is|are|do|does|did|can|could|should|will|has|have|was|were)\b.*)
  I have a question: {asked}? | Could you answer this: {asked}? | I have been wondering: {asked}?
  Quick question: {asked}? | Here is what I want to know: {asked}? | One thing is not clear to me: {asked}?
(?P<order>(?:list|name|give|show|count|say|write|explain|compare|tell)\b.*)
  Could you {order}? | Please {order}. | I would like you to {order}. | Can you {order} for me?
  I would be glad if you could {order}.
"""
EMBEDDED_TEMPLATES = "Can you tell me {e}? | Do you know {e}? | I would like to know {e}. | Please tell me {e}."
NOUN_TEMPLATES = {
    "population": "How many people live in {x}? | How many inhabitants does {x} have? | How large is {s}? | ",
    "name": "What is {x} called? | ",
    "capital": "Which city is the capital of {x}? | Name the capital of {x}. | Which city is {x}'s capital? | ",
    "currency": "Which currency is used in {x}? | What money do people use in {x}? | ",
    "color": "What color is {x}? | Which color does {x} have? | ",
    "colour": "What colour is {x}? | Which colour does {x} have? | ",
    **{noun: f"How {adjective} is {{x}}? | " for adjective, noun in MEASURE_NOUNS.items()},
}
# A statement without a question yet: pattern, then the question that it answers.
STATEMENT_TEMPLATES = r"""
<PERSON> <ACTS> (?P<o>.+)                                           Who {acts} {o}?
<SUBJECT> lives? (?:in|at|on|near) .+                               Where {do} {s} live?
<SUBJECT> lives? with .+                                            Who {do} {s} live with?
(?P<s>(?:the|my|our) [\w -]+?) (?P<be>is|are) <WITHIN> (?:the|my|our) .+  Where {be} {s}?
<SUBJECT> <IS> <DONE> (?:on|every) <DAY>.*                          When {be} {s} {done}?
(?P<s>(?:the|my|our) [\w -]+?|[A-Z][\w-]*['’]s [\w -]+?) (?P<be>is|are) [\d+"“].*  What {be} {s}?
<SUBJECT> <IS> <DONE> by .+                                         Who {vf} {s}?
<SUBJECT> (?P<be>was|were) <DONE>\b.* (?:in|on) .*\d{4}             When {be} {s} {done}?
<SUBJECT> <IS> <DONE> (?:.* )?(?:in|at) (?:the )?[A-Z].*            Where {be} {s} {done}?
<SUBJECT> (?:is|are|lives?)\b.*https?://.+                          Where can I find {s}?
<SUBJECT> (?:has|have|uses?|(?:is|are) \w+ under) the .+ <L>        Which {l} {do} {s} use?
<SUBJECT> (?:is|are) free\b.*                                       How much {do} {s} cost?
<SUBJECT> costs? .+                                                 How much {do} {s} cost?
<SUBJECT> (?:has|have) (?:\d+|two|three|four|five|six|seven|eight|nine|ten) (?P<n>[\w-]+).*  How many {n} {do} {s} have?
.+ (?P<be>is|was) (?P<s>the (?P<role>[\w -]+?) of [^,]+)            {who} {be} {s}?
<SUBJECT> (?P<be>is|are) (?:an?|the|our) .+                         {what} {be} {s}?
<SUBJECT> (?P<be>are) [a-z]+s                                       {what} {be} {s}?
<SUBJECT> (?:is|are) .+ (?:that|which) .+                           {thing}What {do} {s} do?
(?P<v>[a-z]+)(?P<r> .+?) (?:by|with) .+                             How can I {v}{r}?
<SUBJECT> <FINITE> at \d.*                                         When {do} {s} {v}?
"""
