//! What the fuzz targets assert, over their seeds and over mutations of them: the same inputs each
//! time, in seconds, with the core that the other tests have compiled anyway.
//!
//! libFuzzer finds more, as it sees which paths an input takes; but that needs the core and all its
//! dependencies compiled once more, which takes CI minutes that it does not have. So `npm run fuzz` is
//! for long runs by hand. What it finds becomes a seed, and a part of its corpus is in `fuzz/kept`.
//!
//! `FUZZ_ROUNDS=10 cargo test --test fuzz_corpus` tries ten times as much.

#[path = "../fuzz/bodies/mod.rs"]
mod bodies;

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Marsaglia's xorshift: chance that is the same everywhere.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// What formats are made of, and what tends to break their readers.
const WORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b",",
    b":",
    b".",
    b"=",
    b"-",
    b"_",
    b"+",
    b"/",
    b"\\",
    b"\\u0061",
    b"\\ud800",
    b"\\u0000",
    b"null",
    b"true",
    b"false",
    b"0",
    b"-0",
    b"1e999",
    b"9007199254740993",
    b"1.5",
    b"\0",
    b"\n",
    b" ",
    b"\xff",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
    b"{}",
    b"[]",
    b"\"\"",
    b"\"alg\":\"none\"",
    b"\"alg\":\"HS256\"",
    b"\"kid\"",
    b"\"crit\":[]",
    b"\"exp\":1800000000",
    b"\"iss\":\"https://t.example\"",
    b"\"aud\":[\"https://api.example\"]",
    b"\"x5t#S256\"",
    b"\"active\":true",
    b"http://127.0.0.1/",
    b"https://a@b/",
    b"-----BEGIN CERTIFICATE-----",
];

/// `made` is how many of the seeds, the first, somebody made by hand: fewer, and each with a point.
fn mutate(seeds: &[Vec<u8>], made: usize, chance: &mut Chance) -> Vec<u8> {
    let from = if chance.below(2) == 0 { made } else { seeds.len() };
    let mut bytes = seeds[chance.below(from)].clone();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + 1 + chance.below(16)).min(bytes.len());
        match chance.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
            1 if at < bytes.len() => bytes[at] = chance.next() as u8,
            2 => drop(bytes.drain(at..end)),
            3 => bytes.extend_from_within(at..end),
            4 => {
                let copy = bytes[at..end].to_vec();
                let to = chance.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            5 => {
                let other = &seeds[chance.below(seeds.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[chance.below(other.len() + 1)..]);
            }
            _ => {
                let word = WORDS[chance.below(WORDS.len())];
                let replaced = if chance.below(2) == 0 { at } else { end };
                bytes.splice(at..replaced, word.iter().copied());
            }
        }
    }
    bytes
}

/// A target's seeds, and how many of them are made by hand.
fn seeds(name: &str) -> (Vec<(PathBuf, Vec<u8>)>, usize) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
    let mut seeds: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    let made = seeds.len();
    assert!(made > 0, "no seeds for {name}");
    // What tools/fuzz.js has kept: an input each line.
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/kept/{name}.txt"));
    for (at, line) in fs::read_to_string(&kept).unwrap().lines().enumerate() {
        seeds.push((kept.join((at + 1).to_string()), STANDARD.decode(line).unwrap()));
    }
    (seeds, made)
}

/// One target; how many inputs it saw. Panics with the input that it fails for, which as a file in
/// `fuzz/seeds` becomes its regression test.
fn replay(name: &str, body: fn(&[u8]), mutations: usize) -> usize {
    let (seeds, made) = seeds(name);
    for (path, bytes) in &seeds {
        let failed = catch_unwind(AssertUnwindSafe(|| body(bytes))).is_err();
        assert!(!failed, "{} fails", path.display());
    }
    let texts: Vec<Vec<u8>> = seeds.into_iter().map(|(_, bytes)| bytes).collect();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for _ in 0..mutations {
        let bytes = mutate(&texts, made, &mut chance);
        if catch_unwind(AssertUnwindSafe(|| body(&bytes))).is_err() {
            let kept = std::env::temp_dir().join(format!("fuzz-{name}"));
            fs::write(&kept, &bytes).unwrap();
            panic!("{name} fails for {}: {}", kept.display(), bytes.escape_ascii());
        }
    }
    texts.len() + mutations
}

#[test]
fn every_target_holds_over_its_seeds_and_what_is_near_them() {
    let rounds = std::env::var("FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let inputs: usize = std::thread::scope(|scope| {
        let running = bodies::TARGETS.map(|(name, body, mutations)| {
            scope.spawn(move || {
                let start = std::time::Instant::now();
                let tried = replay(name, body, mutations * rounds.unwrap_or(1));
                println!("{name}: {tried} inputs in {:?}", start.elapsed());
                tried
            })
        });
        running.into_iter().map(|target| target.join().expect("a target holds")).sum()
    });
    // As `__test__/support/tally.js` does, for those who count over all suites.
    if let Some(file) = std::env::var_os("TALLY_FILE") {
        let zeros = "\"acceptedWrongly\":0,\"refusedWrongly\":0,\"crashes\":0,\"hangs\":0";
        let line = format!("{{\"suite\":\"fuzz corpus\",\"inputs\":{inputs},{zeros}}}\n");
        let mut tally = fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
        tally.write_all(line.as_bytes()).unwrap();
    }
}
