'use strict';

// The examples of RFC 7515 (appendices A and E), RFC 7520 (section 4) and RFC 8037 (appendix A): keys and signed texts, octet
// for octet.

/** RFC 7515 appendix A.1: it signs A.1 to A.3, and stands in A.5. */
const JOE =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

/** RFC 7515 appendix A.2 to A.4 */
const A = {
  RS256: {
    kty: 'RSA',
    n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
    e: 'AQAB',
  },
  ES256: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  },
  ES512: {
    kty: 'EC',
    crv: 'P-521',
    x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
    y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
  },
};

/** Signatures of RFC 7515 appendix A. */
const A_SIGNATURES = {
  HS256: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  RS256:
    'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
  ES256: 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  ES512:
    'AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn',
};

/** RFC 7515 appendix A.1 */
const A_SECRET = {
  kty: 'oct',
  k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
};

/** RFC 7520 §3.1, §3.3 and §3.5: the first two have one name. */
const BILBO = {
  EC: {
    kty: 'EC',
    kid: 'bilbo.baggins@hobbiton.example',
    use: 'sig',
    crv: 'P-521',
    x: 'AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt',
    y: 'AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1',
  },
  RSA: {
    kty: 'RSA',
    kid: 'bilbo.baggins@hobbiton.example',
    use: 'sig',
    n: 'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw',
    e: 'AQAB',
  },
  oct: {
    kty: 'oct',
    kid: '018c0ae5-4d9b-471b-bfd6-eef314bc7037',
    use: 'sig',
    alg: 'HS256',
    k: 'hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg',
  },
};

/** RFC 7520 §4 */
const DOOR =
  'SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4';

/** Signatures of RFC 7520 §4.1 to §4.8. */
const DOOR_SIGNATURES = {
  'section 4.1':
    'MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg',
  'section 4.2':
    'cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw',
  'section 4.3':
    'AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNEuT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsbEPX6sFY8OcGDqoRuBomu9xQ2',
  'section 4.4': 's0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0',
  'section 4.6': 'bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20',
  'section 4.7': 'xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk',
  'section 4.8, RS256':
    'MIsjqtVlOpa71KE-Mss8_Nq2YH4FGhiocsqrgi5NvyG53uoimic1tcMdSg-qptrzZc7CG6Svw2Y13TDIqHzTUrL_lR2ZFcryNFiHkSw129EghGpwkpxaTn_THJTCglNbADko1MZBCdwzJxwqZc-1RlpO2HibUYyXSwO97BSe0_evZKdjvvKSgsIqjytKSeAMbhMBdMma622_BG5t4sdbuCHtFjp9iJmkio47AIwqkZV1aIZsv33uPUqBBCXbYoQJwt7mxPftHmNlGoOSMxR_3thmXTCm4US-xiNOyhbm8afKK64jU6_TPtQHiJeQJxz9G3Tx-083B745_AfYOnlC9w',
  'section 4.8, ES512':
    'ARcVLnaJJaUWG8fG-8t5BREVAuTY8n8YHjwDO1muhcdCoFZFFjfISu0Cdkn9Ybdlmi54ho0x924DUz8sK7ZXkhc7AFM8ObLfTvNCrqcI3Jkl2U5IX3utNhODH6v7xgy1Qahsn0fyb4zSAkje8bAWz4vIfj5pCMYxxm4fgV3q7ZYhm5eD',
};

/** RFC 8037 appendix A.2 */
const ED25519 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

/** RFC 8037 appendix A.6: a key that can't verify. */
const X25519 = {
  kty: 'OKP',
  crv: 'X25519',
  kid: 'Bob',
  x: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08',
};

/** RFC 8037 appendix A.4 */
const ED25519_JWS =
  'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';

/** RFC 7515 appendix E: a critical header parameter that nobody knows. */
const UNKNOWN_CRITICAL =
  'eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.';

/** Headers as they are encoded. */
const RS256 = 'eyJhbGciOiJSUzI1NiJ9';
const ES256 = 'eyJhbGciOiJFUzI1NiJ9';
const ES512 = 'eyJhbGciOiJFUzUxMiJ9';
const HS256 = 'eyJhbGciOiJIUzI1NiJ9';
const HS256_NAMED =
  'eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9';
