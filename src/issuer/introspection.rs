//! Token introspection (RFC 7662).

use std::sync::Arc;

use super::client_auth::{ClientAuth, form};
use super::documents::{ClientTerms, Documents};
use super::introspection_limiter::{Full, IntrospectionLimiter};
use super::refreshing_document::Want;
use crate::error::{Error, Fault, HttpError, OpError, Raw, TokenError};
use crate::http::{Request, Response};
use crate::json::Members;
use crate::secret::Secret;
use crate::token::claims::Claims;

const WHAT: &str = "token introspection";

/// The claims of an active token, without `active`, as JSON text. `now`: seconds since 1970.
pub(super) async fn introspect(
    documents: Arc<Documents>,
    limiter: Arc<IntrospectionLimiter>,
    auth: Arc<ClientAuth>,
    token: String,
    now: f64,
    terms: ClientTerms,
) -> Result<Arc<String>, Error> {
    let began = documents.clock().elapsed();
    let metadata = documents.metadata(terms, Want::Fresh).await?;
    let endpoint = auth.introspection_endpoint(&metadata, documents.tenant())?;
    let mut request = Request::get(WHAT, endpoint);
    let _place = limiter.enter(terms.introspections, terms.deadline).await.map_err(|Full| {
        let failure = request.failure(Fault::IntrospectionLimit, None);
        HttpError { retry_after: Some(1), ..failure }
    })?;
    // An assertion expires after a minute, and the wait for metadata and a place may take longer.
    let now = now + documents.clock().elapsed().saturating_sub(began).as_secs_f64();
    let credentials = auth
        .credentials(now)
        .ok_or_else(|| request.failure(Fault::Local("The client assertion can't be made"), None))?;
    let mut members = vec![("token", token.into()), ("token_type_hint", "access_token".into())];
    members.extend(credentials.form);
    request.form = Some(form(&members));
    let sent = Sent::new(&members, credentials.authorization.as_ref());
    if let Some(authorization) = credentials.authorization {
        request.headers.push(("authorization", authorization));
    }
    let response = request
        .send(documents.transport(), terms.deadline)
        .await
        // The response is too long.
        .map_err(|failure| HttpError { raw: failure.raw.map(|raw| sent.head(raw)), ..failure })?;
    match response.status {
        200 => claims(&response).map(Arc::new).map_err(|why| match why {
            NoClaims::Inactive => TokenError::Inactive.into(),
            NoClaims::Unreadable => {
                let fault = Fault::Unreadable(
                    "The answer is not a JSON object that names each member once",
                );
                let failure = request.failure(fault, Some(&response));
                HttpError { raw: failure.raw.map(|raw| sent.head(raw)), ..failure }.into()
            }
        }),
        400 | 401 => Err(refusal(&response, &sent).into()),
        status => {
            let failure = request.failure(Fault::Status(status), Some(&response));
            Err(HttpError { raw: Some(sent.raw(&response)), ..failure }.into())
        }
    }
}

/// The secrets of a request. An answer may repeat them (a debug page, say), and errors end up in logs.
struct Sent(Vec<Secret>);

impl Sent {
    /// A secret of fewer bytes may be an ordinary word of any text.
    const WORD: usize = 8;

    fn new(members: &[(&'static str, Secret)], authorization: Option<&Secret>) -> Self {
        let secret = |(name, value): &&(&str, Secret)| {
            matches!(*name, "token" | "client_secret" | "client_assertion")
                && (*name == "token" || value.len() >= Self::WORD)
        };
        let values = members.iter().filter(secret).map(|(_, value)| value);
        let values = values.flat_map(|value| [value.clone(), Secret::form_encoded(value)]);
        // The credentials after `Basic`.
        let basic = authorization.and_then(|value| value.split(' ').next_back());
        Self(values.chain(basic.map(Secret::from)).collect())
    }

    fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(&**secret))
    }

    /// The response as an error shows it: without a body or a header that contains a secret of the request.
    /// The whole body is searched, because the part that is kept may end within the secret.
    fn raw(&self, response: &Response) -> Arc<Raw> {
        let raw = response.raw();
        if self.is_in(&String::from_utf8_lossy(&response.body)) {
            return self.head(raw);
        }
        self.without_sent_headers(raw)
    }

    /// The same without the body: for a response that may hold claims.
    fn head(&self, mut raw: Arc<Raw>) -> Arc<Raw> {
        Arc::make_mut(&mut raw).body.clear();
        self.without_sent_headers(raw)
    }

    fn without_sent_headers(&self, mut raw: Arc<Raw>) -> Arc<Raw> {
        Arc::make_mut(&mut raw).headers.retain(|(_, value)| !self.is_in(value));
        raw
    }
}

