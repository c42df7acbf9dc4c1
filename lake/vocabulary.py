"""The words that files, tables and screens share: each a code with its French and its English label.

Codes of layouts and nomenclatures are the project's own: the official code lists are not public.
Sectors, occupations and senders are longer lists and stand in `lake/reference/`.
"""

from enum import StrEnum


class Word(StrEnum):
    """A code that knows how it is said on screen."""

    def __new__(cls, code: str, label_fr: str, label_en: str):
        word = str.__new__(cls, code)
        word._value_ = code
        word.label_fr = label_fr
        word.label_en = label_en
        return word

    def label(self, language: str = "fr") -> str:
        return self.label_en if language == "en" else self.label_fr

    @classmethod
    def codes(cls) -> list[str]:
        return [word.value for word in cls]


class Layout(Word):
    """Kinds of delivery file (project format v1, not the SISERI format)."""

    ETAB = "ETAB", "Établissements", "Establishments"
    TRAV = "TRAV", "Liste des travailleurs", "Worker list"
    LINK = "LINK", "Rapprochement d'identités", "Identity links"
    PASS = "PASS", "Dosimétrie à lecture différée", "Passive dosimetry"
    OPER = "OPER", "Dosimétrie opérationnelle", "Operational dosimetry"
    INTE = "INTE", "Exposition interne", "Internal dose"
    CORR = "CORR", "Décision médicale sur une dose", "Physician's decision on a dose"
    INQU = "INQU", "Suivi d'un dépassement", "Follow-up of an exceedance"
    EXAU = "EXAU", "Autorisation d'exposition exceptionnelle", "Authorisation of an exceptional exposure"
    RADN = "RADN", "Radon", "Radon"
    COSM = "COSM", "Rayonnement cosmique", "Cosmic radiation"
    URGE = "URGE", "Situation d'urgence radiologique", "Radiological emergency"


class Dosimetry(Word):
    """Family of the measurement; an emergency's E and E50 hold an internal part and are open to physicians only."""

    PASSIVE = "PASSIVE", "Lecture différée", "Passive"
    OPERATIONAL = "OPERATIONAL", "Opérationnelle", "Operational"
    INTERNAL = "INTERNAL", "Interne", "Internal"
    RADON = "RADON", "Radon", "Radon"
    COSMIC = "COSMIC", "Cosmique", "Cosmic"
    EMERGENCY = "EMERGENCY", "Situation d'urgence", "Emergency"
    EMERGENCY_INTERNAL = "EMERGENCY_INTERNAL", "Situation d'urgence, interne comprise", "Emergency, internal included"


class Quantity(Word):
    """What is measured; what the law limits is `LimitQuantity`."""

    HP10 = "HP10", "Hp(10)", "Hp(10)"
    HP3 = "HP3", "Hp(3)", "Hp(3)"
    HP007 = "HP007", "Hp(0,07)", "Hp(0.07)"
    E = "E", "E", "E"
    E50 = "E50", "E(50) engagée", "Committed E(50)"
    HT50 = "HT50", "HT(50) engagée", "Committed HT(50)"


class Radiation(Word):
    PHOTON = "PHOTON", "Photons", "Photons"
    BETA = "BETA", "Bêta", "Beta"
    NEUTRON = "NEUTRON", "Neutrons", "Neutrons"
    MIXED = "MIXED", "Photons et bêta", "Mixed photon and beta"
    ALPHA_INT = "ALPHA_INT", "Contamination interne", "Internal contamination"
    COSMIC = "COSMIC", "Cosmique", "Cosmic"
    RADON = "RADON", "Radon", "Radon"
    NOT_STATED = "NOT_STATED", "Rayonnement non précisé", "Radiation not stated"


class BodyLocation(Word):
    TRUNK = "TRUNK", "Poitrine", "Chest"
    BELT = "BELT", "Ceinture", "Belt"
    EYE = "EYE", "Œil", "Eye"
    HEAD_BAND = "HEAD_BAND", "Bandeau", "Head band"
    FINGER_L = "FINGER_L", "Doigt gauche", "Left finger"
    FINGER_R = "FINGER_R", "Doigt droit", "Right finger"
    WRIST_L = "WRIST_L", "Poignet gauche", "Left wrist"
    WRIST_R = "WRIST_R", "Poignet droit", "Right wrist"
    ANKLE_L = "ANKLE_L", "Cheville gauche", "Left ankle"
    ANKLE_R = "ANKLE_R", "Cheville droite", "Right ankle"
    SKIN_OTHER = "SKIN_OTHER", "Peau, autre endroit", "Other skin"
    ABDOMEN = "ABDOMEN", "Abdomen (grossesse)", "Abdomen (pregnancy)"


