//! What a token costs, counted and not timed: the bytes that validating it takes from the allocator.
//! A bad token must not be dearer than a good one of its length, whatever is wrong with it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::validator::Verdict;
use monocloud_backend_node::validator::request::{Kind, OwnedRequest};
use serde_json::json;

use crate::support::{AUDIENCE, NOW, Subject, Tenant, TestKey, at_once, request};

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, and how much each thread has taken from it.
struct Counting;

// SAFETY: all is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is ending has no counter any more, and is none of those that are looked at.
        let _ = TAKEN.try_with(|taken| taken.set(taken.get() + layout.size()));
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a token comes to with the keys at hand, and the bytes that were taken on the way.
fn cost(subject: &Subject, token: &str) -> (Verdict, usize) {
    let request = OwnedRequest { kind: Kind::Jwt, ..request(token) };
    let before = TAKEN.with(Cell::get);
    let outcome = at_once(&subject.validator, &request);
    let taken = TAKEN.with(Cell::get) - before;
    (outcome.expect("no key that could be new is looked for"), taken)
}

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Claims with one member replaced, filled up to `length` bytes with `filler`.
fn claims(issuer: &str, change: (&str, serde_json::Value), filler: &str) -> String {
    let mut claims = json!({ "iss": issuer, "aud": [AUDIENCE], "sub": "u", "exp": NOW + 60.0 });
    claims[change.0] = change.1;
    let text = claims.to_string();
    format!("{},{filler}}}", &text[..text.len() - 1])
}

fn members(count: usize) -> String {
    (0..count).map(|n| format!("\"m{n:04}\":0")).collect::<Vec<_>>().join(",")
}

#[test]
fn a_bad_token_takes_no_more_memory_than_a_good_one() {
    let tenant = Tenant::start();
    let (key, stranger) = (TestKey::new("key"), TestKey::new("key"));
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    subject.validate(&key).unwrap();

    let header = r#"{"alg":"ES256","kid":"key"}"#;
    // As many members as there is room for, one long text, and depth.
    let depth = format!("\"x\":{}{}", "[".repeat(5_500), "]".repeat(5_500));
    let shapes = [members(1000), format!("\"x\":\"{}\"", "x".repeat(11_000)), depth];
    let mut dearest = 0;
    let room = shapes[0].len();
    for filler in &shapes {
        let with = |name: &str, value| claims(&subject.domain, (name, value), filler);
        // The first of its kind: no cache can have seen it. It is a little longer than the bad ones.
        let good = with("jti", json!("x".repeat(64)));
        let (outcome, limit) = cost(&subject, &key.sign(header, &good));
        assert!(outcome.is_ok(), "{outcome:?}");
        dearest = limit.max(dearest);

        let unsigned = |header: &str| format!("{}.{}.", part(header), part(&good));
        let full = format!("{{\"alg\":\"ES256\",\"kid\":\"key\",{filler}}}");
        let bad = [
            (TokenError::Expired, key.sign(header, &with("exp", json!(1)))),
            (TokenError::IssuerMismatch, key.sign(header, &with("iss", json!("x")))),
            (TokenError::AudienceMismatch, key.sign(header, &with("aud", json!(["x"])))),
            (TokenError::InvalidSubject, key.sign(header, &with("sub", json!(1)))),
            (TokenError::NotYetValid, key.sign(header, &with("nbf", json!(NOW + 1e6)))),
            (TokenError::PayloadUnreadable, key.sign(header, &format!("{good}x"))),
            (TokenError::PayloadNotObject, key.sign(header, &format!("[{good}]"))),
            (TokenError::InvalidSignature, stranger.sign(header, &good)),
            (TokenError::InvalidSignature, unsigned(header)),
            (TokenError::InvalidSignature, format!("{}.{}.AA", part(&full), part("{}"))),
            (TokenError::UnsupportedAlgorithm, unsigned(r#"{"alg":"none","kid":"key"}"#)),
            (TokenError::UnsupportedAlgorithm, format!("{}..", part(&format!("{{{filler}}}")))),
            (TokenError::UnexpectedType, unsigned(r#"{"alg":"ES256","kid":"key","typ":"x"}"#)),
            (TokenError::CriticalHeader, unsigned(r#"{"alg":"ES256","kid":"key","crit":["x"]}"#)),
        ];
        no_dearer(&subject, limit, &bad);
    }
    // Of a shape that no good token has, and as long as those.
    let twice = format!("{{{},{}}}", shapes[0], shapes[0]);
    let list = format!("[{}1]", "1,".repeat(room / 2 - 1));
    let headed = |text: &str| format!("{}..", part(text));
    let bad = [
        (TokenError::HeaderUnreadable, headed(&twice[..room])),
        (TokenError::HeaderUnreadable, headed(&"[".repeat(room))),
        (TokenError::HeaderUnreadable, headed(&"{\"\":".repeat(room / 4))),
        (TokenError::HeaderUnreadable, format!("{}..", "!".repeat(room * 4 / 3))),
        (TokenError::HeaderNotObject, headed(&list)),
        (TokenError::NotCompact, ".".repeat(16_384)),
        (TokenError::TooLarge, "x".repeat(16_385)),
    ];
    no_dearer(&subject, dearest, &bad);
}

fn no_dearer(subject: &Subject, limit: usize, bad: &[(TokenError, String)]) {
    for (why, token) in bad {
        let (outcome, taken) = cost(subject, token);
        assert_eq!(outcome, Err(Error::Token(*why)));
        assert!(taken <= limit, "{why:?}: {taken} bytes; a good one takes {limit}");
    }
}

#[test]
fn what_is_too_long_takes_no_memory_at_all() {
    let tenant = Tenant::start();
    let key = TestKey::new("key");
    tenant.publish(&[&key]);
    let subject = Subject::new(&tenant);
    subject.validate(&key).unwrap();
    for length in [16_385, 1 << 20, 16 << 20] {
        let (outcome, taken) = cost(&subject, &"x".repeat(length));
        assert_eq!((outcome, taken), (Err(Error::Token(TokenError::TooLarge)), 0), "{length}");
    }
}
