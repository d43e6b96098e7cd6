import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { settle } from '../testing/manual-clock.ts';
import { diagnosticsSink, EventBus, type EventSink, type PolicyEvent, sinkOf } from './events.ts';

const used: PolicyEvent = { type: 'fallback.used', at: 1, target: 'users', operation: 'get', attempt: 1, error: 'x' };

/** What arrives on the channel of a type while something runs. */
function onChannel(type: string, run: () => void): unknown[] {
  const heard: unknown[] = [];
  const hears = (message: unknown): void => void heard.push(message);
  subscribe(`switchgear:${type}`, hears);
  try {
    run();
  } finally {
    unsubscribe(`switchgear:${type}`, hears);
  }
  return heard;
}

test('without a sink of its own, a runtime publishes on the channel of each type, once somebody subscribes', () => {
  const sink = sinkOf({});
  assert.equal(sink, diagnosticsSink);
  assert.equal(sink.wants('fallback.used'), false);
  const heard = onChannel('fallback.used', () => {
    assert.equal(sink.wants('fallback.used'), true);
    assert.equal(sink.wants('retry.stopped'), false);
    sink.publish(used);
  });
  assert.deepEqual(heard, [used]);
  assert.equal(sink.wants('fallback.used'), false);
});

test('a bus calls its listeners in order, and then whoever has subscribed to the channel', () => {
  const bus = new EventBus();
  const order: string[] = [];
  bus.on(() => order.push('first'));
  bus.on(() => order.push('second'));
  const heard = onChannel('fallback.used', () => bus.publish(used));
  assert.deepEqual(order, ['first', 'second']);
  assert.deepEqual(heard, [used]);
});

test('a bus wants what a listener or a subscriber wants, and nothing when there are none', () => {
  const bus = new EventBus();
  assert.equal(bus.wants('fallback.used'), false);
  onChannel('fallback.used', () => {
    assert.equal(bus.wants('fallback.used'), true);
    assert.equal(bus.wants('retry.stopped'), false);
  });
  const leave = bus.on(() => {});
  assert.equal(bus.wants('retry.stopped'), true);
  leave();
  assert.equal(bus.wants('retry.stopped'), false);
});

test('a listener that was added twice hears twice, and is taken off once each time', () => {
  const bus = new EventBus();
  let heard = 0;
  const hears = (): void => {
    heard++;
  };
  const [leave] = [bus.on(hears), bus.on(hears)];
  bus.publish(used);
  leave();
  leave();
  bus.publish(used);
  assert.equal(heard, 3);
});

test('a listener that names types hears those alone, and no other is made for its sake', () => {
  const bus = new EventBus();
  const heard: string[] = [];
  const leave = bus.on((event) => heard.push(event.type), ['fallback.used', 'retry.stopped']);
  const leaveSecond = bus.on(() => {}, ['fallback.used']);
  assert.deepEqual([bus.wants('fallback.used'), bus.wants('retry.stopped')], [true, true]);
  assert.equal(bus.wants('breaker.opened'), false);
  bus.publish(used);
  bus.publish({ ...used, type: 'attempt.timed-out', afterMs: 1 });
  assert.deepEqual(heard, ['fallback.used']);
  leave();
  leave();
  assert.deepEqual([bus.wants('fallback.used'), bus.wants('retry.stopped')], [true, false]);
  leaveSecond();
  assert.equal(bus.wants('fallback.used'), false);
});

test('a listener that throws is counted, and keeps nothing from the others', () => {
  const bus = new EventBus();
  let heard = 0;
  bus.on(() => assert.fail('mine'));
  bus.on(() => heard++);
  bus.publish(used);
  bus.publish(used);
  assert.deepEqual([heard, bus.listenerErrors], [2, 2]);
});

test('a sink that throws wants nothing and fails nobody', () => {
  const broken: EventSink = { wants: () => assert.fail('mine'), publish: () => assert.fail('mine') };
  const sink = sinkOf({ events: broken });
  assert.equal(sink.wants('fallback.used'), false);
  assert.doesNotThrow(() => sink.publish(used));
});

test('a sink that answers with anything but true wants nothing, and a promise of its ends here', async () => {
  for (const said of [undefined, null, 1, 'yes', {}, false]) {
    assert.equal(sinkOf({ events: { wants: () => said as never, publish: () => {} } }).wants('fallback.used'), false);
  }
  const promising = async (): Promise<never> => assert.fail('mine');
  const sink = sinkOf({ events: { wants: promising as never, publish: promising as never } });
  assert.equal(sink.wants('fallback.used'), false);
  sink.publish(used);
  await settle();
});

test('a sink hears what is published, as it is', () => {
  const heard: PolicyEvent[] = [];
  const sink = sinkOf({ events: { wants: (type) => type === 'fallback.used', publish: (event) => heard.push(event) } });
  assert.deepEqual([sink.wants('fallback.used'), sink.wants('retry.stopped')], [true, false]);
  sink.publish(used);
  assert.deepEqual(heard, [used]);
});
