//! One JSON Web Key (RFC 7517) becomes one parsed key, or the reason why it can't be used. The work
//! is done once, when the set arrives; a token only picks a key and verifies.

use aws_lc_rs::signature::VerificationAlgorithm;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};

use crate::error::TokenError;
use crate::json::Members;
use crate::token::jws::{Algorithm, Header, decode};

/// RSA moduli that are accepted, in bits: RFC 7518 §3.3 asks for 2048, and a stranger's 16384-bit
/// key must not be able to buy itself our processor.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The most keys of one set that are looked at.
pub const MOST_KEYS: usize = 1024;

/// A public key that can verify signatures.
#[derive(Debug)]
pub struct Key {
    id: Option<String>,
    /// One parsed form for each algorithm that this key may be used with.
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
    /// The key's own numbers: two entries of one key are one key.
    material: Vec<u8>,
}

/// Why a member of a key set is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unusable {
    /// No object, or a member is named twice or mistyped.
    Malformed,
    /// `kty` is none that verifies our algorithms: `oct`, post-quantum `AKP`, …
    KeyType,
    /// `crv` is none of P-256, P-384, P-521, Ed25519.
    Curve,
    /// `use` or `key_ops` say that it is for something else.
    Purpose,
    /// `alg` is none that is accepted, or does not go with the key.
    Algorithm,
    /// An RSA key under 2048 bits or over 8192, or with an exponent that is 1, even or huge; an Ed25519
    /// key of small order.
    Strength,
    /// Its numbers are no point of the curve, or no RSA key.
    Material,
}

impl Unusable {
    /// The stable machine word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::KeyType => "unsupported_key_type",
            Self::Curve => "unsupported_curve",
            Self::Purpose => "not_for_signatures",
            Self::Algorithm => "unsupported_algorithm",
            Self::Strength => "weak_or_oversized",
            Self::Material => "invalid_key",
        }
    }
}

impl Key {
    /// Reads one member of `keys`.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let jwk = Members::parse(text).map_err(|_| Unusable::Malformed)?;
        let string = |name: &str| match jwk.get::<String>(name) {
            None => Ok(None),
            Some(value) => value.map(Some).map_err(|_| Unusable::Malformed),
        };
        let number = |name: &str| -> Result<Vec<u8>, Unusable> {
            decode(&string(name)?.ok_or(Unusable::Malformed)?).ok_or(Unusable::Malformed)
        };

        let key_type = string("kty")?.ok_or(Unusable::Malformed)?;
        let (kind, material) = match key_type.as_str() {
            "RSA" => (Kind::Rsa, Material::rsa(&number("n")?, &number("e")?)?),
            "EC" => {
                let kind = Kind::curve(&string("crv")?.ok_or(Unusable::Malformed)?)?;
                (kind, Material::point(kind, &number("x")?, &number("y")?)?)
            }
            "OKP" => {
                if string("crv")?.as_deref() != Some("Ed25519") {
                    return Err(Unusable::Curve);
                }
                (Kind::Ed25519, Material::ed25519(number("x")?)?)
            }
            _ => return Err(Unusable::KeyType),
        };

        if string("use")?.is_some_and(|purpose| purpose != "sig") {
            return Err(Unusable::Purpose);
        }
        if let Some(operations) = jwk.get::<Vec<String>>("key_ops") {
            let operations = operations.map_err(|_| Unusable::Malformed)?;
            if !operations.iter().any(|operation| operation == "verify") {
                return Err(Unusable::Purpose);
            }
        }
        let only = match string("alg")? {
            None => None,
            Some(name) => Some(Algorithm::parse(&name).ok_or(Unusable::Algorithm)?),
        };

        let verifiers = kind
            .algorithms()
            .iter()
            .filter(|algorithm| only.is_none_or(|only| only == **algorithm))
            .map(|algorithm| Ok((*algorithm, material.verifier(*algorithm)?)))
            .collect::<Result<Vec<_>, Unusable>>()?;
        if verifiers.is_empty() {
            return Err(Unusable::Algorithm);
        }
        Ok(Self { id: string("kid")?, verifiers, material: material.identity() })
    }

    fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.verifiers.iter().find(|(known, _)| *known == algorithm).map(|(_, key)| key)
    }

    fn same_as(&self, other: &Self) -> bool {
        self.id == other.id && self.material == other.material
    }

    /// Takes over what another entry for the same key adds: the same key may be listed once for
    /// each of its algorithms.
    fn absorb(&mut self, other: Self) {
        for (algorithm, verifier) in other.verifiers {
            if self.verifier(algorithm).is_none() {
                self.verifiers.push((algorithm, verifier));
            }
        }
    }
}

/// What a key is, once its `kty` and `crv` are known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl Kind {
    fn curve(name: &str) -> Result<Self, Unusable> {
        match name {
            "P-256" => Ok(Self::P256),
            "P-384" => Ok(Self::P384),
            "P-521" => Ok(Self::P521),
            _ => Err(Unusable::Curve),
        }
    }

    /// Octets of a coordinate (RFC 7518 §6.2.1.2).
    const fn coordinate(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
            Self::Rsa | Self::Ed25519 => 0,
        }
    }

    const fn algorithms(self) -> &'static [Algorithm] {
        use Algorithm as A;
        match self {
            Self::Rsa => &[A::Rs256, A::Rs384, A::Rs512, A::Ps256, A::Ps384, A::Ps512],
            Self::P256 => &[A::Es256],
            Self::P384 => &[A::Es384],
            Self::P521 => &[A::Es512],
            Self::Ed25519 => &[A::Ed25519],
        }
    }
}

