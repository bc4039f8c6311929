"""English words for telling what sentences speak of: little words, dull ones, and families of words that mean one matter.

`LITTLE`, `NEGATIONS` and `ARTICLES` belong to the rule by which a phrase is found in a sentence: changing them may move old
records' themes, so raise `phrases.RULES` with them. `DULL`, `TROUBLES` and `KIN` only steer which new themes are found.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ARTICLES = _words("""
    a an another any each every her his its my no our some that the their these this those your
""")
NEGATIONS = _words("""
    can't cannot cant didnt doesnt dont isnt never no nobody none not nothing nowhere wasnt without wont
""")
LITTLE = _words("""
    a about above absolutely actually after again ago ain't all almost along already also although always am among an and another any anybody anyhow
    anyone anything anyway anywhere apparently are around as at away b basically be became because become been before behind being below beside
    besides between beyond both but by c can certainly cheers clearly completely could d dear definitely did do does doing don't done down due during
    e each either else enough especially etc even eventually ever every everybody everyone everything everywhere exactly extremely f far few finally
    first for from fully further g generally get gets getting go goes going gone got gotten h had has have having he he's hello hence her here hers
    herself hi highly him himself his honestly hopefully how however i i'd i'll i'm i've if im immediately in indeed instead into is it it's its
    itself ive just k kind kindly l last later least less let like likely literally lot lots m madam made mainly make makes making many may maybe me
    might mine more most mostly mr mrs ms much must my myself n near nearly neither next nor now o obviously of off often oh ok okay on once one ones
    only onto or other others otherwise our ours ourselves out over own p per perhaps please plus pretty probably put q quite r rather re really
    regards s same second seem seemed seems several shall she she's should simply since sincerely sir so some somebody somehow someone something
    sometimes somewhere soon still such sure t than thank thanks that that's the their theirs them themselves then there there's therefore these they
    they're thing things this those though through throughout thus till to together too totally toward towards truly u under unfortunately until up
    upon us use used using usually v very via w was way we we're well went were what what's whatever when whenever where whereas wherever whether
    which while who whoever whole whom whose why will with within would x y yeah yes yet you you're your yours yourself yourselves z
""")
# words that say nothing by themselves: time, number, speech, common deeds, praise and blame without a matter, people
DULL = _words("""
    able actual afternoon age allow amazing amount angry annoyed annoying answer anyway appear appreciate april area ask asked august available
    average away awful back bad basic become began begin believe best better big bit boy brilliant bring brought business came case cash cause caused
    change check child children choice class client close come comment company continue couple customer dad date daughter day december decent decide
    different disappointed disappointing doing done eight eleven else end ended england enjoy enter europe evening excellent expect experience extra
    eye fact family fantastic father february feedback feel felt few find fine finish first five fly follow forget forgot form found four free friday
    friend front full future gave gentleman girl give given glad good great guess guy half hand happen happened happy hard hate head hear heard held
    help high hold home hope horrible hour hundred husband idea impossible improve improvement include instead issue january job july june keep kept
    kid kind knew know known lack lady large last law leave left let level life like line list little london long look looked lot love lovely
    low made making man march matter may mean meet met minute moment monday money month morning mother move mum name need needed negative new next
    nice night nine november number occasion october offer ok old one open option paid part pass past pay paying people perfect person place plan
    pleased plenty point poor positive possible pound present previous problem provide purpose put quality question ran rang read real reason receive
    received recent recently recommend regular regularly remain remember reply request require rest result review right ring round run sad said same
    satisfied saturday saw say second see seem seen selection send sense sent september serve service set seven short show showed side sign sit
    situation six small someone son sorry sort speak spoke spoken stand standard start started state stated stay stop stopped stuff sunday superb
    suppose survey take taken talk talked tell ten terrible thing think third thought thousand three thursday time today told tomorrow took total
    tried try tuesday turn turned twelve twenty two type uk unable understood us usa use user variety version visit want wanted way wednesday week
    weekend while whole wife wish woman wonder wonderful word work worked worse worst write wrong wrote year yesterday
""")
# words that feel bad and name a matter all the same
TROUBLES = _words("""
    accident argument blocked broken cancel cancelled care charge charged charges crash crashed crashes damage damaged damages debt debts delay
    delayed delays dirty dispute disputes emergency error errors fail failed fails failure failures fraud infection injury issue issues leak leaks
    lost missing noise pain penalties penalty problem problems refund scam stolen threat threats warning
""")
# each line is one matter, whatever is said of it; a family becomes a theme only where enough customers speak of it
_KIN = """
    friendly helpful polite kind caring courteous considerate attentive compassionate rude unhelpful unfriendly abrupt arrogant attitude manner welcoming
    quick quickly quicker prompt promptly fast faster swift speed speedy slow slowly wait waiting delay delays
    late early punctual punctuality lateness
    clean cleaner cleanliness dirty filthy tidy hygiene spotless
    comfortable uncomfortable comfy comfort
    crowded overcrowded crowd busy packed
    price prices expensive cheap cheaper cost costs overpriced pricey
    professional professionalism efficient efficiently efficiency competent incompetent knowledgeable
    explain explained information informed inform clear clearer clarity confusing unclear communication
    listen listened understanding reassuring reassured reassurance sympathetic empathy
    easy easier ease simple straightforward difficult complicated
    noise noisy loud quiet
    phone phoned telephone rang ring ringing
    wifi internet wireless
    toilet toilets restroom restrooms bathroom bathrooms washroom washrooms
    staff team employees personnel
    email emails mail
    park parking
"""
KIN = tuple(tuple(line.split()) for line in _KIN.strip().splitlines())
