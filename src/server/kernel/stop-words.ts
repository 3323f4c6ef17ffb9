/**
 * The commonest words of each language, as `fold` in words.ts spells them: they say which language a text is in, and carry
 * too little to be worth a query. A language that is missing here is still found by its exact words.
 */

const lists = {
  english:
    'a about after all also am an and any are as at be because been before being but by can cannot could did do does doing don done down during each few for from further had has have having he her here hers him his how i if in into is isn it its itself just let ll me more most much my myself no nor not now of off on once only or other our ours out over own re s same shall she should so some such t than that the their theirs them then there these they this those through to too under until up us ve very was we were what when where which while who whom whose why will with would you your yours yourself',
  german:
    'aber alle als also am an auch auf aus bei bin bis bist da dann das dass dein dem den der des dich die dies diese diesem diesen dieser dieses dir doch du durch ein eine einem einen einer eines er es euch fur gibt hab habe haben hat hatte ich ihm ihn ihr ihre im in ist ja kann kein keine konnen man mein meine meinem meinen meiner mich mir mit muss nach nicht noch nun nur ob oder ohne sehr sein seine sich sie sind so soll uber um und uns unser unter vom von vor wann war waren warum was weil welche wenn wer werden wie wir wird wo wurde zu zum zur',
  french:
    'ai au aux avec avoir ce ces cet cette ceux comme comment d dans de des du elle elles en es est et etait ete etre eu eux fait il ils j je l la le les leur leurs lui m ma mais me meme mes moi mon n ne nos notre nous on ont ou par pas plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont sur t ta te tes toi ton tout tu un une vos votre vous y',
  spanish:
    'a al algo ante antes como con cual cuando de del desde donde dos el ella ellas ellos en entre era es esa ese eso esta estaba estan estas este esto estos estoy fue fueron ha han hasta hay la las le les lo los mas me mi mis mucho muy nada ni no nos nosotros o otra otro para pero por porque que quien se ser si sin sobre solo son soy su sus tambien te tiene tienen todo todos tu tus un una uno unos y ya yo',
  italian:
    'a agli ai al alla alle allo anche avere c che chi ci come con cosa cui da dagli dai dal dalla dalle de degli dei del della delle di dove e ed era essere fra gli ha hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mio ne nei nel nella noi non nostro o ogni per perche piu quale quando quello questa questo qui se sei senza si sia siamo sono su sua sue sugli sui sul sulla suo ti tra tu tua tuo tutti tutto un una uno vi voi',
  portuguese:
    'a ao aos as ate com como da das de dela dele deles depois do dos e ela elas ele eles em entre era eram essa esse esta estao estar estas este estou eu foi foram ha isso isto ja la lhe mais mas me mesmo meu meus minha muito na nao nas nem no nos nossa nosso num numa o onde os ou para pela pelas pelo pelos por porque qual quando que quem sao se sem ser seu seus so sou sua suas tambem te tem tinha tu tudo um uma voce voces',
  dutch:
    'aan al alles als andere ben bij daar dan dat de der deze die dit doch doen door dus een en er ge geen haar had heb hebben heeft hem het hier hij hoe hun ik in is ja je jij jouw jullie kan kon maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons ook op over reeds te toch toen tot u uit uw van veel voor waar waarom want waren was wat we wel werd wie wij wil worden wordt zal ze zei zelf zich zij zijn zo zonder zou',
  swedish:
    'alla allt att av blev bli blir da dar de dem den denna deras dess det detta dig din dina ditt du efter ej eller en er ett fran for ha hade han hans har har henne hennes hon honom hur i icke ingen inom inte jag ju kan kunde man med mellan men mig min mina mitt mot mycket nar nagon nagot nagra ni nu och om oss pa sa samma sedan sig sin sina sitt skulle som till under upp ut utan vad var vara varfor varit vem vi vid vilka vilken vill',
  danish:
    'af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din disse dog du efter eller en end er et for fra ham han hans har havde hende hendes her hos hun hvad hvem hver hvis hvor hvordan hvorfor i ikke ind jeg jer jo kan kunne man mange med meget men mig min mine mit mod nar ned noget nogle nu og ogsa om op os over pa selv sig sin sine sit skal skulle som sadan til ud under var vi vil ville vor',
  norwegian:
    'alle at av bare begge ble blei bli blir da de deg dei dem den denne der dere deres det dette di din disse du eller en er et etter for fordi fra fram ha hadde han hans har hennes her hos hun hva hvem hver hvilken hvis hvor hvordan hvorfor i ikke ingen inn ja jeg kan kom kunne man mange med meg men mer min mitt mot na nar noe noen og ogsa om opp oss over pa sa selv seg sin sitt skal skulle slik som til um under ut var vare vart ved vi vil ville',
  finnish:
    'ei ehka eivat en et etta ette han hanen he hei ja jo joka jos jossa jotka kanssa kuin kuka kun me mika miksi mina minun missa miten mitka mita mutta myos ne niin nyt olen oli olla olet on ovat se sen silla sina sinun siita tai taman tama te tuo vai vain vaan voi voiko',
  russian:
    'а без бы был была были было быть в вам вас весь во вот все всего всех вы где да для до его ее если есть еще же за и из или им их к как какой когда кто ли мне мои мой мы на над нам нас не него нет ни них но о об он она они оно от по под при с со так также там то того тоже только том ты у уже чего чем что чтобы эта эти это этот я',
} as const

export type Language = keyof typeof lists

/** The lists as sets, in the order in which a tie between languages is decided. */
export const STOP_WORDS: ReadonlyMap<Language, ReadonlySet<string>> = new Map(
  Object.entries(lists).map(([language, words]) => [language as Language, new Set(words.split(' '))]),
)
