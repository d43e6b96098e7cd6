/**
 * The credentials both services agree on while nobody has set any. They are public, so `secret` refuses them in
 * production.
 */
export const DEVELOPMENT_CLIENT = {
  id: 'order-service',
  secret: 'development-only-client-secret',
} as const;
