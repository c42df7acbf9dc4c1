"""Every error that a person meets, with the exit code and HTTP status each maps to.

DosilakeError
├── UsageError            wrong words on the command line or in a request        exit 2, HTTP 400
├── SettingError          a setting is unknown or has a bad value                exit 1, HTTP 500
├── StorageError          a folder, disk, key or database cannot be used         exit 1, HTTP 503
├── DeliveryRefused       a whole delivery file is refused (codes F01 …)         exit 1, HTTP 422
├── IdentityConflict      an identity cannot be settled by the machine           exit 1, HTTP 409
├── ModelError            a model or its sidecar is wrong                        exit 1, HTTP 500
├── GateRefused           a snapshot failed the quality gate                     exit 1, HTTP 500
├── NoSnapshot            nothing has been published yet                         exit 1, HTTP 503
├── NotSignedIn           nobody is signed in                                    exit 1, HTTP 401
└── AccessDenied          the policy says no, with the article and the way out   exit 1, HTTP 403

A message says what happened, where, by which rule and what to do next. It never holds a NIR, a name or a dose.
"""


class DosilakeError(Exception):
    """Root of the errors that are shown without a traceback: one sentence, then one next step."""

    exit_code = 1
    http_status = 500
    title = "Erreur"

    def __init__(self, what: str, *, next_step: str = "", code: str = ""):
        super().__init__(f"{what} {next_step}".strip())
        self.what = what
        self.next_step = next_step
        self.code = code


class UsageError(DosilakeError):
    exit_code = 2
    http_status = 400
    title = "Demande mal formée"


class SettingError(DosilakeError):
    title = "Paramètre invalide"


class StorageError(DosilakeError):
    http_status = 503
    title = "Stockage indisponible"


class DeliveryRefused(DosilakeError):
    http_status = 422
    title = "Livraison refusée"


class IdentityConflict(DosilakeError):
    http_status = 409
    title = "Identité à régler"


class ModelError(DosilakeError):
    title = "Modèle incorrect"


class GateRefused(DosilakeError):
    title = "Publication refusée par le contrôle qualité"


class NoSnapshot(DosilakeError):
    http_status = 503
    title = "Aucune publication"


class NotSignedIn(DosilakeError):
    http_status = 401
    title = "Connexion requise"


class AccessDenied(DosilakeError):
    http_status = 403
    title = "Accès refusé"
