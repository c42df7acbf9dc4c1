"""The rule book: every code a report can carry, what it means and what the sender does next.

The register's official codes are not public; these are the project's own (project format v1).
Severity: F the file is refused, R the row is refused, A the row waits, D the row is already held, W a warning.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One code; the sentences never hold a value of the row."""

    code: str
    severity: str
    meaning_fr: str
    meaning_en: str
    next_fr: str
    next_en: str


_CORRECT = ("Corrigez la ligne et renvoyez-la.", "Correct the row and send it again.")
_NOTHING = ("Rien à faire.", "Nothing to do.")

_BOOK = (
    ("F01", "F", "Fichier illisible ou encodage autre que l'UTF-8.", "The file cannot be read as UTF-8.",
     "Enregistrez le fichier en UTF-8 et renvoyez-le.", "Save the file as UTF-8 and send it again."),
    ("F02", "F", "La première ligne n'est pas l'en-tête du format.", "The first line is not the layout's header.",
     "Reprenez l'en-tête exact du format.", "Use the layout's exact header."),
    ("F03", "F", "L'expéditeur n'est pas autorisé pour ce format.", "The sender may not send this layout.",
     "Vérifiez le code d'expéditeur dans le nom du fichier.", "Check the sender code in the file name."),
    ("F04", "D", "Ce fichier a déjà été reçu, à l'octet près : le premier accusé vaut, rien n'est compté deux fois.",
     "This file was received before, byte for byte: the first receipt stands and nothing is counted twice.",
     *_NOTHING),
    ("F05", "F", "Le fichier ne contient aucune ligne de données.", "The file holds no data row.",
     "Vérifiez l'export et renvoyez le fichier.", "Check the export and send the file again."),
    ("F06", "F", "Le nom du fichier n'est pas {FORMAT}_{EXPÉDITEUR}_{AAAAMMJJThhmmss}_{SÉQ}.csv, "
     "ou son format est inconnu.", "The file name is not {LAYOUT}_{SENDER}_{YYYYMMDDThhmmss}_{SEQ}.csv, "
     "or its layout is unknown.",
     "Renommez le fichier et renvoyez-le.", "Rename the file and send it again."),
    ("F07", "F", "Le fichier dépasse la taille permise.", "The file is larger than allowed.",
     "Découpez-le, ou augmentez DOSILAKE_LARGEST_FILE_MIB.", "Split it, or raise DOSILAKE_LARGEST_FILE_MIB."),
    ("F08", "F", "Le fichier n'a pas pu être jugé ; il est gardé tel quel et rien n'en est chargé.",
     "The file could not be judged; it is kept as it is and nothing of it is loaded.",
     "Rien à renvoyer : l'équipe du registre le voit parmi les livraisons.",
     "Nothing to send again: the register team sees it among the deliveries."),
    ("F09", "F", "Une ligne du fichier, ou le nombre de ses lignes, dépasse ce qui est permis.",
     "A line of the file is longer, or its lines are more, than allowed.",
     "Vérifiez les fins de ligne, ou découpez le fichier ; les bornes sont DOSILAKE_LONGEST_LINE_KIB et "
     "DOSILAKE_MOST_LINES.", "Check the line ends, or split the file; the limits are DOSILAKE_LONGEST_LINE_KIB and "
     "DOSILAKE_MOST_LINES."),
    ("S01", "R", "La ligne n'a pas le nombre de champs du format (fichier tronqué ?).",
     "The row does not have the layout's number of fields (is the file cut off?).", *_CORRECT),
    ("S02", "R", "Champ obligatoire vide.", "A mandatory field is empty.", *_CORRECT),
    ("S03", "R", "La valeur n'est pas du type du champ.", "The value is not of the field's type.", *_CORRECT),
    ("S04", "R", "Champ contradictoire avec les autres champs de la ligne.",
     "The field contradicts the row's other fields.", *_CORRECT),
    ("S05", "R", "Le code d'expéditeur de la ligne n'est pas celui du fichier.",
     "The row's sender code is not the file's.", *_CORRECT),
    ("S06", "R", "Un identifiant de personne figure dans un champ libre.",
     "A free field holds a person's identifier.", *_CORRECT),
    ("I01", "R", "NIR ou NIA mal formé.", "NIR or NIA malformed.", *_CORRECT),
    ("I02", "R", "Clé du NIR fausse.", "Wrong NIR key.", *_CORRECT),
    ("I03", "R", "SIRET mal formé ou clé fausse.", "SIRET malformed or wrong check digit.", *_CORRECT),
    ("I04", "A", "Travailleur inconnu du registre : la ligne attend.", "Worker unknown: the row waits.",
     "L'employeur déclare le travailleur ; la ligne se charge alors d'elle-même.",
     "The employer declares the worker; the row then loads by itself."),
    ("I05", "A", "Travailleur connu, mais sans emploi dans cet établissement pendant la période : la ligne attend.",
     "Worker known, but not employed at this establishment during the period: the row waits.",
     "L'employeur complète sa liste ; la ligne se charge alors d'elle-même.",
     "The employer completes the list; the row then loads by itself."),
    ("I06", "R", "Le nom ou le prénom ne correspond pas à l'identifiant.",
     "The name or first name does not match the identifier.", *_CORRECT),
    ("I07", "A", "Le travailleur n'est pas en surveillance individuelle à cette date : la ligne est mise à part.",
     "The worker is not under individual monitoring then: the row is kept aside.",
     "L'employeur vérifie le classement du travailleur ; corrigé, la ligne se charge d'elle-même.",
     "The employer checks the worker's classification; once corrected, the row loads by itself."),
    ("I08", "W", "Le sexe ou la date de naissance contredit le NIR.", "Sex or birth date contradicts the NIR.",
     "Vérifiez l'identité.", "Check the identity."),
    ("I09", "R", "Établissement inconnu du registre.", "Establishment unknown to the register.",
     "Envoyez d'abord l'établissement (format ETAB).", "Send the establishment first (layout ETAB)."),
    ("I10", "R", "Le SIRET n'est pas un établissement du compte.", "The SIRET is not one of the account's.",
     "Demandez la désignation pour cet établissement.", "Ask for the designation at this establishment."),
    ("I11", "R", "Le numéro remplacé n'est pas un numéro d'attente de la même personne.",
     "The replaced number is not a waiting number of the same person.", *_CORRECT),
    ("I12", "R", "Le rapprochement ne tient pas : clé inconnue, deux fois dans le fichier, ou rapprochée d'elle-même.",
     "The link cannot stand: a key is unknown, twice in the file, or linked to itself.", *_CORRECT),
    ("I13", "R", "L'employeur d'un établissement ne change que par l'équipe du registre.",
     "An establishment changes employer only by the register team.",
     "Écrivez à l'équipe du registre, avec la pièce qui l'établit.",
     "Write to the register team, with the document that shows it."),
    ("I14", "R", "Le travailleur n'est employé dans aucun établissement suivi par le compte.",
     "The worker is employed at no establishment that the account follows.",
     "Demandez la désignation à l'employeur.", "Ask the employer for the designation."),
    ("I15", "R", "Clé de travailleur inconnue du registre.", "Worker key unknown to the register.", *_CORRECT),
    ("P01", "R", "Fin de période avant son début, ou dans l'avenir.", "The period ends before it starts, or later "
     "than today.", *_CORRECT),
    ("P02", "W", "Période d'intégration de plus de trois mois : la dose est gardée.",
     "Integration period above three months: the dose is kept.",
     "Respectez l'arrêté du 23 juin 2023, art. 13.", "Observe the order of 23 June 2023, art. 13."),
    ("P03", "R", "La période recouvre un résultat déjà tenu pour la même mesure.",
     "The period overlaps a result already held for the same measurement.",
     "Envoyez un remplacement (REPLACE) s'il corrige ce résultat.",
     "Send a replacement (REPLACE) if it corrects that result."),
    ("P04", "W", "Résultat reçu plus de 20 jours après la fin de la période.",
     "Result received more than 20 days after the end of the period.",
     "Respectez l'arrêté du 23 juin 2023, art. 13.", "Observe the order of 23 June 2023, art. 13."),
    ("D01", "R", "Dose négative, non numérique (point décimal, 3 décimales au plus) ou invraisemblable.",
     "Dose negative, not a number (decimal point, 3 decimals at most) or implausible.", *_CORRECT),
    ("D02", "R", "Grandeur incompatible avec l'emplacement ou le rayonnement.",
     "Quantity incompatible with the location or the radiation.", *_CORRECT),
    ("D03", "W", "Dose sous le seuil d'enregistrement ou hors du pas : gardée telle quelle, comptée 0 sous le seuil.",
     "Dose below the recording threshold or off the step: kept as sent, counted 0 below the threshold.",
     "Vérifiez l'arrondi.", "Check the rounding."),
    ("D04", "W", "Cette dose dépasse à elle seule une limite : dépassement ouvert.",
     "This dose alone exceeds a limit: an exceedance is opened.",
     "Le médecin du travail et le conseiller en radioprotection sont alertés.",
     "The physician and the radiation protection adviser are alerted."),
    ("D05", "R", "L'enregistrement à remplacer, annuler ou juger est inconnu, déjà remplacé, ou d'une autre personne.",
     "The record to replace, cancel or decide on is unknown, replaced already, or another person's.",
     "Corrigez la ligne ; pour changer de personne, le motif est IDENTITY ou BADGE_MIX_UP.",
     "Correct the row; to change the person, the motive is IDENTITY or BADGE_MIX_UP."),
    ("N01", "R", "Code absent de la nomenclature.", "Code not in the nomenclature.", *_CORRECT),
    ("N02", "W", "Code ancien, remplacé par le code en vigueur.", "Former code, replaced by the current one.",
     "Employez le code en vigueur (lake/reference/former_codes.csv).",
     "Use the current code (lake/reference/former_codes.csv)."),
    ("R01", "R", "Cet identifiant d'enregistrement a déjà servi pour un autre contenu.",
     "This record identifier was used before for other content.",
     "Donnez un nouvel identifiant.", "Give a new identifier."),
    ("R02", "D", "Enregistrement déjà tenu : la ligne n'est pas comptée deux fois.",
     "Record already held: the row is not counted twice.", *_NOTHING),
)  # fmt: skip

RULES: dict[str, Rule] = {code: Rule(code, *rest) for code, *rest in _BOOK}
