// Seed 003, the global augmentation instead of a cast.
import express from 'express';
import { protectApi, type AuthenticatedExpressRequest } from '@monocloud/backend-node/express';

const app = express();
const protect = protectApi();

app.get('/api/me', protect(), (req, res) => {
  const sub: string | undefined = req.claims?.sub;
  // The cast goes on working beside it.
  const { claims } = req as AuthenticatedExpressRequest;
  res.json({ sub, exp: claims.exp });
});

// As documented:
import type { AccessTokenClaims } from '@monocloud/backend-node';
declare global {
  namespace Express {
    interface Request { claims?: AccessTokenClaims; }
  }
}