/// A key's numbers.
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Raw(Vec<u8>),
}

impl Material {
    fn rsa(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let first = n.first().ok_or(Unusable::Material)?;
        let bits = n.len() * 8 - first.leading_zeros() as usize;
        // Exponents of up to 32 bits, odd, and not 1, where a signature is its own message.
        let exponent_fits = e.len() <= 4 && e.last().is_some_and(|last| last & 1 == 1) && e != [1];
        if !RSA_BITS.contains(&bits) || !exponent_fits {
            return Err(Unusable::Strength);
        }
        Ok(Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }

    /// The uncompressed form of SEC 1 §2.3.3.
    fn point(kind: Kind, x: &[u8], y: &[u8]) -> Result<Self, Unusable> {
        if x.len() != kind.coordinate() || y.len() != kind.coordinate() {
            return Err(Unusable::Material);
        }
        Ok(Self::Raw([&[4], x, y].concat()))
    }

    /// A point of small order has signatures that anybody can make, and the verifier lets them pass.
    fn ed25519(point: Vec<u8>) -> Result<Self, Unusable> {
        if has_small_order(&point) {
            return Err(Unusable::Strength);
        }
        Ok(Self::Raw(point))
    }

    fn verifier(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, Unusable> {
        match self {
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .to_parsed_public_key(rsa_parameters(algorithm).ok_or(Unusable::Algorithm)?),
            Self::Raw(bytes) => {
                let scheme = curve_scheme(algorithm).ok_or(Unusable::Algorithm)?;
                ParsedPublicKey::new(scheme, bytes)
            }
        }
        .map_err(|_| Unusable::Material)
    }

    fn identity(&self) -> Vec<u8> {
        match self {
            Self::Rsa { n, e } => [n.as_slice(), e].concat(),
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn curve_scheme(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
        Algorithm::Ed25519 => &signature::ED25519,
        _ => return None,
    })
}

/// Whether eight times this point of edwards25519 is nothing. There are eight such points: those with
/// y = 0, 1 or −1, and those with one of the two `ORDER_8`, each under either sign of x; the first two
/// can also be written as p and p + 1 (RFC 8032 §5.1.3: little-endian, the sign in the highest bit).
fn has_small_order(point: &[u8]) -> bool {
    const ORDER_8: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = point.to_vec();
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    match y.as_slice() {
        [0 | 1, middle @ .., 0] => middle.iter().all(|byte| *byte == 0),
        // p ends in …ed: −1, p itself, p + 1.
        [0xec..=0xee, middle @ .., 0x7f] => middle.iter().all(|byte| *byte == 0xff),
        y => ORDER_8.iter().any(|known| known == y),
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The keys of one JWKS document that can be used.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
    /// Why each of the others can't.
    pub skipped: Vec<Unusable>,
}

impl KeySet {
    /// Reads a document (RFC 7517 §5). Only a document that is none is an error; an unusable key is
    /// passed over and the rest of the set still serves.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let document = Members::parse(text).map_err(|_| "The JWKS is not a JSON object")?;
        let entries = document
            .get::<Vec<&serde_json::value::RawValue>>("keys")
            .ok_or("The JWKS has no \"keys\"")?
            .map_err(|_| "The JWKS has no array of \"keys\"")?;
        if entries.len() > MOST_KEYS {
            return Err("The JWKS has too many keys");
        }
        let mut set = Self::default();
        for entry in entries {
            match Key::parse(entry.get()) {
                Ok(key) => match set.keys.iter_mut().find(|known| known.same_as(&key)) {
                    Some(known) => known.absorb(key),
                    None => set.keys.push(key),
                },
                Err(reason) => set.skipped.push(reason),
            }
        }
        Ok(set)
    }

    /// How many keys can be used.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none can.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a key of this name is there, whatever it can be used for.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(name))
    }

    /// The one key that a header asks for (contract §4, rule 2). A token without `kid` is served only
    /// where a single key could have signed it.
    pub fn select(&self, header: &Header) -> Result<Verifier<'_>, TokenError> {
        let mut candidates = self
            .keys
            .iter()
            .filter(|key| header.key_id.is_none() || key.id == header.key_id)
            .filter_map(|key| key.verifier(header.algorithm));
        let key = candidates.next().ok_or(TokenError::UnknownKey)?;
        if candidates.next().is_some() {
            return Err(TokenError::AmbiguousKey);
        }
        Ok(Verifier(key))
    }
}

/// A key, chosen for one algorithm.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a>(&'a ParsedPublicKey);

impl Verifier<'_> {
    /// Whether `signature` is this key's over exactly these bytes.
    pub fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        self.0.verify_sig(signed, signature).map_err(|_| TokenError::InvalidSignature)
    }
}
