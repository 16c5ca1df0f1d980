//! Reads one option at a time, by its rule in the table.

use std::collections::HashMap;
use std::fmt;

use super::options::{Flavour, NumberRule, OptionSpec, Rule};
use crate::error::ValidationError;
use crate::secret::Secret;
use crate::token::claim_path::ClaimPath;
use crate::token::required_claims::RequiredClaims;

/// A value as the caller gave it, with its JavaScript type.
#[derive(Clone, Default)]
pub enum Given {
    /// `undefined` or `null`: the option is not given.
    #[default]
    Absent,
    /// A string.
    Text(Secret),
    /// A number, `NaN` and infinities included.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// A function.
    Function,
    /// An object that is read as a whole, as JSON.
    Json(Secret),
    /// An object whose members are read one by one.
    Object,
    /// Anything else: a symbol, a bigint, an object that is no JSON.
    Other,
}

/// The value may be a secret: only its kind is shown.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Text(_) => "Text",
            Self::Number(_) => "Number",
            Self::Bool(_) => "Bool",
            Self::Function => "Function",
            Self::Json(_) => "Json",
            Self::Object => "Object",
            Self::Other => "Other",
        })
    }
}

/// Options by name, nested ones by their path (`groupOptions.matchAll`), and the environment.
#[derive(Default)]
pub struct Sources {
    /// What the constructor was given.
    pub options: HashMap<String, Given>,
    /// The options of each entry of `issuers`, by name.
    pub issuers: Option<Vec<HashMap<String, Given>>>,
    /// Environment variables by name.
    pub environment: HashMap<String, Secret>,
}

/// Both maps hold secrets (`clientSecret`, a proxy's password): only the names are shown.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("options", &self.options.keys())
            .field("issuers", &self.issuers.as_ref().map(Vec::len))
            .field("environment", &self.environment.keys())
            .finish()
    }
}

pub type Result<T> = std::result::Result<T, ValidationError>;

/// The options of one client, or of one entry of its `issuers`.
pub struct Reader<'a> {
    pub flavour: Flavour,
    pub sources: &'a Sources,
    /// The entry's index.
    pub entry: Option<usize>,
}

