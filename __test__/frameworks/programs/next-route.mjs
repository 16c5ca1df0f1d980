// A route handler of Next.js.

import { protectApi } from '@monocloud/backend-node/web';

const protect = protectApi();
const readers = protect({ scopes: ['posts:read'] });

export async function GET(request) {
  const result = await readers(request);
  if (!('claims' in result)) return result;
  return Response.json({ sub: result.claims.sub, isNext: 'nextUrl' in request });
}
