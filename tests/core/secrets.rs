//! Nothing that holds a secret, a token or a claim shows it with `{:?}`, which is what ends up in logs.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use crate::support::{NOW, TestClock, sources};
use monocloud_backend_node::config::{
    ClientSecret, Config, Flavour, Given, Sources as GivenSources, Tls,
};
use monocloud_backend_node::error::Raw;
use monocloud_backend_node::http::client::{HttpConfig, NativeTransport};
use monocloud_backend_node::http::{Request, Response};
use monocloud_backend_node::issuer::Issuer;
use monocloud_backend_node::issuer::client_auth::ClientAuth;
use monocloud_backend_node::json::Members;
use monocloud_backend_node::secret::Secret;
use monocloud_backend_node::token::claims::Claims;
use monocloud_backend_node::token::jws::Compact;
use monocloud_backend_node::validator::request::{OwnedRequest, Request as TokenRequest};
use monocloud_backend_node::validator::{Admitted, Validation, Validator};

const SECRET: &str = "hunter2-and-more";

fn shows_nothing(what: &dyn Debug) {
    for shown in [format!("{what:?}"), format!("{what:#?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

fn text(text: &str) -> Given {
    Given::Text(text.into())
}

#[test]
fn no_secret_of_the_configuration_is_shown() {
    let proxy = Secret::from(format!("http://user:{SECRET}@127.0.0.1:1"));
    shows_nothing(&proxy);
    let environment = HashMap::from([
        ("MONOCLOUD_BACKEND_CLIENT_SECRET".to_owned(), SECRET.into()),
        ("HTTPS_PROXY".to_owned(), proxy.clone()),
        ("HTTP_PROXY".to_owned(), proxy),
    ]);
    let given = GivenSources {
        options: HashMap::from([
            ("tenantDomain".to_owned(), text("https://tenant.example")),
            ("audience".to_owned(), text("https://api.example.com")),
            ("clientId".to_owned(), text("client")),
            ("clientSecret".to_owned(), text(SECRET)),
            ("tls.passphrase".to_owned(), text(SECRET)),
        ]),
        issuers: None,
        environment,
    };
    shows_nothing(&given);
    for value in
        [text(SECRET), Given::Json(format!("{{\"kty\":\"oct\",\"k\":\"{SECRET}\"}}").into())]
    {
        shows_nothing(&value);
    }
    for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "spiffe_jwt"] {
        let method = [("clientAuthMethod".to_owned(), text(method))];
        let options = given.options.clone().into_iter().chain(method).collect();
        let sources = GivenSources { options, issuers: None, environment: HashMap::new() };
        let config = Config::read(Flavour::BackendNode, &sources).unwrap();
        shows_nothing(&config);
        let auth = ClientAuth::new(&config).unwrap().unwrap();
        shows_nothing(&auth);
        shows_nothing(&auth.credentials(NOW).unwrap());
    }
    shows_nothing(&ClientSecret::Text(SECRET.into()));
    shows_nothing(&ClientSecret::Jwk(SECRET.into()));
    let secret = || Some(SECRET.into());
    shows_nothing(&Tls { cert: secret(), key: secret(), ca: secret(), passphrase: secret() });

    let http = HttpConfig::new(Tls::default(), &given.environment);
    shows_nothing(&http);
    let transport = Arc::new(NativeTransport::new(http).unwrap());
    shows_nothing(&transport);
    let config = Config::read(Flavour::BackendNode, &given).unwrap();
    let clock = Arc::new(TestClock::default());
    let issuer = Issuer::new(config.tenant.clone(), sources(), clock);
    shows_nothing(&issuer);
    shows_nothing(&Validator::new(config, issuer).unwrap());
}

#[test]
fn no_token_and_no_claim_is_shown() {
    let claims = format!("{{\"sub\":\"{SECRET}\"}}");
    shows_nothing(&Admitted::Claims(claims.clone()));
    shows_nothing(&Validation::Done(Ok(Admitted::Claims(claims.clone()))));
    shows_nothing(&Claims::parse(&claims).unwrap());
    shows_nothing(&Members::parse(&claims).unwrap());
    shows_nothing(&Compact::split(&format!("{SECRET}.{SECRET}.{SECRET}")).unwrap());

    let certificate = Some(SECRET.to_owned());
    let given = Some(SECRET.to_owned());
    let asked = OwnedRequest { certificate, jwks: given, ..crate::support::request(SECRET) };
    shows_nothing(&asked);
    let view: TokenRequest<'_> = asked.view();
    shows_nothing(&view);

    let url = "https://tenant.example/introspect".parse().unwrap();
    let mut request = Request::get("token introspection", url);
    request.headers.push(("authorization", SECRET.into()));
    request.form = Some(format!("token={SECRET}").into());
    shows_nothing(&request);
    let response = Response {
        status: 200,
        status_text: "OK".to_owned(),
        headers: vec![("x-echo".to_owned(), SECRET.to_owned())],
        body: claims.into_bytes(),
    };
    shows_nothing(&response);
    let raw: Arc<Raw> = response.raw();
    shows_nothing(&raw);
}
