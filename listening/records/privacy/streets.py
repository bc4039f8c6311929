"""Postal addresses: takes a text, gives where a street with a house's number stands in it, with the postcode where there is one.

A town between street and postcode goes with them (English-speaking countries, Spain); after the postcode it stays. A postcode alone stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from listening.records.privacy.kinds import Kind, Place, is_amount

_UP = "A-ZÀ-ÖØ-ÞŁŚŻŹĆŠŽ"
_NAME = rf"[{_UP}][\w.'’-]*"
_SEP = r"(?:\s*,\s*|\s+)"
_FIRST = r"(?<![\w.,/:£$€-])"  # before a number that opens an address
_NOT_FIRST = r"(?<![\w-])"  # before a name that opens one
_END = r"(?!\w|[.,:][0-9])"

# English-speaking countries: 'Flat 3, 27 Maple Road, Leeds LS1 4AB', '350 W Oakridge Rd, Orlando, FL 32809'
_POSTCODE = r"(?:[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]|[A-Z][0-9][0-9W] ?[A-Z0-9]{4})(?!\w)"  # GB, CA, IE
_STATE = (
    "A[KLRZ]|C[AOT]|D[CE]|F[LM]|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMTVY]|O[HKR]|P[ARW]|RI|S[ACD]|T[NX]|UT|V[AIT]|W[AIVY]|NSW|VIC|QLD|TAS|ACT|"
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|"
    "Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|"
    "North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|"
    "Wisconsin|Wyoming"
)
_ZIP = rf"(?:{_STATE})\.?,? [0-9]{{4,5}}(?:-[0-9]{{4}})?(?!\w)"
_LESS_TELLING_CODE = r"(?:[0-9]{5}(?:-[0-9]{4})?|[0-9]{6}|(?!19|20)[0-9]{4})(?!\w)"  # US without a state, IN, AU and NZ
_TOWN = rf"(?:{_SEP}[{_UP}][\w.'’-]*){{0,4}}"
_TOWN_AND_CODE = rf"{_TOWN}(?:{_SEP}(?:{_POSTCODE}|{_ZIP}|{_LESS_TELLING_CODE})|-[0-9]{{6}}(?!\w))"
_ROAD = (
    "Roads?|Rd|Streets?|St|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Cl|Court|Ct|Place|Pl|Way|Crescent|Cres|Terrace|Gardens?|Gdns|Grove|Hill|Squares?|Sq|Boulevard|Blvd|"
    "Circle|Cir|Parkway|Pkwy|Highway|Hwy|Mews|Row|Walk|Gate|Rise|View|Park|Green|Quay|Wharf|Trail|Trl|Parade|Esplanade|Mount|Vale|Broadway|Loop|Alley|Path|Ridge|"
    "Nagar|Marg"
)
_NUMBERED_ROAD = r"(?:County Road|Highway|Hwy|State Road|Route|Avenue|Street) [0-9A-Z]{1,4}"
_UNIT = r"(?:Flat|Apartment|Apt|Unit|Suite|Ste|Room|Floor|Level|Studio|No|#)\.? ?[0-9A-Z]{1,5}[a-z]?"
_HOUSE_KIND = "House|Court|Cottage|Building|Tower|Mansions|Farm|Lodge|Mill|Barn|Hall"
_HOUSE_NAME = rf"(?:{_NAME} ){{1,3}}(?:{_HOUSE_KIND})"
_HOUSE_NUMBER = r"(?:[0-9]{1,4}/)?[0-9]{1,5}(?: ?- ?[0-9]{1,4})? ?[A-Za-z]?"
_ENGLISH = re.compile(
    rf"{_FIRST}(?:{_UNIT}{_SEP})?(?:{_HOUSE_NAME}{_SEP})?{_HOUSE_NUMBER}{_SEP}"
    rf"(?:(?:{_NAME} |[0-9]{{1,3}}(?:st|nd|rd|th) |[Tt]he ){{1,4}}(?:{_ROAD})\b\.?|{_NUMBERED_ROAD}\b)(?:{_SEP}{_UNIT})?(?:{_TOWN_AND_CODE})?"
)
_ANY_NAME_BEFORE_CODE = re.compile(  # '64 Broadmead, Bristol BS1 3HA'
    rf"{_FIRST}(?:{_UNIT}{_SEP})?{_HOUSE_NUMBER}{_SEP}(?:[Tt]he )?{_NAME}(?: {_NAME}){{0,3}}(?:{_SEP}{_UNIT})?{_TOWN}{_SEP}(?:{_POSTCODE}|{_ZIP})"
)
_NAMED_HOUSE = re.compile(rf"(?<!\w){_HOUSE_NAME}{_SEP}(?:{_NAME}{_SEP}){{1,5}}{_POSTCODE}")
_BOX = re.compile(rf"(?<!\w)(?i:p\.? ?o\.? ?box) [0-9]{{1,6}}(?!\w)(?:{_TOWN_AND_CODE})?")
_NO_ROAD = re.compile(  # '5 Star Hill', '24 Hour Parking Place'
    r"(?i)\b(?:stars?|day|hour|minute|year|mile|piece|course|part|pack|speed|seater|million|thousand|percent|people|best|new|old|other|more)\b"
)

# German: 'Hauptstraße 5, 10115 Berlin', 'Alter Markt 12a'. A word that is often no street needs a postcode.
_STREET = "[Ss]tra(?:ß|ss)e|[Ss]tr\\.?|[Aa]llee|[Gg]asse|[Cc]haussee"
_STREET_END = "weg|platz|ufer|damm|steig|pfad|gässle|gässli"
_STREET_WORD = "Weg|Platz|Ring|Ufer|Damm|Markt|Allé"
_RARE_END = "ring|markt|graben|berg|wall|brücke|mühle|winkel|kamp|hof|park|garten|stieg"
_LITTLE = r"(?:am|an|der|den|dem|die|im|in|auf|zum|zur|St\.)"
_HOUSE = rf"[0-9]{{1,4}} ?(?:[a-h]\b)?(?: ?[-/] ?[0-9]{{1,4}}[a-h]?)?{_END}"
_CODE = rf"{_SEP}(?:[A-Z]{{1,2}}-)?(?:(?!19|20)[0-9]{{4}}|[0-9]{{5}}){_END}"
_GERMAN = re.compile(
    rf"{_NOT_FIRST}(?:(?:[{_UP}][\w.-]*|{_LITTLE})[ -]){{0,3}}?(?:[{_UP}][\w.-]*(?:{_STREET}|{_STREET_END})|{_STREET}) {_HOUSE}(?:{_CODE})?"
    rf"|{_NOT_FIRST}[{_UP}][\w.-]*[ -](?:{_STREET_WORD}) {_HOUSE}(?:{_CODE})?"
    rf"|{_NOT_FIRST}[{_UP}][\w.-]*(?:{_RARE_END}) {_HOUSE}{_CODE}"
)
_NO_STREET = re.compile(  # 'Parkplatz 5', 'Auf Platz 3', 'Rückweg 20 Minuten'
    r"(?i)\b(?:(?:park|stell|sitz|spiel|arbeits|bahn|camping|lager|lade|liege|fenster|gang|kinder|steh)platz|(?:heim|rück|hin|um|aus|arbeits|schul|liefer|versand|"
    r"anfahrts)weg|bahnsteig|\w*[äa]ufer|(?:auf|der|die|den|im|in|am|von|vom|mein|unser|kein|ein|erster|zweiter|dritter) (?:platz|markt|weg|ring))\b"
)
_ANY_NAME_BEFORE_FIVE = re.compile(  # 'Am Alten Markt 12a, 50667 Köln', 'Postfach 11 22, 50667 Köln'
    rf"{_NOT_FIRST}(?:Postfach(?: [0-9]{{1,4}}){{1,4}}|[{_UP}][\w.-]*(?: (?:[{_UP}][\w.-]*|{_LITTLE})){{0,3}} [0-9]{{1,4}} ?[a-h]?)"
    rf"(?:\s*,\s*|\n)(?:[A-Z]{{1,2}}-)?[0-9]{{5}}(?= [{_UP}])"
)

# Dutch and Flemish: 'Kerkstraat 18, 1017 GM Amsterdam', 'Meir 4, 2000 Antwerpen' only with a street's word
_STRAAT = "straat|laan|weg|plein|gracht|kade|dijk|singel|steeg|dreef|plantsoen|voorhout|burgwal"
_RARE_STRAAT = "lei|baan|pad|hof|wal|haven|dal|veld"
_HUIS = r"[0-9]{1,4} ?(?:-?[0-9A-Za-z]{1,3}\b)?"
_DUTCH_CODE = rf"{_SEP}[0-9]{{4}} ?[A-Z]{{2}}(?!\w)"
_DUTCH = re.compile(
    rf"{_NOT_FIRST}(?:(?:[{_UP}][\w.'’-]*|van|de|den|der|het|'t) ){{0,3}}?[{_UP}][\w'’-]*(?:{_STRAAT}) {_HUIS}{_END}(?:{_DUTCH_CODE}|{_CODE})?"
    rf"|{_NOT_FIRST}[{_UP}][\w'’-]*(?:{_RARE_STRAAT}) {_HUIS}(?:{_DUTCH_CODE}|{_CODE})"
)
_ANY_NAME_BEFORE_DUTCH = re.compile(rf"{_NOT_FIRST}(?:[{_UP}][\w.'’-]* ){{1,3}}(?:[0-9]{{4}} )?(?:nr\.? )?[0-9]{{1,4}} ?[\w-]{{0,3}}{_DUTCH_CODE}")

# The North: 'Storgatan 8, 111 51 Stockholm'
_GATA = "gatan|vägen|gränd|torget|stigen|allén|veien|vegen|stræde|katu"
_RARE_GATA = "backen|bakken|gade|vej|vei|gata|gate|plads|plassen|tie|kuja|haugen|stien|svingen|åsen|toppen|kroken|tunet"
_KATU = "tie|katu|kuja|bulevardi|polku"
_NORDIC_CODE = rf"{_SEP}(?:[A-Z]{{1,2}}-)?[0-9]{{3}} ?[0-9]{{1,2}}(?!\w)"
_NORDIC = re.compile(
    rf"{_NOT_FIRST}[{_UP}]\w*(?:{_GATA}) [0-9]{{1,4}} ?(?:[A-Za-z]\b)?(?!\w)(?:{_NORDIC_CODE})?"
    rf"|{_NOT_FIRST}(?:{_NAME} )?(?:[{_UP}]\w*(?:{_RARE_GATA})|{_KATU}) [0-9]{{1,4}} ?(?:[A-Za-z]\b)?{_NORDIC_CODE}"
)

# The South: '12 rue des Lilas, 75011 Paris', 'Calle Mayor 14, 2º B, 28013 Madrid', 'Via Roma 15, 10121 Torino'
_SMALL = r"(?:de la|de l['’]|de las|de los|de|du|des|del|della|dei|delle|dos|das|do|da|d['’]|l['’]|la|le|les|los|las|el|en|sur|sous|aux|au|à|y|e|et)"
_WORDS = rf"(?:{_SMALL} ?){{0,2}}{_NAME}(?:[ -](?:{_SMALL} ?){{0,2}}{_NAME}){{0,4}}"
_RUE = r"rue|avenue|av\.|boulevard|bd\.?|blvd|place|chemin|impasse|allée|quai|route|cours|passage|faubourg|villa|résidence|ruelle|sentier|promenade|esplanade"
_FRENCH = re.compile(
    rf"{_FIRST}[0-9]{{1,4}}(?: ?(?:bis|ter|quater|[a-dA-D]))?,? (?i:{_RUE}) {_WORDS}(?:{_SEP}(?:F-)?[0-9]{{4,5}}(?!\w))?"
    rf"|(?<!\w)(?i:{_RUE}) {_WORDS},? [0-9]{{1,4}}{_END}(?:{_SEP}[0-9]{{4}}{_END})?"  # Belgium, Switzerland
    rf"|(?<!\w)(?i:{_RUE}) {_WORDS}{_SEP}(?:F-)?[0-9]{{5}}(?= [{_UP}])"
)
_CALLE = (
    "calle|avenida|avda|plaza|pza|paseo|camino|carretera|ctra|ronda|rambla|travesía|pasaje|pasadizo|urbanización|acceso|cuesta|glorieta|callejón|vial|"
    "viale|corso|piazza|piazzale|vicolo|contrada|borgo|località|frazione|rua|travessa|praça|praceta|estrada|alameda"
)
_STAIRS = (
    r"(?:,? ?(?:[0-9]{1,2}[ºª°]\.?(?: ?(?:izq|dcha|dch|[A-Z])\b\.?)?|(?i:piso|puerta|apt\.|interno|scala|piano|appartamento) [0-9A-Z]{1,3}|"
    r"bajo [A-Z]|esc\. [A-Z0-9])){0,3}"
)
_SOUTHERN = re.compile(
    rf"(?<![\w.])(?:(?:(?i:{_CALLE})|Av|Via|Largo|Strada)\.? |C/ ?|[RC]\. ){_WORDS},? (?:(?:n[º°]?\.? ?)?[0-9]{{1,4}}{_END}|[Ss]/[Nn]\b){_STAIRS}"
    rf"(?: ?(?:{_SEP}{_NAME}){{0,3}}{_SEP}[0-9]{{4,5}}(?:-?[0-9]{{3}})?{_END})?"
)
_POLISH = re.compile(
    rf"(?<!\w)(?:(?:ul|al|os|pl)\. ?|(?:ulica|ulicy|aleja|alei|plac|placu|osiedle) ){_NAME}(?: {_NAME}){{0,3}} "
    rf"[0-9]{{1,4}}[A-Za-z]?(?: ?/ ?[0-9]{{1,4}})?(?!\w)(?:{_SEP}[0-9]{{2}}-[0-9]{{3}}(?!\w))?"
)

_LAYOUTS = (  # what RE2 proposes, what confirms it; those that need a postcode come first
    (r"[0-9] ?[a-h]?(?:\s*,\s*|\n)(?:[A-Z]{1,2}-)?[0-9]{5} ", _ANY_NAME_BEFORE_FIVE),
    (r"[0-9] ?[^ ,\n]*(?:\s*,\s*|\s+)[0-9]{4} ?[A-Z]{2}\b", _ANY_NAME_BEFORE_DUTCH),
    (rf"(?:{_HOUSE_KIND})(?:,|\s)[^0-9]*[0-9][^,]? ?[0-9][A-Z]{{2}}", _NAMED_HOUSE),
    (r"(?i:o\.? ?box) [0-9]", _BOX),
    (rf"[0-9][^0-9]*\s(?:{_ROAD})\b|{_NUMBERED_ROAD}", _ENGLISH),
    (rf"[0-9] ?[0-9]?[A-Z]{{2}}\b|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]|[A-Z][0-9][0-9W] ?[A-Z0-9]{{4}}|\b(?:{_STATE})\.?,? [0-9]{{4}}", _ANY_NAME_BEFORE_CODE),
    (rf"[0-9](?: ?(?:bis|ter|quater|[a-dA-D]))?,? (?i:{_RUE}) |(?i:{_RUE}) [^0-9]*[0-9]", _FRENCH),
    (rf"(?:(?i:\b(?:{_CALLE}))|\bAv|\bVia|\bLargo|\bStrada|C/|\b[RC]\.)[^0-9]*[0-9]", _SOUTHERN),
    (rf"(?:{_STREET}|{_STREET_END}|{_STREET_WORD}|{_RARE_END}) [0-9]", _GERMAN),
    (rf"(?:{_STRAAT}|{_RARE_STRAAT}) [0-9]", _DUTCH),
    (rf"(?:{_GATA}|{_RARE_GATA}|{_KATU}) [0-9]", _NORDIC),
    (r"\b(?:ul\.|al\.|os\.|pl\.|ulic|alej|alei|plac|osiedle)[^0-9\n]*[0-9]", _POLISH),
)


def addresses() -> tuple[Kind, ...]:
    """A kind for each country's layout."""
    return tuple(_address(proposal, layout) for proposal, layout in _LAYOUTS)


def _address(proposal: str, layout: re.Pattern[str]) -> Kind:
    return Kind("address", proposal, lambda text: _places(text, layout))


def _places(text: str, layout: re.Pattern[str]) -> Iterator[Place]:
    for found in layout.finditer(text):
        is_road = layout is not _ENGLISH or not _NO_ROAD.search(found[0])
        is_street = layout is not _GERMAN or not _NO_STREET.search(found[0])
        if is_road and is_street and not is_amount(text, *found.span()):
            yield found.span()
