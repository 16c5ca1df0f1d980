// One copy of every class, whichever way it is loaded: this only names what CommonJS holds.
import adapter from './index.js';

export const {
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
  certificateFromHeader,
  certificateFromSocket,
  problemDetails,
  protectApi,
} = adapter;