impl Reader<'_> {
    /// The option as it is given: in the entry, where there is one, or beside the list.
    pub fn given(&self, option: &OptionSpec) -> Option<&Given> {
        let issuers = self.sources.issuers.as_deref().unwrap_or_default();
        let entry = self.entry.and_then(|index| issuers.get(index));
        let own = entry.filter(|_| option.is_of_an_issuer());
        let is_given = |given: &&Given| !matches!(given, Given::Absent);
        own.and_then(|entry| entry.get(option.name))
            .filter(is_given)
            .or_else(|| self.sources.options.get(option.name).filter(is_given))
    }

    /// The option, or the environment variable where the option is absent. A variable that is empty, or
    /// only white space, counts as unset.
    pub fn find(&self, option: &OptionSpec) -> Given {
        if let Some(given) = self.given(option) {
            return given.clone();
        }
        option
            .variable
            .filter(|_| self.flavour == Flavour::BackendNode)
            .filter(|_| self.entry.is_none() || !option.is_identity())
            .and_then(|variable| self.sources.environment.get(variable))
            .filter(|text| !text.trim().is_empty())
            .map_or(Given::Absent, |text| Given::Text(text.clone()))
    }

    /// A string that is not empty.
    pub fn text(&self, option: &OptionSpec) -> Result<Option<String>> {
        Ok(self.secret(option)?.map(|text| (*text).to_owned()))
    }

    /// The same, overwritten when it goes.
    pub fn secret(&self, option: &OptionSpec) -> Result<Option<Secret>> {
        match self.find(option) {
            Given::Absent => Ok(match option.rule {
                Rule::Text { default } => default.map(Secret::from),
                _ => None,
            }),
            Given::Text(text) if text.is_empty() => {
                Err(self.error(option, "is not allowed to be empty"))
            }
            Given::Text(text) => Ok(Some(text)),
            _ => Err(self.error(option, "must be a string")),
        }
    }

    /// One of the option's words; `None` where it is absent.
    pub fn word(&self, option: &OptionSpec) -> Result<Option<&'static str>> {
        let (Rule::Word { words, .. } | Rule::WordOrObject { words }) = option.rule else {
            return Ok(None);
        };
        let Some(text) = self.text(option)? else { return Ok(None) };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(self.error(option, &format!("must be one of [{}]", words.join(", ")))),
        }
    }

    /// Whether the option is an object, where it may also be a string.
    pub fn word_or_object(&self, option: &OptionSpec) -> Result<bool> {
        match self.find(option) {
            Given::Object => Ok(true),
            Given::Absent | Given::Text(_) => Ok(false),
            _ => Err(self.error(option, "must be a string or an object")),
        }
    }

    /// A number, or its decimal text; the default where it is absent.
    pub fn number(&self, option: &OptionSpec) -> Result<f64> {
        let Rule::Number(rule) = option.rule else { return Ok(f64::NAN) };
        let NumberRule { least, most, whole, default, .. } = rule;
        let bad = |rule: &str| Err(self.error(option, rule));
        let number = match self.find(option) {
            Given::Absent => return Ok(default),
            Given::Number(number) => number,
            Given::Text(text) => match parse_number(&text) {
                Some(number) => number,
                None => return bad(&format!("must be a number: the value is {:?}", &*text)),
            },
            _ => return bad("must be a number"),
        };
        if !number.is_finite() {
            bad("must be a finite number")
        } else if number < least {
            bad(&format!("must be greater than or equal to {least}"))
        } else if number > most {
            bad(&format!("must be less than or equal to {most}"))
        } else if whole && number.fract() != 0.0 {
            bad("must be an integer")
        } else {
            Ok(number)
        }
    }

    /// A boolean, or its text: `true`, `false`, `1`, `0`; the default where it is absent.
    pub fn flag(&self, option: &OptionSpec) -> Result<bool> {
        let bad = |rule: &str| Err(self.error(option, rule));
        match self.find(option) {
            Given::Absent => Ok(matches!(option.rule, Rule::Flag { default: true })),
            Given::Bool(flag) => Ok(flag),
            Given::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => bad(&format!("must be a boolean: the value is {:?}", &*text)),
            },
            _ => bad("must be a boolean"),
        }
    }

    /// Whether an object is given.
    pub fn object(&self, option: &OptionSpec) -> Result<bool> {
        match self.find(option) {
            Given::Absent => Ok(false),
            Given::Object => Ok(true),
            _ => Err(self.error(option, "must be an object")),
        }
    }

    /// Whether a function is given.
    pub fn function(&self, option: &OptionSpec) -> Result<bool> {
        match self.find(option) {
            Given::Absent => Ok(false),
            Given::Function => Ok(true),
            _ => Err(self.error(option, "must be a function")),
        }
    }

    /// A list of strings that are not empty; `None` where it is absent.
    pub fn words(&self, option: &OptionSpec) -> Result<Option<Vec<String>>> {
        let words = match self.find(option) {
            Given::Absent => return Ok(None),
            Given::Json(text) => serde_json::from_str::<Vec<String>>(&text).ok(),
            Given::Text(text) => {
                Some(text.split_ascii_whitespace().map(ToOwned::to_owned).collect())
            }
            _ => None,
        };
        match words {
            Some(words) if words.is_empty() || words.iter().any(String::is_empty) => {
                Err(self.error(option, "must have at least one entry, and none that is empty"))
            }
            Some(words) => Ok(Some(words)),
            None => Err(self.error(option, "must be a list of strings")),
        }
    }

    /// The name of a claim, or a JSON Pointer.
    pub fn claim(&self, option: &OptionSpec) -> Result<ClaimPath> {
        let text = self.text(option)?.unwrap_or_default();
        ClaimPath::parse(&text).map_err(|rule| self.error(option, rule))
    }

    /// An object of claims.
    pub fn claims(&self, option: &OptionSpec) -> Result<RequiredClaims> {
        match self.find(option) {
            Given::Absent => Ok(RequiredClaims::default()),
            Given::Json(text) => {
                RequiredClaims::parse(&text).map_err(|rule| self.error(option, rule))
            }
            _ => Err(self.error(option, "must be an object")),
        }
    }

    /// A bad value of an option.
    pub fn error(&self, option: &OptionSpec, rule: &str) -> ValidationError {
        match self.entry.filter(|_| option.is_of_an_issuer()) {
            Some(index) => {
                ValidationError::new(format!("\"issuers[{index}].{}\" {rule}", option.name))
            }
            None => option.error(self.flavour, rule),
        }
    }
}

/// A decimal number and nothing else: no white space inside, no hexadecimal, no `Infinity`.
fn parse_number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain { text.parse().ok() } else { None }
}
