"""Words that say nothing of what is new: of the languages, and of the trade.

Both lists are for a database that has seen too little to know it by counting.
"""

from __future__ import annotations

from typing import Final


def listed(words: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(words.split())


FUNCTION_WORDS: Final = listed(
    # English
    "a about after again against all also am an and any are as at be because been before being below between both but "
    "by can could did do does doing don down during each even ever few first for from further get gets got had has "
    "have having he her here hers him his how if in into is isn it its itself just last like ll make makes may me "
    "might more most much must my new no nor not now of off on once one only or other our out over own per re s said "
    "same says say she should since so some such t than that the their them then there these they this those through "
    "to too two under until up us use uses using ve very via was way we well were what when where which while who "
    "whose why will with within without would yet you your "
    # French
    "au aux avec ainsi alors apres aucun aussi autre autres avant avoir beaucoup bien c car ce cela celle celui ces "
    "cet cette ceux chaque ci comme comment contre d dans de deja depuis des deux dit doit donc dont du elle elles en "
    "encore entre est et etait etaient ete etre eux fait faire faut ici il ils j jusqu l la laquelle le lequel les "
    "leur leurs lors lorsque lui m ma mais meme memes mes mieux moins mon n ne ni nos notre nous nouveau nouvelle "
    "nouveaux on ont ou par parce parmi pas pendant peu peut peuvent plus plusieurs pour pourquoi pourrait premier "
    "premiere puis qu quand que quel quelle quelles quels qui quoi sa sans se selon sera ses seulement si son sont "
    "sous soit sur ta tandis te tes toi ton tous tout toute toutes tres trois trop tu un une va vers vos votre vous y "
    # German
    "aber alle allem allen aller alles als am an auch auf aus bei beim bin bis bist da damit dann das dass dein dem "
    "den denn der des dich die dies diese diesem diesen dieser dieses dir doch dort durch ein eine einem einen einer "
    "eines er es euch fur gegen gibt hab haben hat hatte hier ich ihm ihn ihnen ihr ihre im immer ist ja jede jeder "
    "jetzt kann kein keine konnen mehr mein mich mir mit nach nicht nichts noch nun nur ob oder ohne sehr sein seine "
    "seit sich sie sind soll sondern uber um und uns unter viel vom von vor war waren warum was weil welche wenn wer "
    "werden wie wieder will wir wird wo wurde wurden zu zum zur zwei zwischen neue neuen neuer neues "
    # Spanish
    "al algo antes como con cual cuando de del desde donde dos durante e el ella ellos en entre era eres es esa ese "
    "eso esta estaba estan este esto estos fue fueron ha habia han hasta hay la las lo los mas me mi mientras muy nada "
    "ni no nos nosotros nuestro nueva nuevo o os otra otro para pero poco por porque puede que quien se sea segun ser "
    "si sido sin sobre solo son su sus tambien tan tanto te tiene tienen todo todos tras tu un una unas uno unos ya yo "
    # Italian
    "agli ai al alla alle allo anche ancora c che chi ci come con cosa cui da dagli dai dal dalla dalle degli dei del "
    "della delle dello di dopo dove due e ed era fra gia gli ha hanno ho il in io la le lei lo loro ma mi mia nei nel "
    "nella nelle nello noi non nostro nuova nuovo o ogni per perche piu poi puo quale quando quello questa queste "
    "questi questo qui se sei senza si sia sono sta stato su sua sue sugli sui sul sulla suo suoi tra tu tutti tutto "
    "un una uno vi voi "
    # Portuguese
    "ainda ao aos as ate com como da das de depois do dos e ela ele eles em entre era essa esse esta este eu foi foram "
    "ha isso isto ja la lhe mais mas me mesmo meu minha muito na nas nao nem no nos nova novo num numa o os ou para "
    "pela pelas pelo pelos pode por porque qual quando que quem se sem ser seu seus so sobre sua suas tambem te tem um "
    "uma umas uns voce vos "
    # Dutch
    "aan al alle als bij dan dat de deze die dit door dus een en er ge geen had heb hebben heeft het hij hoe hun ik in "
    "is je jij kan kunnen maar meer men met mij mijn moet na naar niet nieuwe nog nu of om omdat onder ons ook op over "
    "s te tegen toch toen tot uit van veel voor waar wat we wel werd wie wij wil worden wordt zal ze zeer zich zij "
    "zijn zo zou"
)

TRADE_WORDS: Final = listed(
    "ai ia ki llm llms chatbot chatbots model models modele modeles agent agents openai chatgpt gpt google gemini "
    "microsoft meta apple amazon nvidia anthropic claude data donnees tech company companies entreprise startup start "
    "artificial intelligence intelligenza inteligencia artificielle kunstliche intelligenz intelligent generative "
    "machine learning deep neural code coding developer developers developpeurs open source research researchers "
    "chercheurs paper launch launches launched lance release releases released announce announces announced annonce "
    "introducing introduces unveils devoile update version app apps software logiciel tool tools outil outils user "
    "users utilisateurs year years annees week today day time world monde people business enterprise ceo million "
    "billion milliard milliards millions dollars euros video image images language assistant feature features "
    "system systems platform plateforme technology technologie technologies chip chips puce robot robots "
    "training reasoning performance china chinese us europe european product products service services "
    # what headlines of any trade are made of
    "access account accounts across action actions add adds alternative answer attack attacks back bad based best "
    "better big bill biggest bring brings build building builds built business buy call calls change changes check "
    "complete cost create creating cut cuts day deal deals demo design easy end ends engineer every everything "
    "experience explained fast faster file files find finds fix free full fund future game games give gives global "
    "go goes going good great group guide hard help helps here high home house human idea ideas "
    "impact improve inside interview introduction issue issues job jobs join joins keep key know large latest "
    "learn lesson lessons let life live local long look looking looks lose losing lost made major making manage "
    "market meet money move moves name names natively need needs next number offer offers official old online "
    "order part partner partners pay people personal plan plans play power powered practice preview price "
    "prices problem process program programming project projects protect public quality question questions read real "
    "record report reports review right rights rise risk rules run running runs safe sale search security see sell "
    "set share show shows sign simple site small social start state stop story strategy study support take takes "
    "talk talks team test tests think thing things times top track trade try turn turns user value view want wants "
    "watch web work working works write writing wrong "
    "acces aide ans appel avenir base bon bonne cas changement cinq concurrence cree creer defi devient donne "
    "effet enfin enjeux faut fin gratuit grand grande groupe guide heure heures idee "
    "jour jours lancement libre ligne marche meilleur meilleurs mieux mois nom nombre offre offres ouvre "
    "pays petit petite premiers presente prix probleme projet public publie question recherche rend reseau "
    "resultats sait savoir securite semaine service services site solution sortie succes temps travail utilise vie "
    "ville voici vraiment web"
)
