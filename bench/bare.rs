//! Verification with aws-lc-rs alone, the lower limit for the time of a validation, and SHA-256, that for a seen token.
//! `bench/bare.js` starts this program with an algorithm, a public key (RS256: DER; ES256: the uncompressed point;
//! EdDSA: the 32 bytes; SHA-256: anything) and a file of JWTs, one a line. For each line `FROM COUNT` on standard input,
//! it prints the nanoseconds of one verification, or of one hash.

use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;
use std::{env, fs, io};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Calls a function with the items of each range that standard input asks for.
fn time<T>(items: &[T], work: impl Fn(&T)) {
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let (from, count) = line.split_once(' ').unwrap();
        let (from, count): (usize, usize) = (from.parse().unwrap(), count.parse().unwrap());
        let start = Instant::now();
        items.iter().skip(from).take(count).for_each(&work);
        println!("{}", start.elapsed().as_nanos() / u128::try_from(count).unwrap());
    }
}

fn main() {
    let mut given = env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let algorithm = given.next().unwrap();
    let bytes = fs::read(given.next().unwrap()).unwrap();
    let text = fs::read_to_string(given.next().unwrap()).unwrap();
    let tokens: Vec<&str> = text.lines().collect();
    let key = match algorithm.as_str() {
        "RS256" => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bytes),
        "ES256" => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes),
        "EdDSA" => ParsedPublicKey::new(&ED25519, bytes),
        _ => {
            return time(&tokens, |token| {
                black_box(Sha256::digest(black_box(token)));
            });
        }
    };
    let key = key.unwrap();
    let signed: Vec<(&str, Vec<u8>)> = tokens
        .iter()
        .map(|token| token.rsplit_once('.').unwrap())
        .map(|(input, signature)| (input, URL_SAFE_NO_PAD.decode(signature).unwrap()))
        .collect();
    time(&signed, |(input, signature)| {
        key.verify_sig(black_box(input.as_bytes()), signature).unwrap();
    });
}
