"""An address and a password for a bearer token."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from lake.errors import NotSignedIn
from registry.accounts import check_password
from registry.sessions import Kind
from registry_api.ground import On

router = APIRouter(tags=["tokens"])


class Credentials(BaseModel):
    email: str = Field(max_length=254, description="The account's address.")
    password: str = Field(max_length=1024, description="The account's password.")


class Token(BaseModel):
    access_token: str = Field(description="Send it as `Authorization: Bearer …`; it cannot be had again.")
    token_type: str = "bearer"
    expires_at: datetime = Field(description="When it ends (UTC).")


@router.post("/tokens", status_code=201)
def open_token(credentials: Credentials, ground: On) -> Token:
    """Open a token. Unknown, wrong, locked and closed accounts get the same answer in the same time."""
    try:
        account_id = check_password(
            ground.engine, credentials.email, credentials.password, allow_demo=ground.settings.demo
        )
    except NotSignedIn:
        ground.audit.record(None, "sign_in", detail="token", allowed=False)
        raise
    secret, expires_at = ground.sessions.open(account_id, Kind.TOKEN)
    ground.audit.record(ground.viewer_of_secret(secret, Kind.TOKEN), "sign_in", detail="token")
    return Token(access_token=secret, expires_at=expires_at)
