//! How the claims of one issuer's tokens are read: which claim holds what, and what it is compared with.

use crate::token::claim_path::ClaimPath;
use crate::token::claims::{Claims, group_names};
use crate::token::required_claims::RequiredClaims;

/// The audiences of which a token needs one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Audience {
    /// One of these, byte for byte.
    AnyOf(Vec<String>),
    /// `audience: false`: the issuer's access tokens have no `aud`, and a token that has one is another.
    Absent,
}

/// The settings by which the claims of one issuer's tokens are read and compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimReading {
    /// `iss`, byte for byte.
    pub issuer: String,
    /// `audience`.
    pub audience: Audience,
    /// `clientIds`; `None` where any client will do.
    pub client_ids: Option<Vec<String>>,
    /// `scopesClaim`.
    pub scopes_claim: ClaimPath,
    /// `groupOptions.groupsClaim`.
    pub groups_claim: ClaimPath,
    /// `requiredClaims`.
    pub required_claims: RequiredClaims,
}

impl ClaimReading {
    pub(super) fn audience_matches(&self, claims: &Claims<'_>) -> bool {
        match &self.audience {
            Audience::AnyOf(audiences) => claims.is_for(audiences),
            Audience::Absent => !claims.members().has("aud"),
        }
    }

    pub(super) fn client_matches(&self, claims: &Claims<'_>) -> bool {
        let Some(allowed) = &self.client_ids else { return true };
        claims.client().is_some_and(|client| allowed.iter().any(|one| *one == client))
    }

    /// The scopes of a token. `scope` is a space-delimited string; another claim may be an array.
    #[must_use]
    pub fn scopes(&self, claims: &Claims<'_>) -> Scopes {
        let Some(text) = self.scopes_claim.find(claims) else { return Scopes::None };
        if let Ok(scopes) = serde_json::from_str::<Box<str>>(text) {
            return Scopes::Text(scopes);
        }
        if self.scopes_claim.as_str() == "scope" {
            return Scopes::None;
        }
        serde_json::from_str(text).map_or(Scopes::None, Scopes::List)
    }

    /// The groups of a token, if the groups claim is an array.
    #[must_use]
    pub fn groups(&self, claims: &Claims<'_>) -> Option<Box<[Box<str>]>> {
        group_names(self.groups_claim.find(claims)?)
    }
}

/// The scopes that a token has.
#[derive(Debug, Clone, PartialEq)]
pub enum Scopes {
    /// No claim, or one of another type.
    None,
    /// Scopes with spaces between them.
    Text(Box<str>),
    /// One scope in each element.
    List(Box<[Box<str>]>),
}

impl Scopes {
    /// Each scope.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (text, list) = match self {
            Self::None => (None, None),
            Self::Text(text) => (Some(text), None),
            Self::List(list) => (None, Some(list)),
        };
        let words = text.into_iter().flat_map(|text| text.split(' '));
        let entries = list.into_iter().flat_map(|list| list.iter().map(|scope| &**scope));
        words.chain(entries).filter(|scope| !scope.is_empty())
    }

    pub(super) fn has(&self, scope: &str) -> bool {
        self.iter().any(|granted| granted == scope)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Text(text) => text.len(),
            Self::List(list) => list.iter().map(|scope| size_of_val(scope) + scope.len()).sum(),
        }
    }
}