class BadgePosition(Word):
    NONE = "NONE", "Sans tablier", "No apron"
    UNDER_APRON = "UNDER_APRON", "Sous tablier", "Under apron"
    OVER_APRON = "OVER_APRON", "Sur tablier", "Over apron"


class DosimeterType(Word):
    TLD = "TLD", "Thermoluminescent", "Thermoluminescent"
    OSL = "OSL", "Luminescence stimulée optiquement", "Optically stimulated luminescence"
    RPL = "RPL", "Radiophotoluminescent", "Radiophotoluminescent"
    FILM = "FILM", "Film", "Film"
    TRACK = "TRACK", "Détecteur de traces", "Track detector"
    ALBEDO_N = "ALBEDO_N", "Albédo neutrons", "Neutron albedo"
    BUBBLE = "BUBBLE", "Détecteur à bulles", "Bubble detector"
    EPD = "EPD", "Dosimètre électronique", "Electronic dosimeter"
    TLD_RING = "TLD_RING", "Bague thermoluminescente", "Thermoluminescent ring"
    DIS = "DIS", "Stockage direct d'ions", "Direct ion storage"
    CALC = "CALC", "Calcul", "Calculation"


class ResultStatus(Word):
    MEASURED = "MEASURED", "Mesuré", "Measured"
    BELOW_THRESHOLD = "BELOW_THRESHOLD", "Sous le seuil d'enregistrement", "Below the recording threshold"
    ABSENT = "ABSENT", "Absence de résultat", "No result yet"
    LOST = "LOST", "Dosimètre perdu", "Lost dosimeter"
    DAMAGED = "DAMAGED", "Dosimètre endommagé", "Damaged dosimeter"
    NOT_RETURNED = "NOT_RETURNED", "Dosimètre non rendu", "Dosimeter not returned"
    ESTIMATED = "ESTIMATED", "Estimé", "Estimated"


class PeriodCode(Word):
    M = "M", "Mois", "Month"
    T = "T", "Trimestre", "Quarter"
    X = "X", "Autre période", "Other period"


class Situation(Word):
    PLANNED = "PLANNED", "Exposition planifiée", "Planned exposure"
    EXISTING = "EXISTING", "Exposition existante", "Existing exposure"
    SUR = "SUR", "Situation d'urgence radiologique", "Radiological emergency"


class RecordAction(Word):
    NEW = "NEW", "Nouveau", "New"
    REPLACE = "REPLACE", "Remplacement", "Replacement"
    CANCEL = "CANCEL", "Annulation", "Cancellation"


class Motive(Word):
    TYPING = "TYPING", "Erreur de saisie", "Typing error"
    IDENTITY = "IDENTITY", "Erreur d'identité", "Identity error"
    BADGE_MIX_UP = "BADGE_MIX_UP", "Échange de dosimètres", "Badges mixed up"
    NOT_WORN = "NOT_WORN", "Dosimètre non porté", "Badge not worn"
    LAB_RECALCULATION = "LAB_RECALCULATION", "Recalcul du laboratoire", "Recalculated by the laboratory"
    NOT_A_PERSON_DOSE = "NOT_A_PERSON_DOSE", "Dose non reçue par la personne", "Not received by the person"
    MEDICAL_INQUIRY = "MEDICAL_INQUIRY", "Enquête médicale", "Medical inquiry"
    OTHER = "OTHER", "Autre motif", "Other"


class Decision(Word):
    """What a physician decides on a dose after inquiry (arrêté du 23 juin 2023 art. 5 and 23)."""

    MAINTAIN = "MAINTAIN", "Maintenue", "Maintained"
    MODIFY = "MODIFY", "Modifiée", "Modified"
    CANCEL = "CANCEL", "Annulée", "Cancelled"


class InquiryEvent(Word):
    """What the register team writes down of an exceedance; what becomes of a dose is a physician's `Decision`."""

    NOTIFIED = "NOTIFIED", "Alerte transmise", "Alert sent"
    OPENED = "OPENED", "Enquête ouverte", "Inquiry opened"
    CONFIRMED = "CONFIRMED", "Dépassement confirmé", "Exceedance confirmed"


