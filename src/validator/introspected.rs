//! The steps for a token that its issuer is asked about (contract §5), and for claims that came without a
//! signature in another way.

use std::sync::Arc;
use std::time::Duration;

use super::request::{Kind, OwnedRequest, Request};
use super::signature_cache::TokenDigest;
use super::{TrustedIssuer, Validator, Verdict, Way, read_values};
use crate::error::{Error, TokenError};
use crate::issuer::introspection;
use crate::token::claim_rules::{ClaimRule, Expiration};
use crate::token::claims::Claims;
use crate::token::jws::Compact;

impl Validator {
    /// Whether a token may be introspected at all.
    pub(super) fn check_introspection(
        &self,
        trusted: &TrustedIssuer,
        token: &str,
    ) -> Result<(), Error> {
        trusted.credentials()?;
        self.check_size(token)
    }

    /// Asks the issuer about a token. Concurrent calls for one token share one request. `began`: since when the
    /// request waits.
    pub(super) async fn introspect(&self, request: &OwnedRequest, began: Duration) -> Verdict {
        let trusted = self.introspecting(&request.token);
        self.check_introspection(trusted, &request.token)?;
        let text = self.ask_issuer(trusted, request, began).await?;
        let text = String::clone(&text);
        let later = self.after_waiting(&request.view(), began);
        self.check_introspected(trusted, text, &later, Expiration::Optional)
    }

    /// The issuer's claims for a token that is active; nothing else of them is checked.
    pub(super) async fn ask_issuer(
        &self,
        trusted: &TrustedIssuer,
        request: &OwnedRequest,
        began: Duration,
    ) -> Result<Arc<String>, Error> {
        let auth = trusted.credentials()?;
        let digest = TokenDigest::of(&request.token);
        let work = || {
            trusted.issuer().introspect(auth, request.token.clone(), request.now, trusted.terms())
        };
        let answer = self.introspections.join(digest, || None, work).await;
        let later = self.after_waiting(&request.view(), began);
        answer.map_err(|error| match error {
            Error::Token(TokenError::Inactive) if self.has_not_expired(&later) => {
                TokenError::InactiveOrNotPermitted.into()
            }
            error => error,
        })
    }

    /// The claims that came without a signature, from the caller's cache or from the caller's own
    /// introspection: read and checked as an introspection response is.
    pub fn check_claims(
        &self,
        claims: &str,
        request: &Request<'_>,
        expiration: Expiration,
    ) -> Verdict {
        let claims = introspection::without_nulls(claims)?;
        let trusted = match self.way(request.token, Kind::Detect) {
            Way::Introspection(trusted) => trusted,
            Way::Jwt => self.by_index(self.index_of(request.token)?).ok_or(Error::Defect)?,
        };
        self.check_introspected(trusted, claims, request, expiration)
    }

    pub(super) fn check_introspected(
        &self,
        trusted: &TrustedIssuer,
        text: String,
        request: &Request<'_>,
        expiration: Expiration,
    ) -> Verdict {
        let claims = Claims::parse(&text)?;
        let values = read_values(&claims, trusted, request.requirements, None);
        let demands = self.demands(trusted, request, expiration);
        values.check_all(ClaimRule::TOKEN, &demands)?;
        self.judge(&values, request, &demands)?.verdict(text, Ok)
    }

    /// Whether a token is a JWT whose own `exp` has not passed.
    fn has_not_expired(&self, request: &Request<'_>) -> bool {
        let payload = Compact::split(request.token).and_then(|token| token.payload());
        payload.is_ok_and(|payload| {
            let exp = Claims::parse(&payload).ok().and_then(|claims| claims.expiration());
            exp.is_some_and(|exp| self.moment(request.now).before(exp))
        })
    }
}
