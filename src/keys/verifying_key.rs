//! Public keys that verify signatures.

use aws_lc_rs::signature::VerificationAlgorithm;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};
use sha2::{Digest, Sha256};

use super::algorithm::Algorithm;
use super::unusable::Unusable;
use crate::error::TokenError;

/// RSA moduli that are accepted, in bits. RFC 7518 §3.3 requires 2048; the upper limit bounds what a
/// verification costs.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A public key for one algorithm.
#[derive(Debug)]
pub struct VerifyingKey {
    pub(super) algorithm: Algorithm,
    key: ParsedPublicKey,
    /// Identifies the key and the algorithm, whichever document the key came in.
    pub identity: VerifyingKeyId,
    /// What a verification costs.
    pub cost: Cost,
}

/// SHA-256 over a key's numbers and an algorithm: equal for the same key in two key sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKeyId([u8; 32]);

/// What a verification costs, compared with handing it to another thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// About as much.
    Quick,
    /// More.
    Slow,
}

impl VerifyingKey {
    /// Verifies this key's signature over exactly these bytes.
    pub fn verify(&self, signed: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        self.key.verify_sig(signed, signature).map_err(|_| TokenError::InvalidSignature)
    }
}

/// The type of a key: its `kty` and `crv`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl Kind {
    pub(super) fn curve(name: &str) -> Result<Self, Unusable> {
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

    pub(super) const fn algorithms(self) -> &'static [Algorithm] {
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

/// A key's numbers, as they go into the verification.
pub(super) enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Raw(Vec<u8>),
}

