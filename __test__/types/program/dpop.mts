// Everything that the options for DPoP offer, with proofs of the test tenant's own client.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  type DPoPAlgorithm,
  type DPoPMode,
  type DPoPOptions,
  type DPoPRequest,
  type DiagnosticsMessages,
  type IReplayStore,
  type IntrospectOptions,
  type MonoCloudBackendNodeClientOptions,
  type ProtectOptions,
  type ReplayStoreFaultMessage,
} from '@monocloud/backend-node';
import { createTestTenant } from '@monocloud/backend-node/testing';

type Witness = <T>(name: string, value: T) => T;

class Seen implements IReplayStore {
  readonly keys = new Map<string, number>();
  isAway = false;

  async add(key: string, expiresAt: number): Promise<boolean> {
    if (this.isAway) throw new Error('away');
    const isNew = !this.keys.has(key);
    this.keys.set(key, expiresAt);
    return isNew;
  }
}

const CHANNEL = '@monocloud/backend-node:replay-store-fault';
const url = 'https://api.example.com/orders';

export async function run(witness: Witness): Promise<void> {
  const tenant = await createTestTenant({ algorithms: ['ES256'] });
  const seen = new Seen();
  const algorithms: DPoPAlgorithm[] = ['ES256', 'EdDSA'];
  const mode: DPoPMode = 'required';
  const dpop: DPoPOptions = {
    mode,
    algorithms,
    maxAge: 30,
    replayStore: seen,
    nonce: { secret: 'thirty-two bytes, or a few more of them', lifetime: 60 },
    origin: 'https://api.example.com',
  };
  const options: MonoCloudBackendNodeClientOptions = {
    ...tenant.clientOptions(),
    dpop,
    profile: 'fapi2',
  };
  const strict = new MonoCloudBackendNodeClient(options);
  const holder = tenant.dpopClient();
  const token = await holder.token();
  const request: DPoPRequest = {
    proof: await holder.proof({ url }),
    method: 'GET',
    url,
    scheme: 'DPoP',
    required: true,
  };
  const asked: IntrospectOptions = { dpop: request };
  const error = await strict.validateAccessToken(token, asked).catch((thrown) => thrown);
  witness('nonce wanted', error.code === 'use_dpop_nonce');

  const client = new MonoCloudBackendNodeClient({
    ...tenant.clientOptions(),
    dpop: { replayStore: seen },
  });
  witness('claims', await client.validateAccessToken(token, asked));
  witness('explanation', await client.explain(token, asked));
  const route: ProtectOptions = { dpop: true };
  witness('route', route);

  const messages: ReplayStoreFaultMessage[] = [];
  const listener = (message: unknown) => {
    messages.push(message as DiagnosticsMessages['@monocloud/backend-node:replay-store-fault']);
  };
  subscribe(CHANNEL, listener);
  seen.isAway = true;
  const proof = await holder.proof({ url });
  const away: unknown = await client
    .validateAccessToken(token, { dpop: { proof, method: 'GET', url } })
    .catch((thrown: unknown) => thrown);
  unsubscribe(CHANNEL, listener);
  witness('messages', messages);
  witness(
    'faults',
    messages.map(({ error: fault }) => (fault as Error).message),
  );
  witness('away', away instanceof MonoCloudHttpError && away.reason === 'replay_store_unavailable');
  await tenant.close();
}
