import { type Call, deadline } from '@switchgear/policy';

/** A call as policies hand it to what they run. It lasts until it is aborted. */
export function aCall(signal?: AbortSignal): Call {
  let made: Call | undefined;
  const forever = deadline({ deadlineMs: Number.POSITIVE_INFINITY }).execute(
    (call) => {
      made = call;
      return new Promise(() => {});
    },
    { signal },
  );
  forever.catch(() => {});
  if (made === undefined) throw new Error('aborted before it began');
  return made;
}