impl Material {
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, Unusable> {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let first = n.first().ok_or(Unusable::Material)?;
        let bits = n.len() * 8 - first.leading_zeros() as usize;
        // Odd exponents of up to 32 bits. With exponent 1 a signature equals its message.
        let exponent_fits = e.len() <= 4 && e.last().is_some_and(|last| last & 1 == 1) && e != [1];
        if !RSA_BITS.contains(&bits) || !exponent_fits {
            return Err(Unusable::Strength);
        }
        Ok(Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }

    /// The uncompressed form of SEC 1 §2.3.3. Some issuers write a coordinate without its leading zeros.
    pub(super) fn point(kind: Kind, x: &[u8], y: &[u8]) -> Result<Self, Unusable> {
        let mut point = vec![4];
        for number in [x, y] {
            let digits = without_leading_zeros(number);
            let zeros = kind.coordinate().checked_sub(digits.len()).ok_or(Unusable::Material)?;
            if digits.is_empty() {
                return Err(Unusable::Material);
            }
            point.resize(point.len() + zeros, 0);
            point.extend_from_slice(digits);
        }
        Ok(Self::Raw(point))
    }

    /// Anybody can make signatures for a point of small order, and aws-lc accepts them.
    pub(super) fn ed25519(point: Vec<u8>) -> Result<Self, Unusable> {
        if has_small_order(&point) {
            return Err(Unusable::Strength);
        }
        Ok(Self::Raw(point))
    }

    pub(super) fn verifying_key(&self, algorithm: Algorithm) -> Result<VerifyingKey, Unusable> {
        let key = match self {
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .to_parsed_public_key(rsa_parameters(algorithm).ok_or(Unusable::Algorithm)?),
            Self::Raw(bytes) => {
                let scheme = curve_scheme(algorithm).ok_or(Unusable::Algorithm)?;
                ParsedPublicKey::new(scheme, bytes)
            }
        };
        Ok(VerifyingKey {
            algorithm,
            key: key.map_err(|_| Unusable::Material)?,
            identity: self.id_with(algorithm),
            cost: self.cost(),
        })
    }

    /// Each number is prefixed with its length, so that two different keys never give the same input.
    fn id_with(&self, algorithm: Algorithm) -> VerifyingKeyId {
        let mut digest = Sha256::new_with_prefix([algorithm as u8]);
        let numbers: &[&[u8]] = match self {
            Self::Rsa { n, e } => &[n, e],
            Self::Raw(bytes) => &[bytes],
        };
        for number in numbers {
            digest.update((number.len() as u64).to_be_bytes());
            digest.update(number);
        }
        VerifyingKeyId(digest.finalize().into())
    }

    /// A verification is quick where it takes no longer than handing it to another thread: RSA of 2048
    /// bits takes some 20 µs, and 3072 bits 45; P-256 and Ed25519 take 50 to 70, larger ones hundreds
    /// (`npm run bench`).
    fn cost(&self) -> Cost {
        match self {
            Self::Rsa { n, .. } if n.len() <= 384 => Cost::Quick,
            _ => Cost::Slow,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
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

/// Whether this point of edwards25519 has an order that divides 8. There are eight such points: those with
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

#[cfg(test)]
mod tests {
    use super::{Cost, Kind, Material, Unusable};
    use crate::keys::algorithm::Algorithm;

    /// A number of this many bytes that is odd and begins with a bit that is set.
    fn modulus(bytes: usize) -> Vec<u8> {
        let mut n = vec![0xff; bytes];
        n[0] = 0x80;
        n
    }

    fn refusal(n: &[u8], e: &[u8]) -> Option<Unusable> {
        Material::rsa(n, e).err()
    }

    #[test]
    fn an_exponent_has_four_bytes_at_the_most() {
        let n = modulus(256);
        for fits in
            [&[3][..], &[1, 0, 1], &[1, 0, 0, 1], &[0xff; 4], &[0, 0, 0xff, 0xff, 0xff, 0xff]]
        {
            assert_eq!(refusal(&n, fits), None, "{fits:?}");
        }
        for other in
            [&[1, 0, 0, 0, 1][..], &[0xff; 5], &[1], &[0, 1], &[2], &[1, 0, 0, 0], &[0], &[]]
        {
            assert_eq!(refusal(&n, other), Some(Unusable::Strength), "{other:?}");
        }
    }

    #[test]
    fn a_modulus_has_2048_to_8192_bits() {
        let bits = |bytes: usize, first: u8| {
            let mut n = modulus(bytes);
            n[0] = first;
            refusal(&n, &[1, 0, 1])
        };
        assert_eq!(bits(256, 0x80), None);
        assert_eq!(bits(256, 0x7f), Some(Unusable::Strength));
        assert_eq!(bits(1024, 0xff), None);
        assert_eq!(bits(1025, 0x01), Some(Unusable::Strength));
        // Zeros before it are no bits.
        assert_eq!(refusal(&[&[0][..], &modulus(255)].concat(), &[3]), Some(Unusable::Strength));
        assert_eq!(refusal(&[&[0][..], &modulus(1024)].concat(), &[3]), None);
        assert_eq!(refusal(&[0], &[3]), Some(Unusable::Material));
        assert_eq!(refusal(&[], &[3]), Some(Unusable::Material));
    }

    #[test]
    fn a_coordinate_is_a_number_of_the_curve_s_length() {
        let point = |x: &[u8], y: &[u8]| match Material::point(Kind::P256, x, y) {
            Ok(Material::Raw(bytes)) => Ok(bytes),
            Ok(Material::Rsa { .. }) => panic!("a point"),
            Err(why) => Err(why),
        };
        let (short, long) = ([7; 31], [7; 32]);
        let padded = [&[4, 0][..], &short, &long].concat();
        for x in [&short[..], &[&[0][..], &short].concat(), &[&[0, 0][..], &short].concat()] {
            assert_eq!(point(x, &long), Ok(padded.clone()), "{x:?}");
        }
        assert_eq!(point(&long, &short), Ok([&[4][..], &long, &[0], &short].concat()));
        for other in [&[][..], &[0], &[0; 32], &[7; 33]] {
            assert_eq!(point(other, &long), Err(Unusable::Material), "{other:?}");
            assert_eq!(point(&long, other), Err(Unusable::Material), "{other:?}");
        }
    }

    /// What is remembered of a token goes by this: two keys that share it share verdicts.
    #[test]
    fn no_two_keys_have_one_identity() {
        let n = modulus(256);
        let longer = [n.as_slice(), &[1]].concat();
        let mut other = n.clone();
        other[100] = 0;
        let rsa = |n: &[u8], e: &[u8]| Material::rsa(n, e).unwrap_or_else(|why| panic!("{why:?}"));
        let keys = [
            rsa(&n, &[1, 1, 3]),
            rsa(&n, &[1, 0, 1]),
            rsa(&other, &[1, 1, 3]),
            // The same bytes in a row, cut at another place.
            rsa(&longer, &[1, 3]),
            Material::Raw(vec![4; 65]),
            Material::Raw(vec![5; 65]),
            Material::Raw(vec![4; 97]),
            Material::Raw(Vec::new()),
        ];
        let mut identities = Vec::new();
        for key in &keys {
            for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256] {
                let identity = key.id_with(algorithm);
                assert_eq!(identity, key.id_with(algorithm));
                assert!(!identities.contains(&identity), "{}", identities.len());
                identities.push(identity);
            }
        }
    }

    #[test]
    fn no_point_of_small_order_is_a_key() {
        let point = |first: u8, middle: u8, last: u8| {
            let mut point = vec![middle; 32];
            (point[0], point[31]) = (first, last);
            point
        };
        // 0 and 1; then -1, p and p + 1: each under either sign.
        for (first, middle, last) in
            [(0, 0, 0), (1, 0, 0), (0xec, 0xff, 0x7f), (0xed, 0xff, 0x7f), (0xee, 0xff, 0x7f)]
        {
            for sign in [0, 0x80] {
                let small = Material::ed25519(point(first, middle, last | sign));
                assert_eq!(small.err(), Some(Unusable::Strength), "{first:x} {sign:x}");
            }
        }
        for (first, middle, last) in [
            (2, 0, 0),
            (0, 0, 1),
            (1, 1, 0),
            (0xeb, 0xff, 0x7f),
            (0xed, 0xfe, 0x7f),
            (0xed, 0xff, 0x7e),
        ] {
            assert!(Material::ed25519(point(first, middle, last)).is_ok(), "{first:x} {middle:x}");
        }
    }

    #[test]
    fn a_verification_with_rsa_of_3072_bits_is_quick() {
        for (bytes, cost) in
            [(256, Cost::Quick), (384, Cost::Quick), (385, Cost::Slow), (512, Cost::Slow)]
        {
            let key = Material::Rsa { n: modulus(bytes), e: vec![1, 0, 1] };
            assert_eq!(key.cost(), cost, "{bytes}");
        }
        assert_eq!(Material::Raw(vec![4; 65]).cost(), Cost::Slow);
    }
}
