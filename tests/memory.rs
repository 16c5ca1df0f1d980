//! What is left of a client's secrets in the memory of the process once the client is gone. This program searches
//! its own memory, as one would search a core dump. It is a program of its own, because other tests would leave
//! texts behind. Constants are in memory that can't be written, which is not searched.
#![cfg(target_os = "linux")]

#[path = "support/memory.rs"]
mod memory;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand::fill;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memory::{CERTIFICATE, EC_JWK, ENCRYPTED_KEY, KEY, Needle, PASSPHRASE, RSA_JWK, found};
use monocloud_backend_node::clock::SystemClock;
use monocloud_backend_node::config::{Config, Flavour, Given, Sources as GivenSources};
use monocloud_backend_node::http::client::{HttpConfig, NativeTransport};
use monocloud_backend_node::issuer::client_auth::ClientAuth;
use monocloud_backend_node::issuer::{ClientTerms, Issuer, Sources};
use monocloud_backend_node::runtime;
use serde_json::json;
use zeroize::{Zeroize, Zeroizing};

const NOW: f64 = 1_800_000_000.0;

/// A tenant whose own buffer holds nothing of a request after it. It tells which credentials have come.
fn tenant() -> (String, Arc<Mutex<Vec<&'static str>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let domain = format!("http://{}", listener.local_addr().unwrap());
    let (issuer, seen) = (domain.clone(), Arc::<Mutex<Vec<_>>>::default());
    let sees = Arc::clone(&seen);
    std::thread::spawn(move || {
        let serve = move |mut stream: TcpStream| {
            let mut buffer = vec![0; 65_536];
            while let Some(length) = read_request(&mut stream, &mut buffer) {
                let text = std::str::from_utf8(&buffer[..length]).unwrap();
                let names = ["authorization: Basic", "client_secret=", "client_assertion="];
                sees.lock().unwrap().extend(names.into_iter().filter(|name| text.contains(name)));
                let endpoint = format!("{issuer}/introspect");
                let answer = match text.starts_with("GET") {
                    true => json!({ "issuer": issuer, "introspection_endpoint": endpoint }),
                    false => json!({ "active": true }),
                };
                let answer = answer.to_string();
                buffer.as_mut_slice().zeroize();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
                stream.write_all((head + &answer).as_bytes()).unwrap();
            }
        };
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    (domain, seen)
}

/// The length of the next request: its head, and a body of its length.
fn read_request(stream: &mut impl Read, buffer: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    loop {
        match stream.read(&mut buffer[length..]).unwrap_or(0) {
            0 => return None,
            read => length += read,
        }
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if announced.is_none_or(|announced| body.len() >= announced.parse().unwrap()) {
            return Some(length);
        }
    }
}

type Options = HashMap<String, Given>;

fn given(options: &[(&str, &str)]) -> Options {
    let text = |(name, text): &(&str, &str)| ((*name).to_owned(), Given::Text((*text).into()));
    options.iter().map(text).collect()
}

/// A client with these options introspects three tokens, and goes. Returns what of the needles is in memory while
/// it is there, and what is left of them.
fn search(
    options: Options,
    variable: Option<&str>,
    needles: &[Needle],
) -> (Vec<&'static str>, Vec<&'static str>) {
    // Two tests use the same key.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (domain, seen) = tenant();
    let mut sources = GivenSources { options, issuers: None, environment: HashMap::new() };
    if let Some(secret) = variable {
        let name = "MONOCLOUD_BACKEND_CLIENT_SECRET";
        sources.environment.insert(name.to_owned(), secret.into());
    }
    let own =
        [("tenantDomain", domain.as_str()), ("audience", "https://a.example"), ("clientId", "me")];
    sources.options.extend(given(&own));
    let config = Config::read(Flavour::BackendNode, &sources).unwrap();
    let http = HttpConfig::new(config.tls.clone(), &sources.environment);
    drop(sources);
    let native = Arc::new(NativeTransport::new(http.clone()).unwrap());
    let clock = Arc::new(SystemClock::get());
    let sources = || Sources { transport: Arc::new(native), metadata: None, jwks: None };
    let issuer = Issuer::shared(&config.tenant, http, clock, sources);
    let auth = ClientAuth::new(&config).unwrap().unwrap();
    for _ in 0..3 {
        let (auth, terms) = (Arc::clone(&auth), ClientTerms::new(&config));
        let answer = issuer.introspect(auth, "opaque".to_owned(), NOW, terms);
        runtime::handle().unwrap().block_on(answer).unwrap();
    }
    let there = found(needles);
    let expected = if config.tls.cert.is_some() { 0 } else { 3 };
    assert_eq!(seen.lock().unwrap().len(), expected, "credentials that the tenant has seen");
    drop((auth, issuer, config));
    // The connections are closed by another thread.
    let mut left = found(needles);
    for _ in 0..20 {
        if left.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        left = found(needles);
    }
    (there, left)
}

/// A secret of lower-case letters, made in this process.
fn secret() -> Zeroizing<String> {
    let mut bytes = [0_u8; 40];
    fill(&mut bytes).unwrap();
    let letter = |byte: &u8| char::from(b'a' + byte % 26);
    let mut text = Zeroizing::new(String::with_capacity(bytes.len()));
    text.extend(bytes.iter().map(letter));
    bytes.zeroize();
    text
}

#[test]
fn no_client_secret_outlives_its_client() {
    for method in ["client_secret_post", "client_secret_basic", "client_secret_jwt", "spiffe_jwt"] {
        let secret = secret();
        let needles = [Needle::of("secret", secret.as_bytes())];
        let options = given(&[("clientAuthMethod", method), ("clientSecret", &secret)]);
        drop(secret);
        let (there, left) = search(options, None, &needles);
        assert_eq!((there.as_slice(), left), (["secret"].as_slice(), vec![]), "{method}");
    }
}

#[test]
fn no_client_secret_of_the_environment_does() {
    let secret = secret();
    let needles = [Needle::of("secret", secret.as_bytes())];
    let (there, left) = search(given(&[]), Some(&secret), &needles);
    // This test's own.
    assert_eq!((there.as_slice(), left.as_slice()), (["secret"].as_slice(), ["secret"].as_slice()));
    drop(secret);
    assert_eq!(found(&needles), [""; 0]);
}

/// The middle of a text: the whole of it need not survive for it to be a finding.
fn middle(text: &str) -> &str {
    &text[text.len() / 4..text.len() * 3 / 4]
}

/// A member of a private JWK: its text, and its bytes in either order, as big numbers have them.
fn member(jwk: &str, name: &str) -> Vec<Needle> {
    let (_, rest) = jwk.split_once(&format!("\"{name}\":\"")).unwrap();
    let text = rest.split('"').next().unwrap();
    let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).unwrap());
    let bytes = &mut bytes[1..31];
    let straight = Needle::of("bytes", bytes);
    bytes.reverse();
    vec![Needle::of("text", middle(text).as_bytes()), straight, Needle::of("limbs", bytes)]
}

