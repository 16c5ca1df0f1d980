// The exports of the CommonJS module, so that the process has one copy of each class.
import adapter from './index.js';

export const {
  Claims,
  MonoCloudAuthBaseError,
  MonoCloudBackendNodeClient,
  MonoCloudHttpError,
  MonoCloudOidcBackendClient,
  MonoCloudOPError,
  MonoCloudTokenError,
  MonoCloudValidationError,
  problemDetails,
  protectApi,
} = adapter;
