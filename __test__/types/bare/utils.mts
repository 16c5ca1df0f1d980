// `./utils` and `./internal` stand alone, too.
import { decryptSession, isUserInGroup, parseCallbackParams } from '@monocloud/backend-node/utils';
import { getPublicSigKeyFromIssuerJwks } from '@monocloud/backend-node/internal';

export const user = decryptSession('text', 'secret').then((session) => session.user);
export const member = isUserInGroup({ sub: 'ada' }, ['a']);
export const parameters = parseCallbackParams('code=c');
export const key: Promise<object> = getPublicSigKeyFromIssuerJwks([], { alg: 'RS256' });
