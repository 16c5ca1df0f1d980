//! The tenant's metadata. The first byte selects the tenant, the rest is the document.

use std::sync::LazyLock;

use monocloud_backend_node::config::{Flavour, Given, TenantDomain};
use monocloud_backend_node::issuer::discovery::Metadata;
use url::{Host, Url};

use super::input::Input;
use super::{json, still};

/// One tenant on the internet, two on loopback.
static TENANTS: LazyLock<[TenantDomain; 3]> = LazyLock::new(|| {
    ["https://t.example", "http://localhost:8080/x", "http://[::1]:9"]
        .map(|address| still::config(&[("tenantDomain", Given::Text(address.into()))]).tenant)
});

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let tenant = &TENANTS[usize::from(input.byte()) % TENANTS.len()];
    let Ok(text) = std::str::from_utf8(input.0) else { return };
    let read = Metadata::parse(tenant, text.to_owned());

    let members = json::unambiguous(text);
    let member = |name| members.as_ref().and_then(|members| json::member(members, name));
    let own = member("issuer").and_then(json::string).as_deref() == Some(tenant.as_str());
    let Ok(metadata) = read else {
        let keys = member("jwks_uri").and_then(json::string);
        let plain = keys.is_some_and(|uri| uri == "https://t.example/jwks");
        let stores = member("mtls_additional_endpoint_aliases");
        let each = stores.and_then(json::object).unwrap_or_default();
        let aliases = each.into_iter().map(|(_, store)| store).chain(stores);
        let twice = aliases.chain(member("mtls_endpoint_aliases")).any(is_ambiguous);
        let odd = !plain && member("jwks_uri").is_some() || twice;
        assert!(!own || odd, "nothing is wrong with {text}");
        return;
    };
    assert!(own, "another tenant's: {text}");
    assert_eq!(metadata.text, text);
    assert_eq!(metadata.jwks_uri.is_some(), member("jwks_uri").is_some());
    if let Some(url) = &metadata.jwks_uri {
        may_be_asked(tenant, url);
    }
    for (by_tls, store) in [(false, None), (true, None), (true, Some("ts")), (false, Some("ts"))] {
        if let Ok(url) =
            metadata.introspection_endpoint(tenant, by_tls, store, Flavour::BackendNode)
        {
            may_be_asked(tenant, &url);
            assert!(text.contains("introspection_endpoint") || text.contains("\\u"));
            if !by_tls {
                let named = member("introspection_endpoint").and_then(json::string);
                assert_eq!(Url::parse(&named.expect("it was taken")), Ok(url));
            }
        }
    }
}

/// An object with a duplicate member.
fn is_ambiguous(text: &str) -> bool {
    json::object(text).is_some() && json::unambiguous(text).is_none()
}

fn may_be_asked(tenant: &TenantDomain, url: &Url) {
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    let here = match url.host() {
        Some(Host::Domain(name)) => name.rsplit('.').next() == Some("localhost"),
        Some(Host::Ipv4(address)) => address.octets()[0] == 127,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => panic!("no host: {url}"),
    };
    let plain = url.scheme() == "http" && here && tenant.as_str().starts_with("http:");
    assert!(url.scheme() == "https" || plain, "{url} of {}", tenant.as_str());
}
