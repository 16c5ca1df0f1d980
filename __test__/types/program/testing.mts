// Everything that `./testing` offers.
import {
  createTestTenant,
  type DPoPClient,
  type DPoPClientOptions,
  type DPoPProofOptions,
  type IssueOpaqueTokenOptions,
  type IssueTokenOptions,
  type RotateKeysOptions,
  type TestFetch,
  type TestTenant,
  type TestTenantAlgorithm,
  type TestTenantClientOptions,
  type TestTenantGroup,
  type TestTenantOptions,
  type TestTenantRequests,
} from '@monocloud/backend-node/testing';
import { MonoCloudBackendNodeClient, type JwsAlgorithm } from '@monocloud/backend-node';

type Witness = <T>(name: string, value: T) => T;
interface Given {
  client: { cert: string };
}

export async function run(witness: Witness, given: Given): Promise<void> {
  const algorithms: TestTenantAlgorithm[] = [
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'Ed25519',
  ];
  const options: TestTenantOptions = {
    audience: 'https://api.example.com',
    clientId: 'my-api',
    clientSecret: 'secret',
    algorithms,
    port: 0,
  };
  const tenant: TestTenant = witness('tenant', await createTestTenant(options));
  const { tenantDomain, audience, clientId, clientSecret } = tenant;
  witness('members', [tenantDomain, audience, clientId, clientSecret]);
  const forClient: TestTenantClientOptions = witness('client options', tenant.clientOptions());
  witness('same', forClient.tenantDomain === tenant.tenantDomain);
  const more = witness('more', tenant.clientOptions({ clockTolerance: 0, audience }));
  const client = new MonoCloudBackendNodeClient(more);
  witness('env', tenant.env());

  for (const alg of algorithms) {
    const accepted: JwsAlgorithm = alg;
    const token = await tenant.issueToken({ alg: accepted, header: { typ: 'JWT' } });
    witness('claims', await client.validateAccessToken(token));
  }
  const groups: TestTenantGroup[] = ['a', { id: 'b' }, { name: 'c' }, { id: 'd', name: 'e' }];
  const opaque: IssueOpaqueTokenOptions = {
    claims: { plan: 'paid' },
    scopes: ['read'],
    groups,
    expiresIn: 60,
    audience: [audience, 'https://other.example.com'],
    subject: 'ada',
    certificate: given.client.cert,
  };
  const jwt: IssueTokenOptions = { ...opaque, alg: 'ES256', header: {}, kid: 'nobody' };
  witness('a JWT', await tenant.issueToken(jwt));
  const token = await tenant.issueOpaqueToken(opaque);
  const clientCertificate = given.client.cert;
  witness('opaque', await client.validateAccessToken(token, { clientCertificate, groups: ['e'] }));
  const forDPoP: DPoPClientOptions = { scopes: ['read'], opaque: true, proofAlg: 'EdDSA' };
  const dpop: DPoPClient = witness('DPoP client', tenant.dpopClient(forDPoP));
  const url = tenant.tenantDomain;
  const content: DPoPProofOptions = {
    url,
    method: 'POST',
    token: await dpop.token(),
    nonce: 'nonce',
    claims: { iat: undefined },
    header: { typ: 'JWT' },
  };
  witness('a proof', await dpop.proof(content));
  witness('its key', [dpop.thumbprint, dpop.jwk]);
  witness('bound', await tenant.issueToken({ jkt: dpop.thumbprint }));
  const fetchIt: TestFetch = dpop.fetch;
  witness('a status', (await fetchIt(url)).status);
  tenant.revoke(token);
  const rotation: RotateKeysOptions = { keepOld: false };
  await tenant.rotateKeys(rotation);
  const requests: TestTenantRequests = tenant.requests;
  witness('requests', requests);
  witness('itself', tenant.ref() === tenant.unref());
  await tenant.close();
  // There from Node.js 18.18 on, and what it does is `close()`.
  await (await createTestTenant({ algorithms: ['ES256'] }))[Symbol.asyncDispose]();
}
