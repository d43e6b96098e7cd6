/** What was inside an envelope. */
export type Unwrapped =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly code?: string | undefined; readonly message?: string | undefined };

/** How a service wraps its answers. `undefined` means: this is not one of its envelopes. */
export type Envelope = (body: unknown) => Unwrapped | undefined;

/** The envelope `{ success, data, error: { code, message } }`. */
export const successEnvelope: Envelope = (body) => {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'success')) return undefined;
  const { success, data, error } = body as { success: unknown; data?: unknown; error?: unknown };
  if (success === true) return { ok: true, data };
  if (success !== false) return undefined;
  const { code, message } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  return {
    ok: false,
    code: typeof code === 'string' ? code : undefined,
    message: typeof message === 'string' ? message : undefined,
  };
};