class AuthorisationAction(Word):
    """What the register team writes down of a labour inspector's authorisation (code du travail, art. R.4451-89)."""

    GRANT = "GRANT", "Accordée", "Granted"
    WITHDRAW = "WITHDRAW", "Retirée", "Withdrawn"


class ExceedanceState(Word):
    """How far the inquiry into an exceedance is (code du travail, art. R.4451-79 to -81)."""

    DETECTED = "detected", "Détecté", "Detected"
    NOTIFIED = "notified", "Alerte transmise", "Notified"
    UNDER_INQUIRY = "under_inquiry", "En enquête", "Under inquiry"
    CONFIRMED = "confirmed", "Confirmé", "Confirmed"
    MODIFIED = "modified", "Dose modifiée", "Dose modified"
    CANCELLED = "cancelled", "Dose annulée", "Dose cancelled"
    RETAINED_BY_DEFAULT = "retained_by_default", "Retenu par défaut", "Retained by default"


class LinkAction(Word):
    """What the register team does with two keys."""

    MERGE = "MERGE", "Rapprocher", "Merge"
    UNMERGE = "UNMERGE", "Séparer", "Unmerge"


class LinkMotive(Word):
    SAME_PERSON = "SAME_PERSON", "Une seule personne, deux numéros", "One person under two numbers"
    NUMBER_CORRECTED = "NUMBER_CORRECTED", "Numéro rectifié", "Number corrected"
    NOT_THE_SAME = "NOT_THE_SAME", "Deux personnes rapprochées à tort", "Two persons merged by mistake"
    OTHER = "OTHER", "Autre motif", "Other"


class AuthorRole(Word):
    BODY = "BODY", "Organisme de dosimétrie", "Dosimetry body"
    OPERATOR = "OPERATOR", "Exploitant", "Operator"
    PHYSICIAN = "PHYSICIAN", "Médecin du travail", "Occupational physician"
    EMPLOYER = "EMPLOYER", "Employeur", "Employer"
    REGISTER = "REGISTER", "Équipe du registre", "Register team"


class Category(Word):
    """Status of individual monitoring; NC and NR ended on 2024-01-31."""

    A = "A", "Catégorie A", "Category A"
    B = "B", "Catégorie B", "Category B"
    RADON = "RADON", "Radon", "Radon"
    SUR1 = "SUR1", "Urgence, groupe 1", "Emergency, group 1"
    SUR2 = "SUR2", "Urgence, groupe 2", "Emergency, group 2"
    NC = "NC", "Non classé", "Not classified"
    NR = "NR", "Non renseigné", "Not stated"


class Contract(Word):
    CDI = "CDI", "CDI", "Permanent"
    CDD = "CDD", "CDD", "Fixed-term"
    TEMP = "TEMP", "Intérim", "Temporary agency"
    NSAL = "NSAL", "Non-salarié", "Self-employed"
    FONCT = "FONCT", "Agent public", "Public servant"
    APPR = "APPR", "Apprenti", "Apprentice"
    STAG = "STAG", "Stagiaire", "Trainee"
    CHANTIER = "CHANTIER", "Contrat de chantier", "Site contract"
    MIL = "MIL", "Militaire", "Military"
    AUTRE = "AUTRE", "Autre", "Other"


class Sex(Word):
    M = "M", "Homme", "Male"
    F = "F", "Femme", "Female"


class IdentifierKind(Word):
    NIR = "NIR", "NIR", "NIR"
    NIA = "NIA", "Numéro identifiant d'attente", "Waiting number"


class ListAction(Word):
    """What a line of an establishment or worker list does."""

    ADD = "ADD", "Ajout", "Add"
    UPDATE = "UPDATE", "Mise à jour", "Update"
    CLOSE = "CLOSE", "Fin", "Close"


class Zone(Word):
    SURV = "SURV", "Zone surveillée", "Supervised"
    CTRL_GREEN = "CTRL_GREEN", "Contrôlée verte", "Controlled green"
    CTRL_YELLOW = "CTRL_YELLOW", "Contrôlée jaune", "Controlled yellow"
    CTRL_ORANGE = "CTRL_ORANGE", "Contrôlée orange", "Controlled orange"
    CTRL_RED = "CTRL_RED", "Contrôlée rouge", "Controlled red"


class IntakeDateKind(Word):
    KNOWN = "KNOWN", "Connue", "Known"
    ASSUMED = "ASSUMED", "Supposée", "Assumed"


class IntakeRoute(Word):
    INH = "INH", "Inhalation", "Inhalation"
    ING = "ING", "Ingestion", "Ingestion"
    WOUND = "WOUND", "Blessure", "Wound"
    SKIN = "SKIN", "Peau", "Skin"


