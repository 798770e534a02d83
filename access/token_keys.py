"""All keys that tokens are checked with: those of the settings, and those of a published key set."""

from access.compact_token import CompactToken
from access.jwks_book import JwksBook
from access.pem_keys import read_pem_keys
from access.settings import AccessSettings
from access.token_error import TokenError, TokenFault
from access.token_key import ALGORITHMS, HS256, TokenKey, secret_key


class TokenKeys:
    """Finds the key of a token and checks its signature."""

    def __init__(self, settings: AccessSettings, jwks: JwksBook | None = None) -> None:
        if settings.jwt_jwks_url is not None and jwks is None:
            raise ValueError("JWT_JWKS_URL is set, and nothing was given that reads it")
        self._jwks = jwks
        self._own: dict[str, list[TokenKey]] = {algorithm: [] for algorithm in ALGORITHMS}
        if settings.jwt_hmac_secret is not None:
            self._own[HS256].append(secret_key(settings.jwt_hmac_secret.get_secret_value().encode()))
        if settings.jwt_public_keys is not None:
            for key in read_pem_keys(settings.jwt_public_keys):
                self._own[key.algorithm].append(key)

    def check(self, token: CompactToken) -> None:
        """Raises TokenError unless a key that we know signed it."""
        own = self._own.get(token.algorithm)
        if own is None:
            raise TokenError(TokenFault.MALFORMED, f"a token is signed with {', '.join(ALGORITHMS)}")
        published = None if self._jwks is None else self._jwks.find(token.algorithm, token.key_id)
        keys = own if published is None else [published, *own]
        for key in keys:
            if key.signed(token):
                return
        if published is None and (self._may_be_published(token) or not own):
            raise TokenError(TokenFault.UNKNOWN_KEY, "no key is known that could have signed it")
        raise TokenError(TokenFault.BAD_SIGNATURE, "the signature is not ours")

    async def learn(self, token: CompactToken) -> None:
        """Returns when there may be a key for the token. Raises TokenError (unknown key), KeysUnavailable."""
        if self._jwks is None or not self._may_be_published(token):
            raise TokenError(TokenFault.UNKNOWN_KEY, "no key is known that could have signed it")
        await self._jwks.learn(token.algorithm, token.key_id)

    def _may_be_published(self, token: CompactToken) -> bool:
        return self._jwks is not None and token.algorithm != HS256 and token.key_id is not None
