// Mistakes in the rules and the answers of a route: each line after a "TS…:" is refused, with that code. The compiler
// gets the same with Fastify's module, too (support/compiler.js).
import {
  type MonoCloudBackendNodeClient,
  problemDetails,
  protectApi,
} from '@monocloud/backend-node/express';

declare const client: MonoCloudBackendNodeClient;
const protect = protectApi();

// --- the rules of a route ---
// TS2561|TS2345: misspelt
protect({ anyScopes: ['read'] });
// TS2322: scopes are a list, also where one is enough
protect({ anyScope: 'read' });
// TS2322|TS2353: a claim that may be an object can't be compared
protect({ claims: { org: { id: 'acme' } } });
// TS2322: nor can one of any of them
protect({ claims: { plan: [['team']] } });
// TS2322: `null` is no value to have
protect({ claims: { plan: null } });
// TS2322: one class is a list of one
protect({ acr: 'urn:example:mfa' });
// TS2322: seconds are a number
protect({ maxAge: '5 minutes' });
// TS2322: only `true` lets a request in
protect({ authorize: (claims) => claims.sub });
// TS2322: also where it is waited for
protect({ authorize: async (claims) => claims['plan'] });
// TS2322: a rule that says nothing refuses everybody
protect({ authorize: () => {} });
// TS2322: a rule is a function
protect({ authorize: true });
// TS2322: either or
protect({ optional: 'true' });
// TS2345|TS2353: what came with the request is not for a route to say
protect({ clientCertificate: 'PEM' });

// --- scopes whose names are known ---
const typed = protectApi<'posts:read' | 'posts:write'>();
// TS2322|TS2820: misspelt
typed({ scopes: ['post:read'] });
// TS2322|TS2820: misspelt, among others
typed({ scopes: ['posts:read', 'posts:wirte'] });
// TS2322: not one of them
typed({ anyScope: ['admin'] });
// TS2322: nobody knows which it is
typed({ scopes: [String('posts:read')] });
// TS2344: scopes are texts
protectApi<42>();
// TS2344: a request beside them is the framework's
protectApi<'posts:read', { url: string }>();

// --- answers of one's own ---
// TS2769: without a status it is no answer
protectApi({ errorResponse: () => ({ body: 'no' }) });
// TS2769: nor is a text
protectApi({ errorResponse: async () => 'no' });
// TS2769: a status is a number
protectApi(client, { errorResponse: () => ({ status: '403' }) });
// TS18046: what was thrown can be anything
protectApi({ errorResponse: (answer, error) => ({ ...answer, body: error.code }) });
// TS2769: it makes a function, and is none
protectApi({ errorResponse: problemDetails });
// TS2353|TS2561|TS2345: misspelt
problemDetails({ typebase: 'https://example.com/problems/' });
// TS2322: the beginning of a URI
problemDetails({ typeBase: new URL('https://example.com/problems/') });