class Organ(Word):
    LENS = "LENS", "Cristallin", "Lens of the eye"
    SKIN = "SKIN", "Peau", "Skin"
    EXTREMITIES = "EXTREMITIES", "Extrémités", "Extremities"
    THYROID = "THYROID", "Thyroïde", "Thyroid"
    BONE = "BONE", "Os", "Bone"
    LUNG = "LUNG", "Poumon", "Lung"
    OTHER = "OTHER", "Autre organe", "Other organ"


class RadonMethod(Word):
    AMBIENT = "AMBIENT", "Mesure d'ambiance", "Ambient measurement"
    PERSONAL_GAS = "PERSONAL_GAS", "Dosimètre individuel, gaz", "Personal, gas"
    PERSONAL_PAE = "PERSONAL_PAE", "Dosimètre individuel, énergie alpha potentielle", "Personal, potential alpha energy"


class CosmicMethod(Word):
    CALC = "CALC", "Calcul", "Calculation"
    BADGE = "BADGE", "Dosimètre", "Badge"


class EmergencyMethod(Word):
    MEASURED = "MEASURED", "Mesurée", "Measured"
    RECONSTRUCTED = "RECONSTRUCTED", "Reconstituée", "Reconstructed"


class EmergencyGroup(Word):
    """Groups of emergency workers (code du travail, art. R.4451-99)."""

    GROUP_1 = "1", "Groupe 1", "Group 1"
    GROUP_2 = "2", "Groupe 2", "Group 2"


class Nomenclature(Word):
    S1_2013 = "S1_2013", "Nomenclature 2013", "2013 nomenclature"
    S2_2023 = "S2_2023", "Nomenclature 2023", "2023 nomenclature"


class EstablishmentDomain(Word):
    CIVIL = "CIVIL", "Civil", "Civil"
    MILITARY = "MILITARY", "Défense", "Military"


class LimitQuantity(Word):
    """What the law limits, and the two readings shown beside it."""

    EFFECTIVE = "effective", "Dose efficace", "Effective dose"
    EFFECTIVE_EXTERNAL = "effective_external", "Dose efficace externe", "External effective dose"
    LENS = "lens", "Cristallin", "Lens of the eye"
    SKIN = "skin", "Peau", "Skin"
    EXTREMITIES = "extremities", "Extrémités", "Extremities"
    OPERATIONAL = "operational", "Dosimétrie opérationnelle", "Operational dosimetry"


class BilanDomain(Word):
    """Publication domains of the annual reports."""

    MEDICAL_DENTAL_VET = "MEDICAL_DENTAL_VET", "Médical, dentaire, vétérinaire", "Medical, dental, veterinary"
    NUCLEAR = "NUCLEAR", "Nucléaire", "Nuclear"
    NON_NUCLEAR_INDUSTRY = "NON_NUCLEAR_INDUSTRY", "Industrie non nucléaire", "Non-nuclear industry"
    RESEARCH_TEACHING = "RESEARCH_TEACHING", "Recherche et enseignement", "Research and teaching"
    NATURAL = "NATURAL", "Sources naturelles", "Natural sources"
    OTHER = "OTHER", "Autres", "Other"
    UNDETERMINED = "UNDETERMINED", "Non déterminé", "Undetermined"


class Role(Word):
    """Readers of the platform; the article of each stands in `registry/policy.py`."""

    WORKER = "WORKER", "Travailleur", "Worker"
    EMPLOYER = "EMPLOYER", "Employeur (CES)", "Employer"
    CRP = "CRP", "Conseiller en radioprotection", "Radiation protection adviser"
    PHYSICIAN = "PHYSICIAN", "Médecin du travail", "Occupational physician"
    HEALTH_STAFF = "HEALTH_STAFF", "Professionnel de santé au travail", "Occupational health staff"
    INSPECTOR = "INSPECTOR", "Inspecteur (travail, radioprotection)", "Inspector (labour, radiation protection)"
    BODY = "BODY", "Organisme de dosimétrie ou exploitant", "Dosimetry body or operator"
    AUTHORITY = "AUTHORITY", "Autorité (DGT, ASNR)", "Authority (DGT, ASNR)"
    RESEARCHER = "RESEARCHER", "Chercheur sous convention", "Researcher under a convention"
    REGISTER = "REGISTER", "Équipe du registre", "Register team"
    AUDITOR = "AUDITOR", "Auditeur", "Auditor"