#[test]
fn no_private_jwk_does() {
    for (jwk, name) in [(EC_JWK, "d"), (RSA_JWK, "d"), (RSA_JWK, "p"), (RSA_JWK, "qi")] {
        let needles = member(jwk, name);
        let options = [("clientAuthMethod", "private_key_jwt"), ("clientSecret", jwk)];
        let (there, left) = search(given(&options), None, &needles);
        assert!(there.contains(&"text"), "{name}: {there:?}");
        assert_eq!(left, [""; 0], "{name}");
    }
}

#[test]
fn no_key_and_no_passphrase_of_mutual_tls_does() {
    let line = KEY.lines().nth(1).unwrap();
    let mut needles = vec![Needle::of("text", line.as_bytes())];
    needles.extend(member(EC_JWK, "d").split_off(1));
    needles.push(Needle::of("passphrase", PASSPHRASE.as_bytes()));
    let encrypted = [("tls.key", ENCRYPTED_KEY), ("tls.passphrase", PASSPHRASE)];
    for case in ["plain", "encrypted", "one file"] {
        let mut options = match case {
            "plain" => given(&[("tls.cert", CERTIFICATE), ("tls.key", KEY)]),
            "encrypted" => given(&[&[("tls.cert", CERTIFICATE)], &encrypted[..]].concat()),
            _ => {
                let both = Zeroizing::new([CERTIFICATE, KEY].concat());
                given(&[("tls.cert", &both), ("tls.key", &both)])
            }
        };
        options.extend(given(&[("clientAuthMethod", "tls_client_auth")]));
        let (there, left) = search(options, None, &needles);
        assert!(!there.is_empty(), "{case}");
        assert_eq!(left, [""; 0], "{case}");
    }
}
