import type { TestEvent } from 'node:test/reporters';

/**
 * A second reporter for CI, where a test that was skipped is a promise that nobody checked: it fails the run.
 * The runner wants a default export.
 */
export default async function* noSkips(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' || data.skip === undefined) continue;
    process.exitCode = 1;
    const reason = typeof data.skip === 'string' ? `: ${data.skip}` : '';
    yield `SKIPPED, which CI does not allow: ${data.name}${reason} (${data.file ?? 'no file'})\n`;
  }
}
