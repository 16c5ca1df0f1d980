//! Text that is overwritten in memory when it goes: secrets, passphrases, private keys, and what is made of them
//! on the way to the tenant.

use std::fmt;
use std::ops::Deref;

use url::form_urlencoded::byte_serialize;
use zeroize::Zeroize;

/// A text that is never shown, and whose memory is zeroed when it is dropped.
///
/// It can't grow: growing would leave a copy behind, in memory that is freed as it is.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// These texts, one after the other.
    #[must_use]
    pub fn concat(parts: &[&str]) -> Self {
        Self(parts.concat())
    }

    /// A text as a member of a form.
    #[must_use]
    pub fn form_encoded(text: &str) -> Self {
        let mut encoded = String::with_capacity(form_length(text));
        encoded.extend(byte_serialize(text.as_bytes()));
        Self(encoded)
    }
}

/// The most bytes that a text has once it is form-encoded.
#[must_use]
pub fn form_length(text: &str) -> usize {
    text.len().saturating_mul("%00".len())
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Never shown.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_grows_while_it_is_made() {
        for text in ["", "a b+ü", "\u{10ffff}\u{0}%&="] {
            let encoded = Secret::form_encoded(text);
            assert!(encoded.0.len() <= form_length(text), "{text:?}");
            assert_eq!(encoded.0.capacity(), form_length(text), "{text:?}");
        }
        let joined = Secret::concat(&["ab", ":", "cd"]);
        assert_eq!((&*joined, joined.0.capacity()), ("ab:cd", 5));
    }
}
