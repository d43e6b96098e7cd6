import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SwitchgearError } from '@switchgear/policy';
import { assertNoCanary } from './canaries.ts';
import { ask, drive, end, meet, openWorld, type Seen, until, type World } from './meet.ts';
import { type Ask, asks, type Row, table } from './table.ts';
import { type TransportUnderTest, transports } from './transports.ts';

/*
 * Every fault, for every way to ask, over every transport. What has to hold is in the table; here it is looked at.
 */

const unhandled: unknown[] = [];
const hear = (reason: unknown): void => void unhandled.push(reason);
process.on('unhandledRejection', hear);

let world: World;

before(async () => {
  world = await openWorld();
});

after(async () => {
  await world.server.close();
  process.off('unhandledRejection', hear);
  assert.deepEqual(unhandled, []);
});

for (const transport of transports) {
  for (const told of table) {
    const row = transport.adapt?.(told) ?? told;
    for (const how of asks) {
      if (typeof row.meets === 'object' && 'h2' in row.meets && !transport.speaksH2) {
        test(`${transport.name}: ${how} that meets ${row.fault} is refused when the client is made`, async () => {
          await assert.rejects(meet(row, how, transport, world), { code: 'SWITCHGEAR_INVALID_CONFIG' });
        });
        continue;
      }
      test(`${transport.name}: ${how} that meets ${row.fault}`, { timeout: 30_000 }, async () => {
        const seen = await meet(row, how, transport, world);
        try {
          assertOutcome(seen, row, how, transport);
          assertNothingHeld(seen);
          assertNoCanary(`${how} that meets ${row.fault}`, seen.error, ...seen.events, seen.scene.client.snapshot());
          await assertConnection(seen, row);
        } finally {
          await end(seen.scene);
        }
      });
    }
  }
}

/** What is to be expected of a transport that knows less than there is to know. */
function expectedOf(row: Row, { knowsSent, knowsReuse }: TransportUnderTest): Row {
  const unsent: Partial<Row> =
    knowsSent || row.sent !== 'never' ? {} : { sent: 'maybe', again: row.again === 'never' ? 'never' : 'if safe' };
  const reused: Partial<Row> = knowsReuse || row.cured !== true ? {} : { breaker: 'failure' };
  return { ...row, ...unsent, ...reused };
}

function assertOutcome(seen: Seen, given: Row, how: Ask, transport: TransportUnderTest): void {
  const row = expectedOf(given, transport);
  const again = row.again === 'always' || (row.again === 'if safe' && how !== 'POST');
  const attempts = again ? 2 : 1;
  const cured = row.cured === true && again;
  const { error, finished } = seen;
  assert.equal(seen.code, cured ? 'ok' : row.code, `${String(error)}`);
  assert.equal(finished.attempts, attempts, 'attempts');
  assert.equal(finished.overdueMs, 0, 'past its deadline');
  assert.equal(seen.hits, cured ? 1 : row.read ? attempts * (row.readTimes ?? 1) : 0, 'requests that the server read');
  assert.deepEqual(
    seen.verdicts,
    cured ? [row.breaker, 'success'] : Array.from({ length: attempts }, () => row.breaker),
  );
  if (seen.code === 'ok') return;
  assert.ok(error instanceof SwitchgearError);
  assert.equal(error.sent, row.sent, 'sent');
  if (transport.knowsPhase) assert.equal(error.phase, row.phase, 'phase');
  assert.equal(error.attempts, attempts);
  assert.equal(error.stopped, again && row.once !== true ? 'attempts-exhausted' : 'not-retryable');
  assert.equal(error.operation, finished.operation);
}

function assertNothingHeld({ scene: { client, clock } }: Seen): void {
  const { inFlight, bulkhead } = client.snapshot();
  assert.deepEqual(
    { inFlight, active: bulkhead.active, queued: bulkhead.queued },
    { inFlight: 0, active: 0, queued: 0 },
  );
  // The wheel of deadlines has one timer, which it leaves to run out; a back-off or a connection leaves none.
  assert.ok(clock.pending <= 1, `${clock.pending} timers`);
}

/** Whether the connection can be used again, and that the client can be, whatever became of it. */
async function assertConnection({ scene }: Seen, row: Row): Promise<void> {
  const { server } = scene;
  if (row.connection === 'none') return;
  if (row.connection === 'closed' && row.cured !== true) await until(() => server.openSockets === 0);
  const before = server.sockets;
  server.set('ok');
  await drive(scene, ask(scene, 'GET'), undefined);
  if (row.connection === 'kept') assert.equal(server.sockets, before, 'another connection was made');
}
