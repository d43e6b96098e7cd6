/** The name under which spans and metrics of this client are kept apart from others. */
export const scopeName = '@switchgear/client';