/// Why a response of status 200 has no claims.
enum NoClaims {
    Inactive,
    Unreadable,
}

/// RFC 7662 §2.2. `active` is a boolean, and only `true` is true. A member that is `null` counts as
/// absent.
fn claims(response: &Response) -> Result<String, NoClaims> {
    let members = Members::parse_bytes(&response.body).map_err(|_| NoClaims::Unreadable)?;
    match members.get::<bool>("active") {
        Some(Ok(true)) => Ok(claims_of(&members)),
        _ => Err(NoClaims::Inactive),
    }
}

fn claims_of(members: &Members<'_>) -> String {
    members.only(|name, text| name != "active" && text != "null")
}

/// The same for claims from another source than the tenant's response, where `active` may be absent.
pub fn without_nulls(claims: &str) -> Result<String, TokenError> {
    let claims = Claims::parse(claims)?;
    match claims.members().get::<bool>("active") {
        None | Some(Ok(true)) => Ok(claims_of(claims.members())),
        Some(_) => Err(TokenError::Inactive),
    }
}

/// The longest `error_description` that is kept, in bytes.
const LONGEST_DESCRIPTION: usize = 1024;

/// The OAuth error of the body (RFC 6749 §5.2), or the one that the status implies. A member that contains
/// a secret of the request, or is no error code, counts as absent.
fn refusal(response: &Response, sent: &Sent) -> OpError {
    let members = Members::parse_bytes(&response.body).unwrap_or_default();
    let text = |name| members.text(name).filter(|text| !sent.is_in(text));
    let is_code = |code: &str| {
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        !code.is_empty() && code.len() <= 64 && code.bytes().all(allowed)
    };
    let error = text("error").filter(|code| is_code(code));
    let description = text("error_description").filter(|text| text.len() <= LONGEST_DESCRIPTION);
    let (implied, reading) = match (&error, response.status) {
        (None, 400) => ("introspection_failed", Some("Token introspection failed")),
        _ => ("invalid_client", None),
    };
    OpError {
        error: error.map_or_else(|| implied.to_owned(), |code| code.into_owned()),
        description: description.map(|text| text.into_owned()).or(reading.map(ToOwned::to_owned)),
        raw: sent.raw(response),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        let (status_text, headers) = (String::new(), vec![]);
        Response { status, status_text, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_member_that_is_null_counts_as_absent() {
        let body =
            r#"{"active":true,"sub":null,"exp": null ,"a":{"b":null},"c":"null","d":[null]}"#;
        let left = claims(&answer(200, body)).ok();
        assert_eq!(left.as_deref(), Some(r#"{"a":{"b":null},"c":"null","d":[null]}"#));
        assert!(matches!(claims(&answer(200, r#"{"active":null}"#)), Err(NoClaims::Inactive)));
        let twice = r#"{"active":true,"sub":null,"sub":"x"}"#;
        assert!(matches!(claims(&answer(200, twice)), Err(NoClaims::Unreadable)));
    }

    #[test]
    fn a_refusal_without_an_error_gets_the_one_of_its_status() {
        let sent = Sent::new(&[("token", "opaque".into())], None);
        let of = |status, body| {
            let error = refusal(&answer(status, body), &sent);
            (error.error, error.description)
        };
        let described = |error: &str, description: &str| {
            (error.to_owned(), Some(description.to_owned()).filter(|text| !text.is_empty()))
        };
        for body in ["", "null", "<h1>No</h1>", "{}", r#"{"error":1}"#, r#"{"error":"opaque"}"#] {
            assert_eq!(of(401, body), described("invalid_client", ""), "{body}");
            let expected = described("introspection_failed", "Token introspection failed");
            assert_eq!(of(400, body), expected, "{body}");
        }
        let body = r#"{"error":"invalid_request"}"#;
        assert_eq!(of(400, body), described("invalid_request", ""));
        let body = r#"{"error_description":"no token"}"#;
        assert_eq!(of(400, body), described("introspection_failed", "no token"));
    }

    #[test]
    fn what_was_sent_is_in_no_raw_answer() {
        let sent = Sent::new(&[("token", "opaque".into())], None);
        let mut response = answer(500, "<p>opaque</p>");
        response.headers = ["opaque", "fine"].map(|it| ("x".to_owned(), it.to_owned())).into();
        let raw = sent.raw(&response);
        assert_eq!((raw.body.as_str(), raw.headers.len()), ("", 1));
        response.body = b"<p>no</p>".to_vec();
        assert_eq!(sent.raw(&response).body, "<p>no</p>");
        assert_eq!(sent.head(response.raw()).body, "");
    }
}
