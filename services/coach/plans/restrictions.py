"""What a request says that must not be served: diets, allergies and dislikes, in its own words.

Words are known by their beginnings, without accents, in English and a little German, French and Spanish. One too many
is left out rather than one too few, and what is not understood is named.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.coach.safety import cleaned

DIETS: Mapping[str, str] = {
    "animal": r"vegan|plant[- ]?based|pflanzlich|vegetal",
    "meat": r"vegetari|veggie|pes[ck][aeo]tari",
    "fish": r"vegetari|veggie",
}
FOODS: Mapping[str, str] = {
    "animal": r"animal|tierisch",
    "milk": r"\w*mil[ck]h?|dairy|la[ck]t|lait|leche\b|casein|kasein|whey|molke|skyr|\w*yog|jog|yaourt|quark|cottage|"
    r"\w*chees|\w*kae?se|fromage|queso|cream|butter",
    "yoghurt": r"\w*yog|jog|yaourt",
    "egg": r"eggs?\b|ei(er)?\b|hu(e)?hnerei|(oe|œ)uf|huevo",
    "fish": r"\w*fish|\w*fisch|sea ?food|meeres|salmon|lachs|saumon|tuna|cod\b|poisson|pescado|mariscos|"
    r"fruits de mer|crustac|mollus[ck]|shrimp|prawn|crab|lobster|mussel",
    "meat": r"meat|fleisch|viande|carne\b",
    "poultry": r"chicken|poultry|turkey|huhn\b|ha(e)?hnchen|geflu(e)?gel|poulet|volaille|pollo",
    "beef": r"beef|rind|b(oe|œ)uf|ternera",
    "soy": r"soy|soj|tofu|edamame|tempeh|legum|hu(e)?lsenf",
    "legume": r"lentil|lins|lentej|peas?\b|erbse|pois\b|guisante|beans?\b|bohne|haricot|chickpea|legum|hu(e)?lsenf",
    "gluten": r"gluten|c(oe|œ|e)liac|zo(e)?liak|\w*wheat|weizen|ble\b|trigo|seitan|rye\b|roggen|barley|gerste|spelt|"
    r"dinkel|cereal|getreide|grain|wholegrain|bread|\w*brot|pasta|noodle|nudel",
    "oat": r"oat|hafer|avoine|avena",
    "rice": r"rice\b|reis\b|riz\b|arroz|grain",
    "potato": r"potato|kartoffel|patat|pommes? de terre|nightshade|nachtschatten",
    "tomato": r"tomat|nightshade|nachtschatten",
    "pepper": r"pepper|paprika|poivron|pimiento|capsicum|nightshade|nachtschatten",
    "banana": r"banan|platano|latex|fruit|obst",
    "berry": r"\w*berr(y|ies)\b|\w+beere|fraise|framboise|myrtille|fresa|fruit|obst",
    "broccoli": r"bro[ck]+oli|cabbage|brassica|cruciferous|kohl\b",
    "salad": r"salad|salat|lettuce|laitue|lechuga|ensalada|celery|sellerie|celeri|apio|mustard|senf\b|moutarde|mostaza",
    "sesame": r"sesam",
    # In none of the foods.
    "nut": r"\w*nuts?\b|\w*nu(ss|es)|noix|nue[cz]|almond|mandel|amande|almendra|cashew|pistach|pecan|cacah",
    "pork": r"pork|pig\b|schwein|porc|cerdo|bacon|ham\b",
    "lupin": r"lupin",
    "sulphite": r"sul(ph|f)[iu]t",
}
_ALL = {tag: "|".join(words[tag] for words in (DIETS, FOODS) if tag in words) for tag in {**DIETS, **FOODS}}
_PHRASES = re.compile(r"[,;/&+\n]|\.(?=\s|$)|\b(?:and|und|et|y|or|oder|ou|but)\b")
_SENTENCES = re.compile(r"[.!?;\n]+")
_ALLERGIC = re.compile(r"allerg|alerg|intolera|unvertrag|anaphyla|coeliac|celiac")
_NOT = re.compile(
    rf"{_ALLERGIC.pattern}|vertrag|sensitiv|react|\b(no|not|non|cannot|without|avoid\w*|never|hate|dislike|except|skip|"
    r"kein\w*|nicht|ohne|sans|pas|sin)\b|n't\b|fr(ee|ei)\b"
)
_NOTHING = (
    "no none nothing not any anything known food foods allergy allergies allergie allergien allergic to n a i am have "
    "keine nichts aucune ninguna diet restrictions"
)
_ANY = f"{_NOTHING} everything omnivore omnivorous balanced normal mixed standard healthy high protein"


@dataclass(frozen=True, slots=True)
class Restrictions:
    """Tags of foods that are left out, and the words that say something of this kind which nobody understood."""

    excluded: frozenset[str]
    not_understood: tuple[str, ...]


def restrictions(diet: str, allergies: Sequence[str], said: str) -> Restrictions:
    """Of a diet, allergies, and free text, in which foods count where their sentence says that they are not wanted."""
    listed, followed, told = _plain("\n".join(allergies)), _plain(diet), _plain(said)
    excluded = _tags(listed, _ALL) | _tags_told(followed) | _tags_told(told)
    unknown = [phrase for phrase in _phrases(listed) if not _tags(phrase, _ALL) and not _only(phrase, _NOTHING)]
    unknown += [phrase for phrase in _phrases(followed) if not _tags_told(phrase) and not _only(phrase, _ANY)]
    allergic = [phrase for phrase in _phrases(told) if _ALLERGIC.search(phrase)]
    unknown += [phrase for phrase in allergic if not _tags(phrase, FOODS) and not _only(phrase, _NOTHING)]
    return Restrictions(frozenset(excluded), tuple(dict.fromkeys(unknown)))


def _tags_told(text: str) -> set[str]:
    sentences = [sentence for sentence in _SENTENCES.split(text) if _NOT.search(sentence)]
    return _tags(text, DIETS) | {tag for sentence in sentences for tag in _tags(sentence, FOODS)}


def _tags(text: str, known: Mapping[str, str]) -> set[str]:
    return {tag for tag, words in known.items() if re.search(rf"\b(?:{words})", text)}


def _phrases(text: str) -> list[str]:
    return [phrase for found in _PHRASES.split(text) if (phrase := found.strip()) and re.search(r"\w", phrase)]


def _only(phrase: str, words: str) -> bool:
    return set(re.findall(r"\w+", phrase)) <= set(words.split())


def _plain(text: str) -> str:
    """In small letters, without accents and what cannot be seen."""
    parts = unicodedata.normalize("NFKD", cleaned(text).replace("’", "'").casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))