const bilbo = (alg) =>
  Buffer.from(`{"alg":"${alg}","kid":"${BILBO.RSA.kid}"}`).toString('base64url');

const byJoe = (header, alg) => [header, JOE, A_SIGNATURES[alg]].join('.');
const door = (header, section) => [header, DOOR, DOOR_SIGNATURES[section]].join('.');

/** Key sets: each of a document, with every key in it. */
const KEYS = {
  'RFC 7515': [...Object.values(A), A_SECRET],
  'RFC 7520': Object.values(BILBO),
  'RFC 8037': [ED25519, X25519],
};

/** `[document, section, JWS, why it is no access token]`: their signatures are good. */
const SIGNED = [
  ['RFC 7515', 'A.2, RS256', byJoe(RS256, 'RS256'), 'issuer_mismatch'],
  ['RFC 7515', 'A.3, ES256', byJoe(ES256, 'ES256'), 'issuer_mismatch'],
  [
    'RFC 7515',
    'A.4, ES512',
    [ES512, 'UGF5bG9hZA', A_SIGNATURES.ES512].join('.'),
    'malformed_payload',
  ],
  ['RFC 7520', '4.1, RS256', door(bilbo('RS256'), 'section 4.1'), 'malformed_payload'],
  ['RFC 7520', '4.2, PS384', door(bilbo('PS384'), 'section 4.2'), 'malformed_payload'],
  ['RFC 7520', '4.3, ES512', door(bilbo('ES512'), 'section 4.3'), 'malformed_payload'],
  ['RFC 7520', '4.8, RS256 without kid', door(RS256, 'section 4.8, RS256'), 'malformed_payload'],
  ['RFC 8037', 'A.4, EdDSA', ED25519_JWS, 'malformed_payload'],
];

const named = { kid: BILBO.RSA.kid };
const secretly = { kid: BILBO.oct.kid };
const json = (payload, more) => JSON.stringify({ payload, ...more });
const signature = (section) => DOOR_SIGNATURES[section];

const A6 = [
  { protected: RS256, header: { kid: '2010-12-29' }, signature: A_SIGNATURES.RS256 },
  {
    protected: ES256,
    header: { kid: 'e9bc097a-ce51-4036-9562-d2ade882db0d' },
    signature: A_SIGNATURES.ES256,
  },
];
const S48 = [
  { protected: RS256, header: named, signature: signature('section 4.8, RS256') },
  { header: { alg: 'ES512', ...named }, signature: signature('section 4.8, ES512') },
  { protected: HS256_NAMED, signature: signature('section 4.4') },
];

/** `[document, section, JWS, the reason of its refusal]`: of an algorithm or a form that is not accepted. */
const REFUSED = [
  [
    'RFC 7515',
    'A.1, HS256',
    byJoe('eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9', 'HS256'),
    'unsupported_algorithm',
  ],
  ['RFC 7515', 'A.5, none', `eyJhbGciOiJub25lIn0.${JOE}.`, 'unsupported_algorithm'],
  ['RFC 7515', 'E, crit', UNKNOWN_CRITICAL, 'unsupported_critical_header'],
  ['RFC 7520', '4.4, HS256', door(HS256_NAMED, 'section 4.4'), 'unsupported_algorithm'],
  [
    'RFC 7520',
    '4.5, detached',
    `${HS256_NAMED}..${signature('section 4.4')}`,
    'unsupported_algorithm',
  ],
];

/** `[document, section, JWS]`: JSON serialization is no bearer token (RFC 6750 §2.1), and so an opaque one. */
const IN_JSON = [
  ['RFC 7515', 'A.6, general', json(JOE, { signatures: A6 })],
  ['RFC 7515', 'A.7, flattened', json(JOE, A6[1])],
  [
    'RFC 7520',
    '4.6, an unprotected kid',
    json(DOOR, { protected: HS256, header: secretly, signature: signature('section 4.6') }),
  ],
  [
    'RFC 7520',
    '4.7, no protected header',
    json(DOOR, { header: { alg: 'HS256', ...secretly }, signature: signature('section 4.7') }),
  ],
  ['RFC 7520', '4.8, three signatures', json(DOOR, { signatures: S48 })],
];

module.exports = { IN_JSON, KEYS, REFUSED, SIGNED };
