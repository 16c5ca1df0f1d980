# Keys, tokens and DPoP proofs of Crypt::JWT. ../makers.js says what comes in and goes out.

use strict;
use warnings;

use Crypt::Digest::SHA256 qw(sha256_b64u);
use Crypt::JWT qw(decode_jwt encode_jwt);
use Crypt::Misc qw(decode_b64u random_v4uuid);
use Crypt::PK::ECC;
use Crypt::PK::Ed25519;
use Crypt::PK::RSA;
use JSON qw(decode_json encode_json);

my $asked  = decode_json(do { local $/; <STDIN> });
my $claims = $asked->{claims};
my $now    = time;

my @names   = qw(rsa rs256 p256 p384 p521 k256 ed25519);
my %curves  = (p256 => 'secp256r1', p384 => 'secp384r1', p521 => 'secp521r1', k256 => 'secp256k1');
my %private = map { $_ => generate($_) } @names;

sub generate {
    my ($name) = @_;
    my $class = $name =~ /^rs/ ? 'RSA' : $name eq 'ed25519' ? 'Ed25519' : 'ECC';
    my $key   = "Crypt::PK::$class"->new;
    # 256 bytes, which are 2048 bits.
    $key->generate_key($class eq 'RSA' ? 256 : $class eq 'ECC' ? $curves{$name} : ());
    return $key;
}

sub sign {
    my ($name, $alg, %more) = @_;
    my $headers = { kid => $name, %{ $more{headers} // {} } };
    return encode_jwt(
        payload       => $more{payload} // $claims,
        alg           => $alg,
        key           => $more{key} // $private{$name},
        extra_headers => $headers,
        %{ $more{options} // {} },
    );
}

sub with_leading_zero {
    my ($length) = @_;
    while (1) {
        my $token     = sign('p256', 'ES256');
        my $signature = decode_b64u((split /\./, $token)[2]);
        return $token if grep { substr($signature, $_, 1) eq "\0" } (0, $length);
    }
}

# RFC 7638: Ed25519 keys have no method for it.
sub thumbprint {
    my ($key) = @_;
    return $key->export_key_jwk_thumbprint('SHA256') if $key->can('export_key_jwk_thumbprint');
    return sha256_b64u(JSON->new->canonical->encode($key->export_key_jwk('public', 1)));
}

sub proof {
    my ($name, $alg, $jwk) = @_;
    my $key   = $private{$name};
    my $jkt   = thumbprint($key);
    my $token = sign('p256', 'ES256', payload => { %$claims, cnf => { jkt => $jkt } });
    my $proof = encode_jwt(
        payload => {
            jti => random_v4uuid(),
            htm => $asked->{method},
            htu => $asked->{url},
            ath => sha256_b64u($token),
        },
        alg           => $alg,
        key           => $key,
        auto_iat      => 1,
        extra_headers => {
            typ => 'dpop+jwt',
            jwk => $jwk // $key->export_key_jwk('public', 1),
        },
    );
    return { token => $token, proof => $proof };
}

my $stranger = generate('p256');
my $text     = JSON->new->utf8->encode($claims);
my $as_text  = "$claims->{exp}";
my %extended = (%$claims, aud => [$claims->{aud}, 'urn:other']);

my %tokens = (
    (map { $_ => sign('rsa', $_) } qw(RS256 RS384 RS512 PS256 PS384 PS512)),
    ES256 => sign('p256', 'ES256'),
    ES384 => sign('p384', 'ES384'),
    ES512 => sign('p521', 'ES512'),
    EdDSA => sign('ed25519', 'EdDSA'),
    'a signature that begins with zero' => with_leading_zero(32),
    'typ at+jwt' => sign('p256', 'ES256', headers => { typ => 'at+jwt' }),
    'no typ'     => sign('p256', 'ES256'),
    'no kid'     => encode_jwt(payload => $claims, alg => 'ES256', key => $private{p256}),
    'times of its own type' => sign(
        'p256', 'ES256',
        payload => {%$claims},
        options => { relative_exp => 60, relative_nbf => -60, auto_iat => 1 },
    ),
    'a fraction of a second' =>
        sign('p256', 'ES256', payload => { %$claims, exp => $claims->{exp} + 0.5 }),
    'several audiences' => sign('p256', 'ES256', payload => \%extended),
    'no signature' =>
        encode_jwt(payload => $claims, alg => 'none', allow_none => 1),
    'HS256 with the public key' =>
        sign('rsa', 'HS256', key => $private{rsa}->export_key_pem('public')),
    ES256K => sign('k256', 'ES256K'),
    'another algorithm of the key' => sign('rs256', 'PS256'),
    'another key'                  => sign('p256', 'ES256', key => $stranger),
    'its own key in the header'    => sign(
        'p256', 'ES256',
        key     => $stranger,
        headers => { kid => 'mine', jwk => $stranger->export_key_jwk('public', 1) },
    ),
    critical => sign('p256', 'ES256', headers => { crit => ['urn:x'], 'urn:x' => 1 }),
    'a claim twice' =>
        sign('p256', 'ES256', payload => substr($text, 0, -1) . ',"sub":"other"}'),
    'another typ'            => sign('p256', 'ES256', headers => { typ => 'id+jwt' }),
    'a payload that is text' => sign('p256', 'ES256', payload => 'text'),
    'a compressed payload' => sign('p256', 'ES256', options => { zip => 'deflate' }),
    'a token in a token' => sign(
        'p256', 'ES256',
        payload => sign('p256', 'ES256'),
        headers => { cty => 'JWT' },
    ),
    'JSON, flattened' => sign('p256', 'ES256', options => { serialization => 'flattened' }),
    encrypted => encode_jwt(
        payload => sign('p256', 'ES256'),
        alg     => 'dir',
        enc     => 'A256GCM',
        key     => "\0" x 32,
    ),
    # A number that was read as a string is one from then on.
    'exp as text'      => sign('p256', 'ES256', payload => { %$claims, exp => $as_text }),
    expired            => sign('p256', 'ES256', payload => { %$claims, exp => $now - 600 }),
    'not yet valid'    => sign('p256', 'ES256', payload => { %$claims, nbf => $now + 600 }),
    'another audience' => sign('p256', 'ES256', payload => { %$claims, aud => ['urn:other'] }),
);

my %proofs = (
    RS256 => proof('rsa', 'RS256'),
    PS256 => proof('rsa', 'PS256'),
    ES256 => proof('p256', 'ES256'),
    ES384 => proof('p384', 'ES384'),
    EdDSA => proof('ed25519', 'EdDSA'),
    ES512 => proof('p521', 'ES512'),
    'a private key' => proof('p256', 'ES256', $private{p256}->export_key_jwk('private', 1)),
);

my @keys = map {
    my $jwk = $private{$_}->export_key_jwk('public', 1);
    +{ %$jwk, kid => $_, use => 'sig', $_ eq 'rs256' ? (alg => 'RS256') : () };
} @names;

sub verify {
    my ($assertion) = @_;
    return decode_jwt(
        token        => $assertion->{token},
        key          => $assertion->{jwk},
        accepted_alg => $assertion->{alg},
        verify_aud   => $assertion->{audience},
        verify_exp   => 1,
        verify_nbf   => 1,
        verify_iat   => 1,
    );
}

my %assertions = map { $_->{alg} => verify($_) } @{ $asked->{assertions} };

print encode_json(
    { keys => \@keys, tokens => \%tokens, proofs => \%proofs, assertions => \%assertions });
