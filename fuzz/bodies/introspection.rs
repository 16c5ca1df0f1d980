//! An introspection response: a line with the status, then the body.

use std::sync::{Arc, LazyLock, Mutex};

use monocloud_backend_node::config::Given;
use monocloud_backend_node::error::{Error, TokenError};
use monocloud_backend_node::http::Response;
use monocloud_backend_node::issuer::client_auth::ClientAuth;
use monocloud_backend_node::issuer::{ClientTerms, Issuer, Sources};
use tokio::runtime::{Builder, Runtime};

use super::input::Input;
use super::still::{Answering, StillClock};
use super::{json, still};

const TOKEN: &str = "opaque-0123456789";
const SECRET: &str = "secret-0123456789";
const METADATA: &str =
    r#"{"issuer":"https://t.example","introspection_endpoint":"https://t.example/introspect"}"#;

struct World {
    issuer: Arc<Issuer>,
    transport: Arc<Answering>,
    auth: Arc<ClientAuth>,
    terms: ClientTerms,
    runtime: Runtime,
}

impl World {
    fn new() -> Self {
        let text = |text: &str| Given::Text(text.into());
        let config = still::config(&[("clientId", text("client")), ("clientSecret", text(SECRET))]);
        let auth = ClientAuth::new(&config).expect("good credentials").expect("complete");
        let transport = Arc::new(Answering(Mutex::default()));
        let sources = Sources { transport: transport.clone(), metadata: None, jwks: None };
        let issuer = Issuer::new(config.tenant.clone(), sources, Arc::new(StillClock));
        issuer.adopt_metadata(METADATA.to_owned()).expect("good metadata");
        // Without threads: each response is ready at once.
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        Self { issuer, transport, auth, terms: ClientTerms::new(&config), runtime }
    }

    fn ask(&self, answer: Response) -> Result<Arc<String>, Error> {
        *self.transport.0.lock().unwrap() = Some(answer);
        let auth = Arc::clone(&self.auth);
        self.runtime.block_on(self.issuer.introspect(auth, TOKEN.to_owned(), 0.0, self.terms))
    }
}

pub fn run(data: &[u8]) {
    static WORLD: LazyLock<World> = LazyLock::new(World::new);
    let mut input = Input(data);
    let status = std::str::from_utf8(input.line()).ok().and_then(|line| line.parse().ok());
    let (status, body) = (status.unwrap_or(200), input.0);
    let outcome = WORLD.ask(Response {
        status,
        status_text: String::new(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_vec(),
    });

    let members = std::str::from_utf8(body).ok().and_then(json::unambiguous);
    let member = |name| members.as_ref().and_then(|members| json::member(members, name));
    match outcome {
        Ok(claims) => {
            assert_eq!((status, member("active")), (200, Some("true")));
            let left = json::unambiguous(&claims).expect("claims are an object");
            let members = members.as_ref().expect("it was read");
            assert!(
                left.iter().eq(members
                    .iter()
                    .filter(|(name, text)| name.as_deref() != Some("active") && *text != "null"))
            );
        }
        Err(Error::Token(error)) => {
            assert_eq!((status, error), (200, TokenError::Inactive));
            assert!(members.is_some() && member("active") != Some("true"));
        }
        Err(Error::Op(error)) => {
            assert!(matches!(status, 400 | 401));
            assert!(!error.error.is_empty() && error.error.len() <= 64 && error.error.is_ascii());
            let description = error.description.clone().unwrap_or_default();
            for shown in [&error.error, &description, &error.raw.body, &format!("{error:?}")] {
                tells_nothing(shown);
            }
        }
        Err(Error::Http(error)) => {
            assert!(status != 200 || members.is_none());
            let body = error.raw.as_ref().map_or("", |raw| &raw.body);
            for shown in [body, &error.to_string(), &format!("{error:?}")] {
                tells_nothing(shown);
            }
        }
        Err(Error::Validation(error)) => panic!("{error:?}"),
        Err(error @ (Error::Unspent(_) | Error::Defect)) => panic!("{error:?}"),
    }
}

/// A tenant may echo the request, and errors get into logs.
fn tells_nothing(shown: &str) {
    assert!(!shown.contains(TOKEN), "the token: {shown}");
    assert!(!shown.contains(SECRET), "the secret: {shown}");
}
