//! One issuer whose tokens a client accepts, with the client's settings for it.

use std::sync::{Arc, OnceLock};

use super::Verdict;
use crate::config::Config;
use crate::error::{Error, ValidationError};
use crate::issuer::client_auth::{ClientAuth, Credible};
use crate::issuer::{ClientTerms, Issuer, Want};
use crate::token::binding::Binding;
use crate::token::claim_reading::ClaimReading;
use crate::token::claim_rules::Requirements;

/// An issuer, and how its tokens are validated.
#[derive(Debug)]
pub struct TrustedIssuer {
    config: Config,
    shared: Arc<Issuer>,
    /// Replaces the shared issuer once the caller has supplied metadata, which is this client's alone.
    own: OnceLock<Arc<Issuer>>,
    terms: ClientTerms,
    /// The client's credentials, or the reason why it can't introspect.
    client_auth: Credible,
}

impl TrustedIssuer {
    pub(super) fn new(config: Config, issuer: Arc<Issuer>) -> Result<Self, ValidationError> {
        Ok(Self {
            shared: issuer,
            own: OnceLock::new(),
            terms: ClientTerms::new(&config),
            client_auth: ClientAuth::new(&config)?,
            config,
        })
    }

    /// The client's settings for this issuer.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// How the claims of its tokens are read.
    #[must_use]
    pub fn reading(&self) -> &ClaimReading {
        &self.config.reading
    }

    /// The client's terms for its documents.
    #[must_use]
    pub fn terms(&self) -> ClientTerms {
        self.terms
    }

    /// Its documents and its introspection endpoint.
    #[must_use]
    pub fn issuer(&self) -> &Arc<Issuer> {
        self.own.get().unwrap_or(&self.shared)
    }

    /// Takes a metadata document that the caller supplies.
    pub fn adopt_metadata(&self, text: String) -> Result<(), Error> {
        Ok(self.own.get_or_init(|| self.shared.separate()).adopt_metadata(text)?)
    }

    /// `getMetadata`: the document as text.
    pub async fn metadata(&self, want: Want) -> Verdict {
        self.issuer().metadata(self.terms, want).await.map(|metadata| metadata.text.clone())
    }

    /// `getJwks`: the document as text.
    pub async fn jwks(&self, want: Want) -> Verdict {
        self.issuer().keys(self.terms, want).await.map(|keys| keys.text.clone())
    }

    /// Credentials for introspection, or why there are none.
    pub(super) fn credentials(&self) -> Result<Arc<ClientAuth>, Error> {
        Ok(self.client_auth.clone()?)
    }

    /// How binding is checked on a route.
    pub(super) fn binding(&self, requirements: &Requirements) -> Binding {
        if requirements.token_alone {
            return Binding::Ignored;
        }
        match (requirements.binding, self.config.binding) {
            // Under a profile a route does not take checks away.
            (Some(Binding::NotChecked | Binding::Ignored), binding)
                if self.config.profile.is_some() =>
            {
                binding
            }
            // A route that checks no certificate does not undo what the client ignores.
            (Some(Binding::NotChecked), Binding::Ignored) => Binding::Ignored,
            (Some(binding), _) => binding,
            (None, binding) => binding,
        }
    }
}
