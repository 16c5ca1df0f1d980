// Every channel, and a message of each.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  MonoCloudBackendNodeClient,
  type CacheFaultMessage,
  type DiagnosticsMessages,
  type RefreshFailedMessage,
  type RefreshMessage,
  type RefusedMessage,
  type StaleUseMessage,
} from '@monocloud/backend-node';
import { createTestTenant } from '@monocloud/backend-node/testing';

type Witness = <T>(name: string, value: T) => T;

/** Keeps what a channel says while something is done, and until it has said something. */
async function watch<C extends keyof DiagnosticsMessages>(
  channel: C,
  work: () => Promise<unknown>,
): Promise<DiagnosticsMessages[C][]> {
  const messages: DiagnosticsMessages[C][] = [];
  const listener = (message: unknown) => {
    messages.push(message as DiagnosticsMessages[C]);
  };
  subscribe(channel, listener);
  for (let round = 0; messages.length === 0 && round < 1000; round += 1) {
    await work();
    await sleep(20);
  }
  unsubscribe(channel, listener);
  return messages;
}

export async function run(witness: Witness): Promise<void> {
  const tenant = await createTestTenant({ algorithms: ['ES256'] });
  const options = tenant.clientOptions({ jwksCacheDuration: 0, clockTolerance: 0 });
  const client = new MonoCloudBackendNodeClient(options);
  const token = await tenant.issueToken();
  const validate = (text: string) => () => client.validateAccessToken(text).catch(() => {});

  const refreshes: DiagnosticsMessages['@monocloud/backend-node:refresh'][] = await watch(
    '@monocloud/backend-node:refresh',
    validate(token),
  );
  witness('refreshes', refreshes satisfies RefreshMessage[]);
  const refused: DiagnosticsMessages['@monocloud/backend-node:refused'][] = await watch(
    '@monocloud/backend-node:refused',
    validate(await tenant.issueToken({ expiresIn: -60 })),
  );
  witness('refused', refused satisfies RefusedMessage[]);
  const unknown: DiagnosticsMessages['@monocloud/backend-node:unknown-key'][] = await watch(
    '@monocloud/backend-node:unknown-key',
    validate(await tenant.issueToken({ kid: 'nobody' })),
  );
  witness('unknown keys', unknown satisfies RefusedMessage[]);
  const failing = async () => {
    throw new Error('away');
  };
  const cache = { get: failing, set: failing, delete: failing };
  const cached = new MonoCloudBackendNodeClient(tenant.clientOptions({ cache }));
  const faults: DiagnosticsMessages['@monocloud/backend-node:cache-fault'][] = await watch(
    '@monocloud/backend-node:cache-fault',
    () => cached.validateAccessToken(token),
  );
  witness('faults', faults satisfies CacheFaultMessage[]);

  await tenant.close();
  const failed: DiagnosticsMessages['@monocloud/backend-node:refresh-failed'][] = await watch(
    '@monocloud/backend-node:refresh-failed',
    validate(token),
  );
  witness('failed', failed satisfies RefreshFailedMessage[]);
  const stale: DiagnosticsMessages['@monocloud/backend-node:stale-use'][] = await watch(
    '@monocloud/backend-node:stale-use',
    validate(token),
  );
  witness('stale', stale satisfies StaleUseMessage[]);
}
