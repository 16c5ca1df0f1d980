// Everything that `./issuers` offers.
import {
  auth0,
  cognito,
  entra,
  keycloak,
  okta,
  type Auth0Options,
  type CognitoOptions,
  type EntraOptions,
  type KeycloakOptions,
  type KnownIssuer,
  type OktaOptions,
} from '@monocloud/backend-node/issuers';
import {
  MonoCloudBackendNodeClient,
  type ClaimValue,
  type IssuerOptions,
  type RequiredClaims,
} from '@monocloud/backend-node';

type Witness = <T>(name: string, value: T) => T;

const directory: EntraOptions = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  audience: ['66666666-7777-8888-9999-000000000000', 'api://orders'],
  version: 'v1',
};
const pool: CognitoOptions = {
  region: 'eu-central-1',
  userPoolId: 'eu-central-1_AbCdEfGhI',
  clientIds: ['1example23456789'],
};
const tenant: Auth0Options = {
  domain: 'example.eu.auth0.com',
  audience: 'https://api.example.com',
};
const realm: KeycloakOptions = {
  url: 'https://sso.example.com',
  realm: 'staff',
  audience: 'orders',
};
const server: OktaOptions = {
  domain: 'example.okta.com',
  authorizationServer: 'aus1example',
  audience: 'api://orders',
};

const environment: ClaimValue = 'production';
const requiredClaims: RequiredClaims = {
  environment: [environment, 'staging'],
  level: 1,
  use: true,
};
const other: IssuerOptions = {
  issuer: 'https://login.example.com/',
  audience: false,
  clientIds: ['web'],
  scopesClaim: '/permissions/scopes',
  requiredClaims,
};

export async function run(witness: Witness): Promise<void> {
  const all: KnownIssuer[] = [
    entra(directory),
    entra({ ...directory, version: 'v2' }),
    cognito(pool),
    auth0(tenant),
    keycloak(realm),
    okta(server),
  ];
  for (const one of all) {
    const { tenantDomain, issuer, audience, clientIds, scopesClaim } = witness('issuer', one);
    witness('addresses', [tenantDomain, issuer]);
    witness('whose', { audience, clientIds, scopesClaim });
    witness('required', one.requiredClaims);
    witness('groups', one.groupOptions?.groupsClaim);
    witness('client', new MonoCloudBackendNodeClient(one).stats().refused);
  }
  witness('several', new MonoCloudBackendNodeClient({ issuers: [...all, other] }).stats().refused);
  const { issuer, ...more } = other;
  const alone = new MonoCloudBackendNodeClient({ issuer, ...more, clientIds: ['web', 'mobile'] });
  witness('alone', alone.stats().refused);
}
