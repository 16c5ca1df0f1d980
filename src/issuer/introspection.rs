//! Asking the tenant about a token (RFC 7662).

use std::sync::Arc;

use super::client_auth::{ClientAuth, form};
use super::{ClientTerms, Issuer, Want};
use crate::error::{Error, Fault, OpError, TokenError, ValidationError};
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
    let mut members =
        vec![("token", token.clone()), ("token_type_hint", "access_token".to_owned())];
    members.extend(credentials.form);
    request.form = Some(form(&members));
    if let Some(authorization) = credentials.authorization {
        request.headers.push(("authorization", authorization));
    }
    let response = request.send(issuer.transport(), terms.deadline).await?;
    match response.status {
        200 => claims(&request, &response).map(Arc::new),
        400 | 401 => Err(refusal(&response, &token).into()),
        status => Err(request.failure(Fault::Status(status), Some(&response)).into()),
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

/// RFC 6749 §5.2, in the body; where there is none, what the status stands for. What repeats the
/// token, or is no error code, goes no further.
fn refusal(response: &Response, token: &str) -> OpError {
    let members = Members::parse_bytes(&response.body).unwrap_or_default();
    let text = |name| members.text(name).filter(|text| !text.contains(token));
    let is_code = |code: &str| {
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        !code.is_empty() && code.len() <= 64 && code.bytes().all(allowed)
    };
    let implied = if response.status == 401 { "invalid_client" } else { "invalid_request" };
    let error = text("error").filter(|code| is_code(code));
    let description = text("error_description").filter(|text| text.len() <= LONGEST_DESCRIPTION);
    let mut raw = response.raw();
    if raw.body.contains(token) {
        Arc::make_mut(&mut raw).body.clear();
    }
    OpError {
        error: error.map_or_else(|| implied.to_owned(), |code| code.into_owned()),
        description: description.map(|text| text.into_owned()),
        raw,
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
