"""User text is data: bounded, cleaned, and answered with care where it speaks of harm."""

import re
import unicodedata
from enum import StrEnum

MAX_MESSAGE = 4_000
_SPACES = re.compile(r"[ \t\r\f\v]+")


def cleaned(text: str, limit: int = MAX_MESSAGE) -> str:
    """Without control, format and private characters, which hide instructions from people; at most `limit` long. What
    comes after a message's length is not looked at: composing makes one character into as many as 18."""
    composed = unicodedata.normalize("NFKC", text[:MAX_MESSAGE])
    visible = "".join(c for c in composed if c in "\n\t" or unicodedata.category(c)[0] != "C")
    return _SPACES.sub(" ", visible).strip()[:limit].rstrip()


class Concern(StrEnum):
    """What is answered with fixed words, never by a model."""

    EMERGENCY = "emergency"
    SELF_HARM = "self_harm"
    EATING = "eating"
    PAIN = "pain"


_PATTERNS: tuple[tuple[Concern, str], ...] = (
    (
        Concern.EMERGENCY,
        r"chest (pain|pressure|tightness)|pain in my chest|can(no|')?t breathe|cannot breathe|"
        r"(fainted|passed out|blacked out|collapsed)|(numb|paraly[sz]ed) (arm|face|leg)|lost consciousness",
    ),
    (
        Concern.SELF_HARM,
        r"kill(ing)? myself|suicid|end my life|want to die|don'?t want to live|hurt(ing)? myself|self.?harm|"
        r"cut(ting)? myself|better off dead|no reason to live|umbringen|selbstmord|me suicider|suicidarme",
    ),
    (
        Concern.EATING,
        r"anorexi|bulimi|eating disorder|binge(d|ing)?\b|purg(e|ed|ing)\b|make myself (throw up|vomit|sick)|"
        r"throw(ing)? up after|vomit(ing)? after|laxative|diuretic|starv(e|ing) myself|stop(ped)? eating|"
        r"not eat(ing)? (anything )?(for|at all)|haven'?t eaten (in|for)|afraid (of|to) eat|hate my body|"
        r"\b(1[01]|[1-9])?\d{2} ?(k?cal(orie)?s?) (a|per) day|punish myself|(eat|eating) (only|just) \d{2,3} ?k?cal|"
        r"(only|just) (eat|eating|ate|have eaten) \d{2,3} ?k?cal|skip(ping|ped)? (all )?(my )?meals|thinspo|pro.?ana\b|"
        r"can'?t stop eating|guilty (about|after|for|when) (i )?eat|fear of (food|eating|gaining)|i feel (so )?fat\b|"
        r"hate (how i look|myself)|chew(ing)? and spit|dry fast|water fast|make weight by|magersucht|essst(ö|oe)rung|"
        r"trouble alimentaire|trastorno alimen",
    ),
    (
        Concern.PAIN,
        r"\b(pain|pains|painful|hurts?|hurting|aches?|ached|aching|injur(y|ed|ies)|sprain(ed)?|strain(ed)?|torn|tore|"
        r"dislocat\w*|swollen|swelling|numb|numbness|tingling|herniat\w*|hernia|slipped disc|sciatica|pinched nerve|"
        r"stabbing|popped|concussion|dizzy|dizziness|tweaked|ruptured?|fractur\w*|tend[io]nitis|impingement|"
        r"pulled something|pulled (a|my) ((left|right|lower|upper|inner|outer) )*(muscle|hamstring|hammy|groin|quad|"
        r"quadriceps|calf|back|neck|shoulder|trap|lat|pec|chest|rib|oblique|ab|abdominal|hip|glute|adductor|bicep|"
        r"tricep|forearm|elbow|knee|achilles|tendon|ligament)s?|(is|are) killing me|schmerz\w*|verletz\w*|douleurs?|"
        r"dolor|lesión)\b",
    ),
)
_COMPILED = tuple((concern, re.compile(pattern, re.IGNORECASE)) for concern, pattern in _PATTERNS)
_APOSTROPHES = str.maketrans("’`´", "'''")

ANSWERS = {
    Concern.EMERGENCY: (
        "This can be an emergency. Stop training now and call your local emergency number or have someone take you to "
        "a doctor at once. I cannot judge symptoms, and no workout is worth waiting for."
    ),
    Concern.SELF_HARM: (
        "I am sorry that it is this hard. You deserve help from a person now: please call your local emergency number "
        "or a crisis line, or tell someone you trust what you told me. I am a training log and cannot help with this "
        "the way they can."
    ),
    Concern.EATING: (
        "Thank you for saying that. I will not give you calories, weights or plans for this, because it could do harm. "
        "Please talk to a doctor, a registered dietitian or an eating disorder helpline; they help with exactly this, "
        "and early is good. I am glad to keep your training log as it is."
    ),
    Concern.PAIN: (
        "Please do not train through this. Stop the movements that hurt, and have a doctor or physiotherapist look at "
        "it, soon if it is sharp, swollen, numb or getting worse. I cannot diagnose it or plan around it; when "
        "they have cleared you, start lighter than before."
    ),
}


def concern(text: str) -> Concern | None:
    """What the text needs care for; None for ordinary questions."""
    plain = text.translate(_APOSTROPHES)
    return next((found for found, pattern in _COMPILED if pattern.search(plain)), None)
