"""The words behind the lexical guard: opposites, negations, numbers, units, the calendar. English."""

from __future__ import annotations

__all__ = [
    "CALENDAR",
    "FRAMES",
    "LIGHT",
    "NEGATIONS",
    "NUMBER_WORDS",
    "OPPOSITES",
    "SCALES",
    "SPANS",
    "UNITS",
    "WHEN",
    "stem",
]


def stem(word: str) -> str:
    """Return a word in lower case without its inflection; two forms of a word mostly get the same."""
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "ches", "shes", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed"):
        if word.endswith(suffix) and len(word) > len(suffix) + 2:
            word = word[: -len(suffix)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What stands left of the stroke is the opposite of what stands right of it.
_OPPOSED = """
before / after; earlier sooner / later; early / late; earliest / latest; first / last;
next upcoming following / last previous past preceding; ancient old older oldest / new newer newest modern;
old older oldest / young younger youngest; past / future;
start begin open launch / stop end close quit finish; open / close shut lock; opening / closing;
increase raise gain rise grow / decrease reduce lose lower drop shrink fall; increase maximize / minimize;
maximum highest / minimum lowest; max / min; higher / lower; high / low; above over / below under;
big bigger biggest large larger largest / small smaller smallest little;
long longer longest / short shorter shortest; tall taller tallest / short shorter shortest;
wide wider / narrow narrower; thick thicker / thin thinner; deep deeper / shallow;
heavy heavier / light lighter; fat fatter / thin thinner skinny;
fast faster fastest quick quicker / slow slower slowest; strong stronger strongest / weak weaker weakest;
hot hotter warm warmer / cold colder cool cooler; wet / dry; good better best / bad worse worst;
pro advantage benefit upside / con disadvantage drawback downside; strength / weakness; right / wrong;
right / left; true / false; easy easier easiest simple / hard harder hardest difficult;
cheap cheaper cheapest / expensive; rich richer wealthy / poor poorer; hard harder / soft softer;
bright brighter / dark darker; clean / dirty; safe safer / dangerous risky harmful; full / empty;
happy happier / sad sadder unhappy miserable; love like / hate dislike; friend / enemy;
brave courageous bold / cowardly afraid fearful cautious; smart clever intelligent / stupid dumb;
polite / rude; kind nice / cruel; honest / dishonest lying; lazy / active hardworking;
active / passive inactive; optimistic / pessimistic; conservative / progressive liberal;
religious / secular atheist; humble modest / arrogant proud; generous / selfish stingy;
calm / nervous anxious; confident / insecure shy; healthy / sick ill; alive live / dead die;
birth born / death die; win / lose; winner / loser; victory / defeat; success succeed / failure fail;
pass / fail; accept approve allow permit / reject refuse deny forbid ban block prohibit; legal / illegal;
allow / disallow; agree / disagree; enable activate / disable deactivate; on / off;
inside / outside; indoor / outdoor; up / down; upstairs / downstairs; top / bottom;
forward / backward; north northern / south southern; east eastern / west western;
enter arrive come / leave depart exit; arrival / departure; login / logout; import / export;
importer / exporter; input / output; inbound incoming / outbound outgoing; send / receive;
sender / receiver recipient; upload / download; buy purchase / sell; buyer / seller; lend / borrow;
lender / borrower; hire employ / fire; employer / employee; teach / learn; teacher / student pupil;
push / pull; add insert attach include / remove delete detach exclude; plus / minus;
multiply / divide; install / uninstall; create build make / destroy delete; join / leave quit;
show reveal unhide / hide; save / spend waste; save / delete discard; credit / debit; profit / loss;
income revenue / expense; asset / liability; deposit / withdraw; deposit / withdrawal; demand / supply;
public / private; internal / external; domestic / foreign international;
national local / international global; major / minor; majority / minority; positive / negative;
optional elective / mandatory compulsory required; temporary / permanent; manual / automatic;
online / offline; single / married; marry / divorce; single / multiple; same / different; always / never;
always / rarely seldom; everyone everybody / nobody; everything / nothing; all every / none; attack / defend;
offensive / defensive; victim / criminal; man men boy guy gentleman / woman women girl lady; male / female;
he / she; husband boyfriend / wife girlfriend; father dad / mother mom mum; son / daughter; brother / sister;
king / queen; uncle / aunt; adult / child kid children; parent / child kid children; day / night;
morning / evening; sunrise / sunset; freeze / melt boil; sweet / bitter sour; left / right;
horizontal / vertical; encrypt encode / decrypt decode; compress / decompress; lock / unlock;
follow / unfollow; subscribe / unsubscribe; upgrade / downgrade; encourage / discourage; remember / forget
"""


def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _OPPOSED.split(";"):
        left, right = ([stem(word) for word in side.split()] for side in line.split("/"))
        for one in left:
            for other in right:
                found.setdefault(one, set()).add(other)
                found.setdefault(other, set()).add(one)
    return {word: frozenset(others) for word, others in found.items()}


OPPOSITES = _opposites()
"""By stem, the stems that mean the opposite."""

NEGATIONS = _words(
    """not no never without cannot n't neither none nobody nothing nowhere hardly non except excluding
    besides least less fewer dont doesnt didnt cant wont wouldnt shouldnt couldnt isnt arent wasnt werent
    havent hasnt hadnt"""
)
"""Words that turn what follows into its contrary (or its lesser); so does any word ending in ``n't``."""

FRAMES = frozenset(
    map(
        stem,
        _words("know sure idea find figure seem remember understand only matter mind than why whether or if"),
    )
)
"""Around one of these a negation is a manner of asking: "I don't know how", "not only", "whether or not"."""

LIGHT = _words(
    """a an the any some this that these those my your his her its our their to be been being is are
    was were am do does did have has had having will would can could should shall may might must of
    in on at for with by i you he she it we they me him us them there so very really just even ever
    also and or get got 's"""
)
"""Words that carry no content of their own."""

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: i for i, word in enumerate(_SMALL.split())} | {
    word: 10 * i for i, word in enumerate(_TENS.split(), 2)
}
"""Numbers in words."""

SCALES = {"hundred": 100, "thousand": 1_000, "k": 1_000, "million": 10**6, "billion": 10**9, "lakh": 10**5}
"""Words that multiply the number before them."""

_UNITS = """
m meter metre; km kilometer kilometre; cm centimeter centimetre; mm millimeter millimetre; mile mi;
foot feet ft; inch inches; yard yd; g gram; kg kilogram kilo; mg milligram; lb pound lbs; oz ounce;
ton tonne; l liter litre; ml milliliter millilitre; gallon; second sec; minute min; hour hr h; day; week;
month; year yr; am; pm; mb megabyte; gb gigabyte; tb terabyte; percent %; usd dollar $ buck; eur euro €;
gbp £; rupee inr ₹; celsius; fahrenheit; watt w; volt v; credit; point; people person
"""

UNITS = {stem(word): line.split()[0] for line in _UNITS.split(";") for word in line.split()}
"""By stem, the unit's one name."""

CALENDAR = _words(
    """january february april june july august september october november december monday tuesday
    wednesday thursday friday saturday sunday winter summer autumn today tomorrow yesterday tonight
    christmas easter weekend weekday"""
)
"""Dates that are no other word as well; "May" and "March" are names where they are written so."""

WHEN = {"last": -1, "previous": -1, "past": -1, "this": 0, "current": 0} | dict.fromkeys(
    ("next", "upcoming", "coming"), 1
)
"""Which of the spans of time."""

SPANS = frozenset(
    map(stem, _words("week month year semester term quarter season morning evening night monday friday"))
)
"""What `WHEN` is said of."""
