//! Asking the tenant about a token (RFC 7662).

use std::sync::Arc;

use url::form_urlencoded::byte_serialize;

use super::client_auth::{ClientAuth, form};
use super::{ClientTerms, Issuer, Want};
use crate::error::{Error, Fault, OpError, Raw, TokenError, ValidationError};
use crate::http::{Request, Response};
use crate::json::Members;

const WHAT: &str = "token introspection";

/// The claims of an active token, without `active`, as JSON text.
pub async fn introspect(
    issuer: Arc<Issuer>,
    auth: Arc<ClientAuth>,
    trust_store: Option<String>,
    token: String,
    now: f64,
    terms: ClientTerms,
) -> Result<Arc<String>, Error> {
    let metadata = issuer.metadata(terms, Want::Fresh).await?;
    let endpoint = metadata.introspection_endpoint(
        issuer.tenant(),
        auth.is_by_tls(),
        trust_store.as_deref(),
    )?;
    let mut request = Request::get(WHAT, endpoint);
    let credentials = auth
        .credentials(now)
        .ok_or_else(|| request.failure(Fault::Local("The client assertion can't be made"), None))?;
    let mut members = vec![("token", token), ("token_type_hint", "access_token".to_owned())];
    members.extend(credentials.form);
    request.form = Some(form(&members));
    let sent = Sent::new(&members, credentials.authorization.as_ref());
    if let Some(authorization) = credentials.authorization {
        request.headers.push(("authorization", authorization));
    }
    let response = request.send(issuer.transport(), terms.deadline).await?;
    match response.status {
        200 => claims(&request, &response).map(Arc::new),
        400 | 401 => Err(refusal(&response, &sent).into()),
        status => {
            let mut failure = request.failure(Fault::Status(status), Some(&response));
            failure.raw = Some(sent.raw(&response));
            Err(failure.into())
        }
    }
}

/// What went to the tenant and nobody else may see. A page that shows a developer what came in, or a
/// gateway's, may repeat it, and errors end up in logs.
struct Sent(Vec<String>);

impl Sent {
    /// A secret under this many bytes is a word that may stand in any sentence.
    const WORD: usize = 8;

    fn new(members: &[(&'static str, String)], authorization: Option<&String>) -> Self {
        let secret = |(name, value): &&(&str, String)| {
            matches!(*name, "token" | "client_secret" | "client_assertion")
                && (*name == "token" || value.len() >= Self::WORD)
        };
        let values = members.iter().filter(secret).map(|(_, value)| value);
        let encoded = |value: &String| byte_serialize(value.as_bytes()).collect();
        let values = values.flat_map(|value| [value.clone(), encoded(value)]);
        // `Basic` and what is after it.
        let basic = authorization.and_then(|value| value.split(' ').next_back());
        Self(values.chain(basic.map(ToOwned::to_owned)).collect())
    }

    fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|secret| text.contains(secret))
    }

    /// The answer as an error may show it: without a body, and without headers, that repeat it. The
    /// whole body is looked at, since the part that is kept may end within the token.
    fn raw(&self, response: &Response) -> Arc<Raw> {
        let mut raw = response.raw();
        let kept = Arc::make_mut(&mut raw);
        kept.headers.retain(|(_, value)| !self.is_in(value));
        if self.is_in(&String::from_utf8_lossy(&response.body)) {
            kept.body.clear();
        }
        raw
    }
}

/// RFC 7662 §2.2. `active` is a boolean, and only `true` is true.
fn claims(request: &Request, response: &Response) -> Result<String, Error> {
    let members = Members::parse_bytes(&response.body).map_err(|_| {
        let fault =
            Fault::Unreadable("The answer is not a JSON object that names each member once");
        // The answer may hold claims, and is not shown.
        let mut failure = request.failure(fault, None);
        failure.retry_after = response.retry_after();
        failure
    })?;
    match members.get::<bool>("active") {
        Some(Ok(true)) => Ok(members.without("active")),
        _ => Err(TokenError::Inactive.into()),
    }
}

/// The longest description that is handed on, in bytes.
const LONGEST_DESCRIPTION: usize = 1024;

/// RFC 6749 §5.2, in the body; where there is none, what the status stands for. What repeats what
/// was sent, or is no error code, goes no further.
fn refusal(response: &Response, sent: &Sent) -> OpError {
    let members = Members::parse_bytes(&response.body).unwrap_or_default();
    let text = |name| members.text(name).filter(|text| !sent.is_in(text));
    let is_code = |code: &str| {
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        !code.is_empty() && code.len() <= 64 && code.bytes().all(allowed)
    };
    let implied = if response.status == 401 { "invalid_client" } else { "invalid_request" };
    let error = text("error").filter(|code| is_code(code));
    let description = text("error_description").filter(|text| text.len() <= LONGEST_DESCRIPTION);
    OpError {
        error: error.map_or_else(|| implied.to_owned(), |code| code.into_owned()),
        description: description.map(|text| text.into_owned()),
        raw: sent.raw(response),
    }
}

/// What a client without credentials answers to an opaque token.
#[must_use]
pub fn not_configured() -> ValidationError {
    ValidationError::new(
        "clientId is required to introspect access tokens (set the option, or the environment \
         variable MONOCLOUD_BACKEND_CLIENT_ID)",
    )
}
