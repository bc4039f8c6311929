"""English words for telling what sentences speak of: little words, dull ones, and families of words that mean one matter.

`LITTLE` and `NEGATIONS` belong to the rule by which a phrase is found in a sentence: changing them moves old records'
themes. `DULL` and `KIN` only steer which new themes are found.
"""

from __future__ import annotations

NEGATIONS = frozenset("no not never nobody none nothing nowhere without cannot cant can't didnt dont doesnt wasnt isnt wont".split())
LITTLE = frozenset(
    """a about above actually after again ago ain't all almost along already also although always am among an and another any anybody anyhow anyone
    anything anyway anywhere are around as at away b basically be became because become been before behind being below beside besides between beyond both but by
    c can completely could d definitely did do does doing done down due during e each either else enough etc even eventually ever every everybody
    everyone everything everywhere exactly extremely f far few finally first for from fully further g get gets getting go goes going gone got gotten
    h had has have having he hence her here hers herself hi him himself his how however i if im in indeed instead into is it it's its itself ive just k kind of
    l last later least less let like likely lot lots m made mainly make makes making many may maybe me might mine more most mostly much must my
    myself n near nearly neither next nor now o obviously off often oh ok okay on once one ones only onto or other others otherwise our ours ourselves
    out over own p per perhaps please plus pretty probably put q quite r rather re really s same second seem seemed seems several shall she should
    simply since so some somebody somehow someone something sometimes somewhere soon still such t than thank thanks that the their theirs them
    themselves then there therefore these they thing things this those though through throughout thus till to together too totally toward towards u
    under until up upon us use used using usually v very via w was way we well went were what whatever when whenever where whereas wherever whether
    which while who whoever whole whom whose why will with within would x y yeah yes yet you your yours yourself yourselves z dear hello regards
    sincerely cheers mr mrs ms sir madam kindly apparently certainly clearly especially generally highly hopefully immediately literally
    unfortunately absolutely honestly truly sure i'm i've i'd i'll you're they're we're he's she's that's there's what's don't""".split()
)

# words that say nothing by themselves: time, number, speech, common deeds, praise and blame without a matter, people
DULL = frozenset(
    """money pay paid paying result cause caused state stated issue pound cash law able actual afternoon age allow amazing amount angry annoyed annoying answer anyway appear appreciate april area ask asked august available average
    away awful back bad basic become began begin believe best better big bit boy brilliant bring brought business came case change check child
    children choice class client close come comment company continue couple customer dad date daughter day december decent decide different
    disappointed disappointing doing done eight eleven else end ended england enjoy enter europe evening excellent expect experience extra eye fact
    family fantastic father february feedback feel felt few find fine finish first five fly follow forget forgot form found four free friday friend
    front full future gave gentleman girl give given glad good great guess guy half hand happen happened happy hard hate head hear heard held help
    high hold home hope horrible hour hundred husband idea impossible improve improvement include instead january job july june keep kept kid kind
    knew know known lack lady large last leave left let level life like limited line list little london long look looked lot love lovely low made
    making man march matter may mean meet met minute moment monday month morning mother move mum name need needed negative new next nice night nine
    november number occasion october offer ok old one open option part pass past people perfect person place plan pleased plenty point poor positive
    possible present previous problem provide purpose put quality question ran rang read real reason receive received recent recently recommend
    regular regularly remain remember reply request require rest review right ring round run sad said same satisfied saturday saw say second see seem
    seen selection send sense sent september serve service set seven short show showed side sign sit situation six small someone son sorry sort speak
    spoke spoken stand standard start started stay stop stopped stuff sunday superb suppose survey take taken talk talked tell ten terrible thing
    think third thought thousand three thursday time today told tomorrow took total tried try tuesday turn turned twelve twenty two type uk unable
    understood us usa use user variety version visit want wanted way wednesday week weekend while whole wife wish woman wonder wonderful word work
    worked worse worst write wrong wrote year yesterday""".split()
)
# each line one matter, whatever is said of it; a family becomes a theme only where enough customers speak of it
KIN = tuple(
    tuple(line.split())
    for line in """
    friendly helpful polite kind caring courteous considerate attentive compassionate rude unhelpful unfriendly abrupt arrogant attitude manner manners welcoming
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
    """.strip().splitlines()
)
