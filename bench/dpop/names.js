'use strict';

module.exports = {
  NONE: 'no protection',
  OURS: 'this package',
  RIVAL: 'express-oauth2-jwt-bearer',
};
