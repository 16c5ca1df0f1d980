//! An independent parser of JSON (RFC 8259), without serde, which the core's is compared with. It skips values
//! without recursion.

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Object,
    Array,
    String,
    Number,
    Word,
}

/// The members of an object, in order. A name is `None` if it has an unpaired surrogate.
pub type Members<'a> = Vec<(Option<String>, &'a str)>;

/// The kind of value that a text is; `None` if it is no JSON.
pub fn kind(text: &str) -> Option<Kind> {
    let mut reader = Reader { text: text.as_bytes(), at: 0 };
    reader.space();
    let kind = reader.value()?;
    reader.space();
    (reader.at == text.len()).then_some(kind)
}

/// The members of a text that is an object, duplicates included.
pub fn object(text: &str) -> Option<Members<'_>> {
    let inner = inside(text, Kind::Object)?;
    let mut reader = Reader { text: inner.as_bytes(), at: 0 };
    let mut members = Members::new();
    reader.space();
    while reader.at < inner.len() {
        let name = reader.raw(inner)?;
        reader.space();
        reader.take(b':').then_some(())?;
        reader.space();
        members.push((string(name), reader.raw(inner)?));
        reader.space();
        reader.take(b',');
        reader.space();
    }
    Some(members)
}

/// The same; `None` for an object with duplicates, which the core refuses.
pub fn unambiguous(text: &str) -> Option<Members<'_>> {
    let members = object(text)?;
    let mut names: Vec<&str> =
        members.iter().map(|(name, _)| name.as_deref()).collect::<Option<_>>()?;
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1]).then_some(members)
}

/// The elements of a text that is an array.
pub fn array(text: &str) -> Option<Vec<&str>> {
    let inner = inside(text, Kind::Array)?;
    let mut reader = Reader { text: inner.as_bytes(), at: 0 };
    let mut elements = vec![];
    reader.space();
    while reader.at < inner.len() {
        elements.push(reader.raw(inner)?);
        reader.space();
        reader.take(b',');
        reader.space();
    }
    Some(elements)
}

/// A text that is a string without unpaired surrogates.
pub fn string(text: &str) -> Option<String> {
    let inner = inside(text, Kind::String)?;
    let mut units: Vec<u16> = vec![];
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            units.extend(c.encode_utf16(&mut [0; 2]).iter());
            continue;
        }
        units.push(match rest.next()? {
            'b' => 8,
            'f' => 12,
            'n' => 10,
            'r' => 13,
            't' => 9,
            'u' => {
                let hex: String = rest.by_ref().take(4).collect();
                u16::from_str_radix(&hex, 16).ok()?
            }
            other => u16::try_from(u32::from(other)).ok()?,
        });
    }
    String::from_utf16(&units).ok()
}

/// A text that is a number in the range of a double.
pub fn number(text: &str) -> Option<f64> {
    if kind(text)? != Kind::Number {
        return None;
    }
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// The one member of this name.
pub fn member<'a>(members: &Members<'a>, name: &str) -> Option<&'a str> {
    members.iter().find(|(known, _)| known.as_deref() == Some(name)).map(|(_, value)| *value)
}

fn inside(text: &str, wanted: Kind) -> Option<&str> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    (kind(text)? == wanted).then(|| &text[1..text.len() - 1])
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The text of the next value.
    fn raw<'a>(&mut self, whole: &'a str) -> Option<&'a str> {
        let from = self.at;
        self.value()?;
        whole.get(from..self.at)
    }

    /// Skips one value. Open arrays and objects are on a list, not on the stack.
    fn value(&mut self) -> Option<Kind> {
        let mut open: Vec<u8> = vec![];
        let mut whole = None;
        loop {
            let kind = match self.peek()? {
                b'{' => Kind::Object,
                b'[' => Kind::Array,
                b'"' => Kind::String,
                b'-' | b'0'..=b'9' => Kind::Number,
                _ => Kind::Word,
            };
            whole = whole.or(Some(kind));
            match kind {
                Kind::Object | Kind::Array => {
                    let end = if kind == Kind::Object { b'}' } else { b']' };
                    self.at += 1;
                    self.space();
                    if !self.take(end) {
                        open.push(end);
                        self.name(end)?;
                        continue;
                    }
                }
                Kind::String => self.string()?,
                Kind::Number => self.number()?,
                Kind::Word => {
                    let words = ["true", "false", "null"];
                    let rest = &self.text[self.at..];
                    self.at += words.iter().find(|word| rest.starts_with(word.as_bytes()))?.len();
                }
            }
            // After a value, its container may end.
            loop {
                let Some(&end) = open.last() else { return whole };
                self.space();
                if self.take(b',') {
                    self.space();
                    self.name(end)?;
                    break;
                }
                self.take(end).then_some(())?;
                open.pop();
            }
        }
    }

    /// Skips the name and the colon before a value in an object.
    fn name(&mut self, end: u8) -> Option<()> {
        if end == b'}' {
            self.string()?;
            self.space();
            self.take(b':').then_some(())?;
            self.space();
        }
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"').then_some(())?;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(()),
                b'\\' => {
                    let escaped = self.peek()?;
                    self.at += 1;
                    if escaped == b'u' {
                        let digits = self.text.get(self.at..self.at + 4)?;
                        digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                        self.at += 4;
                    } else {
                        b"\"\\/bfnrt".contains(&escaped).then_some(())?;
                    }
                }
                0..=0x1f => return None,
                _ => {}
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Some(())
    }
}
